// SPDX-License-Identifier: Apache-2.0
/* From what every reader of every rank has counted to one list of words, and back: which words
 * each reader's tokens stand for. The result does not depend on readers and ranks. */
#ifndef WORDSHARD_VOCABULARY_H
#define WORDSHARD_VOCABULARY_H

#include "comm.h"
#include "lexicon.h"
#include "tokens.h"
#include "wordlist.h"

typedef struct {
    tokens_rules rules;
    int64_t min_count, max_words; /* max_words = 0: no limit */
    const char *source;           /* what the text is called in messages */
} vocabulary_options;

/* What a token stands for, as a code: the id (>= 0) of its only word, or one of these. */
enum {
    VOCABULARY_DROPPED = -1, /* words, none of them kept */
    VOCABULARY_NOTHING = -2, /* no word at all */
    VOCABULARY_LIST = -3     /* and below: several kept words, list number VOCABULARY_LIST - code */
};

/* For one reader. */
typedef struct {
    int32_t *codes; /* [size of its lexicon] */
    int64_t *lists; /* list i is words [lists[i], lists[i + 1]) */
    int32_t *words; /* ids in the order of the text */
} vocabulary_reader;

typedef struct {
    wordlist words;   /* by (count descending, bytes ascending), the same on every rank */
    int64_t tokens;   /* words of the text, over all ranks */
    int64_t kept;     /* of them, those in the list */
    int64_t distinct; /* different words before any was dropped */
    int64_t repaired; /* NUL bytes and invalid sequences that became U+FFFD */
    int n_readers;
    vocabulary_reader *readers; /* [n_readers] of this rank */
} vocabulary;

/* Collective. readers: the lexicons of this rank's threads; as many threads work on them, and
 * they may be changed. The caller clears v, also after a failure. STATUS_INPUT: no word is frequent
 * enough, or there are too many words for an int32_t. */
status vocabulary_build(vocabulary *v, const vocabulary_options *o, lexicon *const *readers,
                        int n_readers, const comm *world);
void vocabulary_clear(vocabulary *v);

#endif
