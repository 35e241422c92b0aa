// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "objective.h"
#include "options_config.h"
#include "options_table.h"
#include "shell_words.h"

#define OPTION(kind, field, name, short_name, preset, lowest, highest, choices, commands, help)    \
    {OPTION_##kind, offsetof(options, field),                                                      \
     name,          short_name,                                                                    \
     preset,        lowest,                                                                        \
     highest,       choices,                                                                       \
     commands,      help},
static const option_row table[] = {
#include "options.def"
};
#undef OPTION

enum { N_OPTIONS = sizeof table / sizeof *table };

const option_row *option_table(size_t *n) {
    *n = N_OPTIONS;
    return table;
}

const option_row *option_find(const char *name, size_t length, int command) {
    for (size_t i = 0; i < N_OPTIONS; i++)
        if ((table[i].commands & command) && strlen(table[i].name) == length &&
            !strncmp(table[i].name, name, length))
            return &table[i];
    return NULL;
}

static const option_row *find_short(char letter, int command) {
    for (size_t i = 0; i < N_OPTIONS; i++)
        if ((table[i].commands & command) && table[i].short_name == letter)
            return &table[i];
    return NULL;
}

static void *field_of(options *o, const option_row *row) {
    return (char *)o + row->offset;
}

static const void *field_of_const(const options *o, const option_row *row) {
    return (const char *)o + row->offset;
}

static status list_add(string_list *list, const char *item) {
    size_t capacity = (size_t)list->n;
    status s = mem_grow(&list->items, &capacity, (size_t)list->n + 1, sizeof *list->items,
                        "a list of arguments");
    if (s.code)
        return s;
    s = mem_string(&list->items[list->n], item);
    list->n += !s.code;
    return s;
}

static void list_clear(string_list *list) {
    for (int i = 0; i < list->n; i++)
        mem_free(&list->items[i]);
    mem_free(&list->items);
    list->n = 0;
}

/* ---- values */

static status bad_value(const option_row *row, const char *value, const char *expected) {
    return status_error(STATUS_USAGE, "--%s %s: %s", row->name, value, expected);
}

static status out_of_bounds(const option_row *row, const char *value) {
    return status_error(STATUS_USAGE, "--%s %s: must be between %.15g and %.15g", row->name, value,
                        row->lowest, row->highest);
}

/* A number followed by one of the letters in units (each factors[i]), or by nothing. */
static bool parse_with_unit(const char *value, const char *units, const double *factors,
                            double *out) {
    char *end;
    errno = 0;
    *out = strtod(value, &end);
    if (end == value || errno || !isfinite(*out))
        return false;
    if (*end) {
        const char *unit = strchr(units, *end);
        if (!unit || end[1])
            return false;
        *out *= factors[unit - units];
    }
    return true;
}

static status set_number(const option_row *row, const char *value, void *field) {
    static const double sizes[] = {1, 0x1p10, 0x1p20, 0x1p30, 0x1p40};
    static const double times[] = {1, 60, 3600, 86400};
    double x;
    if (row->kind == OPTION_whole) {
        char *end;
        errno = 0;
        long long whole = strtoll(value, &end, 10);
        if (end == value || *end)
            return bad_value(row, value, "must be a whole number");
        if (errno || (double)whole < row->lowest || (double)whole > row->highest)
            return out_of_bounds(row, value);
        *(int64_t *)field = whole;
        return status_ok();
    }
    if (row->kind == OPTION_size) {
        if (!parse_with_unit(value, "BKMGT", sizes, &x))
            return bad_value(row, value, "must be a size such as 512M or 8G");
        if (x < row->lowest || x > row->highest)
            return out_of_bounds(row, value);
        *(int64_t *)field = (int64_t)x;
        return status_ok();
    }
    const bool is_time = row->kind == OPTION_duration;
    if (!parse_with_unit(value, is_time ? "smhd" : "", times, &x))
        return bad_value(row, value,
                         is_time ? "must be a time such as 90s, 15m or 12h"
                                 : "must be a finite number");
    if (x < row->lowest || x > row->highest)
        return out_of_bounds(row, value);
    *(double *)field = x;
    return status_ok();
}

