// SPDX-License-Identifier: Apache-2.0
/* A text with a known truth in it: what a trained model should find again, as a pure function of
 * the options.
 *
 * A document has one topic and is a row of clauses of 8 to 12 words. Two slots in five hold
 * function words, the others content words. A clause has a planted word at its centre, or none:
 *
 *   grid word (c, r)   content words come half from the pool of concept c, half from the pool of
 *                      relation r, so vectors add up and (c1,r1):(c1,r2)::(c2,r1):(c2,r2)
 *   mixed word         occurs in documents of two topics in the shares m and 1 - m; the content
 * words are those of the document's topic. Two such words are as similar as their context
 * distributions drifting word      a mixed word whose share moves linearly from the first period to
 * the last; each has a stable twin with the same expected count
 *
 * Function words and the words of each pool and topic follow Zipf's law, count ~ 1 / rank; topics
 * come equally often. Planted words never serve as context of others. */
#ifndef WORDSHARD_PLANTED_H
#define WORDSHARD_PLANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef struct planted planted;

typedef struct {
    int64_t tokens;      /* length of the text of each period */
    int32_t vocab;       /* words drawn from */
    int periods;         /* at least 1 */
    int32_t drift_words; /* wanted; fewer when tokens or vocab are too few for them */
    uint64_t seed;
} planted_options;

/* What was planted: less than at full size when the text is too short for every planted word to be
 * expected PLANTED_EXPECTED times. */
typedef struct {
    int32_t functions, topics, topic_words; /* words of a topic */
    int32_t concepts, relations;            /* the grid */
    int32_t families, mixed_words;          /* mixed words come in families */
    int32_t drift_words;                    /* and as many stable twins */
} planted_sizes;

/* planted score in [0, 1] */
typedef struct {
    int32_t a, b;
    double score;
} planted_pair;

typedef struct {
    int32_t word, topic;
} planted_class;

/* drift = 1 - cosine of the context distributions of the first and the last period */
typedef struct {
    int32_t word;
    double drift;
    bool drifted;
} planted_drift;

enum {
    PLANTED_LONGEST = 108, /* words of a document, at most */
    PLANTED_WORD = 32,     /* bytes of a word with its terminator, at most */
    PLANTED_EXPECTED =
        40 /* occurrences expected of the rarest planted word of a period, at least */
};

/* STATUS_USAGE when tokens or vocab are too few to plant anything. The plan starts in period 1. */
status planted_create(planted **plan, const planted_options *o);
void planted_destroy(planted **plan);

/* Documents and contexts are those of this period, 1..periods, from now on. */
void planted_set_period(planted *plan, int period);

/* Document d of the period into words; returns their number. The text is documents 0, 1, ... cut
 * after o.tokens words. Thread-safe. */
int planted_document(const planted *plan, int64_t d, int32_t words[PLANTED_LONGEST]);

/* The letters of a word, terminated; returns their number. Different words have different letters.
 */
size_t planted_spell(const planted *plan, int32_t word, char text[PLANTED_WORD]);

planted_sizes planted_describe(const planted *plan);

/* ---- the answers; arrays belong to the plan */
int32_t planted_grid_word(const planted *plan, int32_t concept, int32_t relation);
const planted_pair *planted_pairs(const planted *plan, int64_t *n);
const planted_class *planted_classes(const planted *plan, int64_t *n);
const planted_drift *planted_drifts(const planted *plan, int64_t *n);

/* Content words in the clauses of a planted word (grid, mixed, drifting or twin) as a distribution:
 * out[vocab], sums to 1; zeros for a word that is not planted. */
void planted_contexts(const planted *plan, int32_t word, double *out);

#endif
