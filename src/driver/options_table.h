// SPDX-License-Identifier: Apache-2.0
/* The rows of options.def, for the rooms that read, explain and record options. */
#ifndef WORDSHARD_OPTIONS_TABLE_H
#define WORDSHARD_OPTIONS_TABLE_H

#include <stddef.h>

#include "options.h"

typedef struct {
    option_kind kind;
    size_t offset; /* of the field in options */
    const char *name;
    char short_name; /* 0 = none */
    const char *preset;
    double lowest, highest;
    const char *choices; /* "a|b|c" of a choice; otherwise the name of the value */
    int commands;
    const char *help;
} option_row;

const option_row *option_table(size_t *n);

/* The option of that name which the command has, or NULL. */
const option_row *option_find(const char *name, size_t length, int command);

/* Set one option from text; adds to a list. STATUS_USAGE names the option and its bounds. */
status option_set(options *o, const option_row *row, const char *value);

/* Each option of a command that the user set, with its value as text, in table order. */
void options_each_given(const options *o, int command,
                        void (*visit)(void *context, const option_row *row, const char *value),
                        void *context);

/* The shortest text that reads back as the same number. */
void option_real_text(double x, char *text, size_t size);

/* Note in o->given that the user set this option. */
void option_mark_given(options *o, const option_row *row);

#endif