static status set_choice(const option_row *row, const char *value, int *field) {
    const char *at = row->choices;
    size_t length = strlen(value);
    for (int i = 0; *at; i++) {
        size_t n = strcspn(at, "|");
        if (n == length && !strncmp(at, value, n)) {
            *field = i;
            return status_ok();
        }
        at += n + (at[n] == '|');
    }
    return status_error(STATUS_USAGE, "--%s %s: must be one of %s", row->name, value, row->choices);
}

void option_mark_given(options *o, const option_row *row) {
    ((bool *)&o->given)[row - table] = true;
}

status option_set(options *o, const option_row *row, const char *value) {
    void *field = field_of(o, row);
    switch (row->kind) {
    case OPTION_text:
        mem_free(field);
        return mem_string(field, value);
    case OPTION_list:
        return *value ? list_add(field, value) : status_ok();
    case OPTION_flag:
        if (strcmp(value, "true") && strcmp(value, "false"))
            return bad_value(row, value, "must be true or false");
        *(bool *)field = value[0] == 't';
        return status_ok();
    case OPTION_choice:
        return set_choice(row, value, field);
    default:
        return set_number(row, value, field);
    }
}

/* ---- command line */

typedef struct {
    options *o;
    int command, argc, at;
    char **argv;
    bool *given; /* [N_OPTIONS] on the command line */
} cursor;

static bool is_option(const char *argument) {
    return argument[0] == '-' && argument[1] && !strchr("0123456789.", argument[1]);
}

static status take_values(cursor *c, const option_row *row, const char *attached) {
    if (row->kind == OPTION_flag)
        return option_set(c->o, row, attached ? attached : "true");
    if (attached)
        return option_set(c->o, row, attached);
    if (c->at >= c->argc || (row->kind == OPTION_list && is_option(c->argv[c->at])))
        return status_error(STATUS_USAGE, "--%s: a value is missing (%s)", row->name, row->choices);
    status s = option_set(c->o, row, c->argv[c->at++]);
    while (!s.code && row->kind == OPTION_list && c->at < c->argc && !is_option(c->argv[c->at]))
        s = option_set(c->o, row, c->argv[c->at++]);
    return s;
}

static status take_option(cursor *c) {
    const char *argument = c->argv[c->at++];
    const option_row *row;
    const char *attached = NULL;
    if (argument[1] == '-') {
        size_t length = strcspn(argument + 2, "=");
        row = option_find(argument + 2, length, c->command);
        attached = argument[2 + length] ? argument + 3 + length : NULL;
    } else {
        row = find_short(argument[1], c->command);
        attached = argument[2] ? argument + 2 : NULL;
    }
    if (!row)
        return status_error(STATUS_USAGE, "unknown option %s; see --help", argument);
    c->given[row - table] = true;
    option_mark_given(c->o, row);
    return take_values(c, row, attached);
}

static status read_arguments(cursor *c) {
    bool only_inputs = false;
    status s = status_ok();
    while (!s.code && c->at < c->argc) {
        const char *argument = c->argv[c->at];
        if (!only_inputs && !strcmp(argument, "--")) {
            only_inputs = true;
            c->at++;
        } else if (!only_inputs && is_option(argument)) {
            s = take_option(c);
        } else {
            c->at++;
            s = list_add(&c->o->inputs, argument);
        }
    }
    return s;
}

/* Defaults that depend on the command or on another option: those whose preset is empty. */
static void settle(options *o, int command) {
    const bool counts =
        (command & C_COOCCUR) || o->model == MODEL_GLOVE || o->model == MODEL_PPMI_SVD;
    if (!o->given.window)
        o->window = counts ? 10 : 5;
    if (!o->given.epochs)
        o->epochs = o->model == MODEL_GLOVE ? 15 : 5;
    const bool has_rounds = o->model == MODEL_SKIPGRAM || o->model == MODEL_CBOW;
    if (o->deterministic && has_rounds && o->objective != OBJECTIVE_SOFTMAX && !o->given.schedule)
        o->schedule = SCHEDULE_ROUNDS;
    if (o->schedule == SCHEDULE_ROUNDS && !o->replicas)
        o->replicas = 1;
    if (!o->given.groups)
        o->groups = o->model == MODEL_GLOVE ? 32 : 8;
}

