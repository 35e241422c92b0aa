// SPDX-License-Identifier: Apache-2.0
#include "study_line.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

void study_line_add(study_line *l, const char *word) {
    if (!l->failure.code)
        l->failure = mem_grow(&l->words, &l->room, (size_t)l->n + 1, sizeof *l->words, "a run");
    if (!l->failure.code)
        l->failure = mem_string(&l->words[l->n], word);
    l->n += !l->failure.code;
}

/* In one word, as a value may begin with a dash. */
void study_line_option(study_line *l, const char *name, const char *value) {
    char *text = NULL;
    const size_t size = strlen(name) + strlen(value) + sizeof "--=";
    if (!l->failure.code)
        l->failure = mem_new(&text, size, 1, "a run");
    if (!l->failure.code) {
        snprintf(text, size, "--%s=%s", name, value);
        study_line_add(l, text);
    }
    mem_free(&text);
}

void study_line_number(study_line *l, const char *name, int64_t number) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)number);
    study_line_option(l, name, text);
}

void study_line_set(study_line *l, const study_set *set, const char *except) {
    for (int i = 0; i < set->n; i++)
        for (int v = 0; v < set->options[i].values.n; v++)
            if (!except || strcmp(set->options[i].name, except) != 0)
                study_line_option(l, set->options[i].name, set->options[i].values.items[v]);
}

static bool has(const study_set *set, const char *name) {
    for (int i = 0; i < set->n; i++)
        if (!strcmp(set->options[i].name, name))
            return true;
    return false;
}

void study_line_limits(study_line *l, const options *o, const study_set *set) {
    if (o->given.threads && !has(set, "threads"))
        study_line_number(l, "threads", o->threads);
    if (o->given.memory && !has(set, "memory"))
        study_line_number(l, "memory", o->memory);
}

status study_line_read(study_line *l, options *o, int command) {
    status s = l->failure;
    *o = (options){0};
    if (!s.code)
        s = options_read(o, command, l->n, l->words);
    for (int i = 0; i < l->n; i++)
        mem_free(&l->words[i]);
    mem_free(&l->words);
    *l = (study_line){.words = NULL};
    return s;
}
