// SPDX-License-Identifier: Apache-2.0
#include "run_facts.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {{"model", offsetof(run_facts, model)},
              {"objective", offsetof(run_facts, objective)},
              {"schedule", offsetof(run_facts, schedule)},
              {"bootstrap", offsetof(run_facts, bootstrap)},
              {"seed_init_used", offsetof(run_facts, seed_init)},
              {"seed_sample_used", offsetof(run_facts, seed_sample)},
              {"seed_order_used", offsetof(run_facts, seed_order)},
              {"ranks", offsetof(run_facts, ranks)},
              {"threads_per_rank", offsetof(run_facts, threads)}};

static void visit(void *context, const char *name, const char *value) {
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strcmp(name, wanted[i].name))
            snprintf((char *)context + wanted[i].offset, RUN_FACT, "%s", value);
}

status run_facts_read(run_facts *facts, const run_file *run) {
    static const char *const places[] = {"/provenance", "/provenance/options"};
    *facts = (run_facts){0};
    status s = status_ok();
    for (size_t i = 0; i < sizeof places / sizeof *places && !s.code; i++)
        if (h5_exists(run->file, places[i]))
            s = h5_each_attribute(run->file, places[i], visit, facts);
    return s;
}
