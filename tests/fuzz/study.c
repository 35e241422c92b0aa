// SPDX-License-Identifier: Apache-2.0
/* A study.yaml: what is accepted has corpora, models, names that can be parts of file names, and
 * only options that their command takes. */
#include "fuzz.h"

#include <string.h>

#include "options_table.h"
#include "study_file.h"

static void check_set(const study_set *set, int commands) {
    for (int i = 0; i < set->n; i++) {
        const study_option *option = &set->options[i];
        const option_row *row = option_find(option->name, strlen(option->name), commands);
        fuzz_claim(row != NULL, "an option is one of its command");
        fuzz_claim(option->values.n > 0, "an option has a value");
        for (int v = 0; v < option->values.n; v++) {
            options o = {0};
            fuzz_claim(!option_set(&o, row, option->values.items[v]).code, "a value is accepted");
            options_clear(&o);
        }
    }
}

static void check_name(const char *name) {
    fuzz_claim(*name && *name != '.' && *name != '-' && !strpbrk(name, "/\n \t"),
               "a name can be a part of a file name");
}

static void check_study(const study_file *f) {
    fuzz_claim(f->n_corpora > 0 && f->n_models > 0, "there are corpora and models");
    fuzz_claim(!f->is_time || f->n_corpora > 1, "there are two periods");
    fuzz_claim(f->is_time || !f->controls, "only periods have controls");
    fuzz_claim(f->reference >= -1 && f->reference < f->n_corpora, "drift is to a period");
    for (int i = 0; i < f->n_corpora; i++) {
        check_name(f->corpora[i].name);
        fuzz_claim(f->corpora[i].inputs.n > 0, "a corpus has a file");
    }
    for (int i = 0; i < f->n_models; i++) {
        check_name(f->models[i].name);
        check_set(&f->models[i], C_TRAIN);
    }
    check_set(&f->options, C_TRAIN);
    check_set(&f->grid, C_TRAIN);
    check_set(&f->prepare, C_PREPARE);
    check_set(&f->stability, C_STABILITY);
    check_set(&f->drift, C_DRIFT);
    check_set(&f->report, C_REPORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    study_file f;
    if (fuzz_accepted(study_file_open(&f, fuzz_file("input", data, size)), STATUS_USAGE))
        check_study(&f);
    study_file_close(&f);
    fuzz_end();
    return 0;
}
