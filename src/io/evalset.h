// SPDX-License-Identifier: Apache-2.0
/* Evaluation files: analogy questions, word pairs with scores, words with classes. Local.
 *
 *     analogies    a b c d       blanks between; d is to c as b is to a; ": name" begins a section
 *     similarity   a TAB b TAB score
 *     categories   word TAB class
 *
 * Blank lines and lines that begin with # are skipped; so is a first line of a similarity file
 * whose third field is not a number (a header). A class without a word, as the AP set has at the
 * end of its classes, is skipped and counted. Any other line with the wrong number of fields is
 * STATUS_INPUT with file:line and what was expected; so is a file without a single item. */
#ifndef WORDSHARD_EVALSET_H
#define WORDSHARD_EVALSET_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef enum { EVALSET_ANALOGIES, EVALSET_SIMILARITY, EVALSET_CATEGORIES } evalset_kind;

typedef struct {
    evalset_kind kind;
    int width;        /* words of an item: 4, 2, 1 */
    int64_t n;        /* items */
    int64_t wordless; /* lines of categories that were skipped */
    int32_t n_groups; /* sections of analogies in order of the file, classes of categories */
    size_t *words;    /* [n * width]: where each word begins in text */
    int32_t *groups;  /* [n]: group of each item; 0 for similarity */
    double *scores;   /* [n]: for similarity */
    size_t *names;    /* [n_groups]: where each name begins in text */
    char *text;       /* every word and name, terminated by NUL */
    /* room in the arrays above, in elements */
    size_t words_room, groups_room, scores_room, names_room, text_size, text_room;
} evalset;

/* The caller clears, also after a failure. */
status evalset_read(evalset *e, evalset_kind kind, const char *path);
void evalset_clear(evalset *e);

static inline const char *evalset_word(const evalset *e, int64_t item, int column) {
    return e->text + e->words[item * e->width + column];
}

/* Questions before the first header are in a section with an empty name. */
static inline const char *evalset_group(const evalset *e, int32_t g) {
    return e->text + e->names[g];
}

#endif