static status keep_line(options *o, int argc, char **argv) {
    shell_words w = {0};
    for (int i = 0; i < argc; i++)
        shell_words_add(&w, argv[i]);
    if (w.failure.code)
        shell_words_clear(&w);
    o->line = w.text;
    return w.failure;
}

status options_read(options *o, int command, int argc, char **argv) {
    memset(o, 0, sizeof *o);
    o->command = command;
    status s = status_ok();
    for (size_t i = 0; i < N_OPTIONS && !s.code; i++)
        if (*table[i].preset || table[i].kind == OPTION_text || table[i].kind == OPTION_list)
            s = option_set(o, &table[i], table[i].preset);
    bool given[N_OPTIONS] = {false};
    cursor c = {.o = o, .command = command, .argc = argc, .argv = argv, .given = given};
    if (!s.code)
        s = keep_line(o, argc, argv);
    if (!s.code)
        s = read_arguments(&c);
    if (!s.code && *o->config)
        s = options_read_config(o, command, given);
    settle(o, command);
    return s;
}

void options_clear(options *o) {
    list_clear(&o->inputs);
    mem_free(&o->line);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (table[i].kind == OPTION_text)
            mem_free(field_of(o, &table[i]));
        if (table[i].kind == OPTION_list)
            list_clear(field_of(o, &table[i]));
    }
}

/* ---- values back to text */

static void choice_text(const char *choices, int place, char *text, size_t size) {
    for (; place > 0; place--)
        choices += strcspn(choices, "|") + 1;
    snprintf(text, size, "%.*s", (int)strcspn(choices, "|"), choices);
}

void option_real_text(double x, char *text, size_t size) {
    snprintf(text, size, "%.17g", x);
    for (int digits = 1; digits < 17; digits++) {
        char shorter[64];
        snprintf(shorter, sizeof shorter, "%.*g", digits, x);
        if (strtod(shorter, NULL) == x && strlen(shorter) < strlen(text))
            snprintf(text, size, "%s", shorter);
    }
}

static void value_text(const options *o, const option_row *row, char *text, size_t size) {
    const void *field = field_of_const(o, row);
    switch (row->kind) {
    case OPTION_text:
        snprintf(text, size, "%s", *(char *const *)field);
        break;
    case OPTION_list: {
        const string_list *list = field;
        size_t at = 0;
        text[0] = '\0';
        for (int i = 0; i < list->n && at < size; i++)
            at += (size_t)snprintf(text + at, size - at, "%s%s", i ? " " : "", list->items[i]);
        break;
    }
    case OPTION_flag:
        snprintf(text, size, "%s", *(const bool *)field ? "true" : "false");
        break;
    case OPTION_choice:
        choice_text(row->choices, *(const int *)field, text, size);
        break;
    case OPTION_real:
    case OPTION_duration:
        option_real_text(*(const double *)field, text, size);
        break;
    default:
        snprintf(text, size, "%lld", (long long)*(const int64_t *)field);
    }
}

status options_refuse(const options *o, const char *const *names, const char *because) {
    for (; *names; names++) {
        const option_row *row = option_find(*names, strlen(*names), o->command);
        char value[4096];
        if (!row || !((const bool *)&o->given)[row - table])
            continue;
        value_text(o, row, value, sizeof value);
        return status_error(STATUS_USAGE, "--%s %s has no meaning with %s; leave it out", row->name,
                            value, because);
    }
    return status_ok();
}

void options_each(const options *o, int command,
                  void (*visit)(void *context, const char *name, const char *value),
                  void *context) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char text[4096];
        if (!(table[i].commands & command) || !strcmp(table[i].name, "help"))
            continue;
        value_text(o, &table[i], text, sizeof text);
        visit(context, table[i].name, text);
    }
}

bool options_define(const char *name) {
    const option_row *row = option_find(name, strlen(name), C_ALL);
    return row && !(row->commands & C_SAME);
}

void options_each_given(const options *o, int command,
                        void (*visit)(void *context, const option_row *row, const char *value),
                        void *context) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char text[4096];
        if (!(table[i].commands & command) || !((const bool *)&o->given)[i])
            continue;
        value_text(o, &table[i], text, sizeof text);
        visit(context, &table[i], text);
    }
}
