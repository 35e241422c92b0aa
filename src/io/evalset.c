// SPDX-License-Identifier: Apache-2.0
#include "evalset.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "memory.h"

enum { WIDEST = 4 };

static const struct {
    int width;
    const char *items, *expected;
} kinds[] = {
    {4, "questions", "four words"},
    {2, "word pairs", "word TAB word TAB score"},
    {1, "words", "word TAB class"},
};

static status add_text(evalset *e, const char *text, size_t *at) {
    size_t n = strlen(text) + 1;
    status s = mem_grow(&e->text, &e->text_room, e->text_size + n, 1, "evaluation words");
    if (s.code)
        return s;
    memcpy(e->text + e->text_size, text, n);
    *at = e->text_size;
    e->text_size += n;
    return s;
}

static status add_group(evalset *e, const char *name) {
    status s = mem_grow(&e->names, &e->names_room, (size_t)e->n_groups + 1, sizeof *e->names,
                        "evaluation sections");
    if (!s.code)
        s = add_text(e, name, &e->names[e->n_groups]);
    if (!s.code)
        e->n_groups++;
    return s;
}

/* Files list the words of a class together, so the search begins with the class of the last. */
static status find_class(evalset *e, const char *name, int32_t *group) {
    int32_t first = e->n ? e->groups[e->n - 1] : 0;
    for (int32_t i = 0; i < e->n_groups; i++) {
        *group = (first + i) % e->n_groups;
        if (!strcmp(evalset_group(e, *group), name))
            return status_ok();
    }
    *group = e->n_groups;
    return add_group(e, name);
}

static status add_item(evalset *e, char *const *words, int32_t group, double score) {
    size_t n = (size_t)e->n, width = (size_t)e->width;
    status s =
        mem_grow(&e->words, &e->words_room, (n + 1) * width, sizeof *e->words, "evaluation items");
    if (!s.code)
        s = mem_grow(&e->groups, &e->groups_room, n + 1, sizeof *e->groups, "evaluation items");
    if (!s.code)
        s = mem_grow(&e->scores, &e->scores_room, n + 1, sizeof *e->scores, "evaluation items");
    for (size_t i = 0; i < width && !s.code; i++)
        s = add_text(e, words[i], &e->words[n * width + i]);
    if (s.code)
        return s;
    e->groups[n] = group;
    e->scores[n] = score;
    e->n++;
    return s;
}

static char *trim(char *text) {
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n && strchr(" \t", text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

/* Fields between TABs, trimmed; returns how many there are, most at the most. */
static int split_tabs(char *line, char **fields, int most) {
    int n = 0;
    for (char *rest = line; rest && n <= most;) {
        char *field = strsep(&rest, "\t");
        if (n < most)
            fields[n] = field;
        n++;
    }
    for (int i = 0; i < n && i < most; i++)
        fields[i] = trim(fields[i]);
    return n;
}

static status broken(const char *path, const lines *l, evalset_kind kind, const char *found) {
    return status_error(STATUS_INPUT, "%s:%lld: %s expected, %s", path, (long long)lines_number(l),
                        kinds[kind].expected, found);
}

static bool read_score(const char *text, double *score) {
    char *end;
    *score = strtod(text, &end);
    return end != text && !*end && isfinite(*score);
}

static status read_question(evalset *e, const char *path, const lines *l, char *line) {
    if (*line == ':')
        return add_group(e, trim(line + 1));
    char *words[WIDEST], *word;
    int n = 0;
    while ((word = lines_field(&line))) {
        if (n < WIDEST)
            words[n] = word;
        n++;
    }
    if (n != WIDEST) {
        char found[64];
        snprintf(found, sizeof found, "%d found", n);
        return broken(path, l, e->kind, found);
    }
    status s = e->n_groups ? status_ok() : add_group(e, "");
    return s.code ? s : add_item(e, words, e->n_groups - 1, 0);
}

static status read_pair(evalset *e, const char *path, const lines *l, char *line) {
    char *fields[3];
    double score;
    if (split_tabs(line, fields, 3) != 3)
        return broken(path, l, e->kind, "another number of fields found");
    if (!*fields[0] || !*fields[1])
        return broken(path, l, e->kind, "an empty word found");
    if (!read_score(fields[2], &score)) {
        if (lines_number(l) == 1)
            return status_ok();
        return broken(path, l, e->kind, "the score is not a number");
    }
    return add_item(e, fields, 0, score);
}

static status read_member(evalset *e, const char *path, const lines *l, char *line) {
    char *fields[2];
    int32_t class;
    if (split_tabs(line, fields, 2) != 2)
        return broken(path, l, e->kind, "another number of fields found");
    if (!*fields[1])
        return broken(path, l, e->kind, "an empty class found");
    if (!*fields[0]) {
        e->wordless++;
        return status_ok();
    }
    status s = find_class(e, fields[1], &class);
    return s.code ? s : add_item(e, fields, class, 0);
}

static status read_line(evalset *e, const char *path, const lines *l, char *line, size_t length) {
    static status (*const readers[])(evalset *, const char *, const lines *,
                                     char *) = {read_question, read_pair, read_member};
    if (*line == '#' || line[strspn(line, " \t")] == '\0')
        return status_ok();
    if (!lines_is_utf8(line, length))
        return status_error(STATUS_INPUT, "%s:%lld: not valid UTF-8", path,
                            (long long)lines_number(l));
    return readers[e->kind](e, path, l, line);
}

status evalset_read(evalset *e, evalset_kind kind, const char *path) {
    *e = (evalset){.kind = kind, .width = kinds[kind].width};
    lines *l;
    status s = lines_open(&l, path);
    while (!s.code) {
        char *line;
        size_t length;
        s = lines_next(l, &line, &length);
        if (s.code || !line)
            break;
        s = read_line(e, path, l, line, length);
    }
    lines_close(&l);
    if (!s.code && !e->n)
        s = status_error(STATUS_INPUT, "%s: no %s in it; a line is: %s", path, kinds[kind].items,
                         kinds[kind].expected);
    return s;
}

void evalset_clear(evalset *e) {
    mem_free(&e->words);
    mem_free(&e->groups);
    mem_free(&e->scores);
    mem_free(&e->names);
    mem_free(&e->text);
    *e = (evalset){0};
}
