// SPDX-License-Identifier: Apache-2.0
/* Words of a command line for the shell: text that grows, quoted where need be. */
#ifndef WORDSHARD_SHELL_WORDS_H
#define WORDSHARD_SHELL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

typedef struct {
    char *text; /* terminated; NULL before the first word */
    size_t size, room;
    status failure; /* the first; nothing is added afterwards */
} shell_words;

/* A blank, unless it is the first, and the word; in single quotes if it has other than letters,
 * digits and -_./,:=@%+ */
void shell_words_add(shell_words *w, const char *word);

/* A blank, and words that are quoted already. */
void shell_words_join(shell_words *w, const char *words);

/* --name and its value, or --name alone for a flag that is set and nothing for one that is not. */
void shell_words_option(shell_words *w, const char *name, const char *value, bool is_flag);

void shell_words_clear(shell_words *w);

#endif
