// SPDX-License-Identifier: Apache-2.0
#include "resample_options.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "options_table.h"
#include "resample.h"

bool resample_wanted(const options *o) {
    return o->bootstrap >= 0 || o->control != CONTROL_NONE;
}

status resample_check(const options *o, int n_inputs) {
    static const char *const of_control[] = {"period", NULL};
    static const char *const of_seed[] = {"seed", NULL};
    status s = status_ok();
    if (o->control == CONTROL_NONE)
        s = options_refuse(o, of_control, "no --control");
    if (!s.code && o->control == CONTROL_NONE && o->command & C_PREPARE)
        s = options_refuse(o, of_seed, "no --control");
    if (s.code || !resample_wanted(o))
        return s;
    if (o->control == CONTROL_NONE)
        return n_inputs == 1
                   ? s
                   : status_error(STATUS_USAGE, "--bootstrap resamples one corpus.h5, %d given",
                                  n_inputs);
    if (o->bootstrap >= 0)
        return status_error(STATUS_USAGE, "--bootstrap and --control exclude each other: resample "
                                          "what --control has written");
    if (n_inputs < 2)
        return status_error(STATUS_USAGE, "--control shuffle needs the corpora of all periods, at "
                                          "least two");
    if (o->period < 1 || o->period > n_inputs)
        return status_error(STATUS_USAGE,
                            "--period: a number from 1 to %d says which of the periods to write",
                            n_inputs);
    return s;
}

/* How the text was read; the first two may be other ones for the new corpus. */
static const char *const OF_TEXT[] = {"min-count", "max-vocab", "lowercase",
                                      "normalize", "document",  "invalid"};
enum { N_OF_TEXT = sizeof OF_TEXT / sizeof *OF_TEXT, N_FREE = 2 };

typedef struct {
    const char *name;
    char value[64]; /* as given; empty if it was not */
} wish;

static void keep_wish(void *context, const option_row *row, const char *value) {
    wish *w = context;
    if (!strcmp(row->name, w->name))
        snprintf(w->value, sizeof w->value, "%s", value);
}

static status differs(const h5_file *a, const char *name, const char *was, const char *other,
                      const char *is) {
    return status_error(STATUS_INPUT, "%s was prepared with --%s %s, but %s %s", h5_path(a), name,
                        was, other, is);
}

/* An option becomes what the sources were prepared with; they must agree. */
static status inherit(options *own, int n, h5_file *const *sources, const char *name,
                      bool is_free) {
    wish w = {.name = name};
    char *first = NULL;
    options_each_given(own, C_PREPARE, keep_wish, &w);
    if (is_free && *w.value)
        return status_ok();
    status s = h5_get_text(sources[0], "/provenance/options", name, &first);
    if (!s.code && *w.value && strcmp(w.value, first) != 0)
        s = differs(sources[0], name, first, "the option is", w.value);
    for (int i = 1; i < n && !s.code; i++) {
        char *text = NULL;
        s = h5_get_text(sources[i], "/provenance/options", name, &text);
        if (!s.code && strcmp(text, first) != 0)
            s = differs(sources[0], name, first, h5_path(sources[i]), text);
        mem_free(&text);
    }
    if (!s.code)
        s = option_set(own, option_find(name, strlen(name), C_PREPARE), first);
    mem_free(&first);
    return s;
}

status resample_inherit(options *own, int n, h5_file *const *sources) {
    status s = status_ok();
    for (int i = 0; i < N_OF_TEXT && !s.code; i++)
        s = inherit(own, n, sources, OF_TEXT[i], i < N_FREE);
    return s;
}
