// SPDX-License-Identifier: Apache-2.0
/* The one list of commands: main, --help and the docs walk it. */
#ifndef WORDSHARD_COMMAND_TABLE_H
#define WORDSHARD_COMMAND_TABLE_H

#include <stddef.h>

#include "commands.h"

typedef struct {
    const char *name, *arguments, *help;
    int bit;
    status (*run)(const options *o, const comm *world);
} command_row;

const command_row *command_table(size_t *n);
const command_row *command_by_name(const char *name); /* NULL if there is none */
const command_row *command_by_bit(int bit);

#endif
