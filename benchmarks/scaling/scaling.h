// SPDX-License-Identifier: Apache-2.0
/* A cluster of many nodes on which training is a time to wait and rows are real bytes: what the
 * files of this folder share.
 *
 * A node is one rank. Its tables are those of the run with one row in `scale` kept, on a network
 * whose bandwidth is divided by the same number (scaling.sh), so that the ranks of a large cluster
 * fit into one machine and every message takes the time that the whole one would. */
#ifndef WORDSHARD_SCALING_H
#define WORDSHARD_SCALING_H

#include <stdbool.h>
#include <stdint.h>

#include "comm.h"

/* The settings, NAME=VALUE on the command line; scaling.c has the defaults and the units. */
#define SCALING_SETTINGS(SETTING)                                                                  \
    SETTING(tokens) /* of an epoch, of each node */                                                \
    SETTING(epochs)                                                                                \
    SETTING(words) /* V */                                                                         \
    SETTING(dim)                                                                                   \
    SETTING(sample)     /* --sample */                                                             \
    SETTING(negative)   /* --negative */                                                           \
    SETTING(pool_reuse) /* --pool-reuse */                                                         \
    SETTING(pairs)      /* of a kept token (strata) */                                             \
    SETTING(nonzeros)   /* of each node (glove) */                                                 \
    SETTING(scale)                                                                                 \
    SETTING(threads)    /* of a node */                                                            \
    SETTING(speed)      /* tokens or non-zeros a second of one thread */                           \
    SETTING(efficiency) /* of the threads of a node */                                             \
    SETTING(merges)     /* of a run, beside the ramp */                                            \
    SETTING(ramp)       /* --merge-ramp */                                                         \
    SETTING(pack)       /* seconds of a thread to pack a row, to fold one, to take one in */       \
    SETTING(fold)                                                                                  \
    SETTING(apply)                                                                                 \
    SETTING(mergers) /* threads of a node that pack, fold and take in */                           \
    SETTING(narrow)  /* 1 = rows travel as 16-bit floats */                                        \
    SETTING(pace)    /* updates of a row by a node that are worth a merge; 0 = each round */       \
    SETTING(hidden)  /* 1 = rows of the next round come while this one trains (sharded) */         \
    SETTING(hot)     /* rows that every node has (sharded) */                                      \
    SETTING(groups)  /* --groups; 0 = 16 for each node, at most 4096 */                            \
    SETTING(episodes)                                                                              \
    SETTING(apart)     /* words that are replicated beside strata */                               \
    SETTING(overlap)   /* 1 = the next episode's pairs travel while this one trains */             \
    SETTING(nodes)     /* replicas of `merging` */                                                 \
    SETTING(bandwidth) /* bytes a second of a node's link, each way */

typedef struct {
#define SCALING_FIELD(name) double name;
    SCALING_SETTINGS(SCALING_FIELD)
#undef SCALING_FIELD
} settings;

/* Where the seconds of a run went, of the slowest node. */
typedef struct {
    double run, ideal; /* with what the ranks do beside training; training alone, perfectly cut */
    double network;    /* in messages, or waiting for them */
    double merging;    /* packing, folding, taking in */
    double uneven;     /* waiting for the heaviest worker */
    double sent;       /* bytes of rank 0, of the whole tables */
} seconds;

/* ---- words (words.c) */

/* Words of like frequency, that a sum over all words need not visit each. */
typedef struct {
    double rank, times;    /* its place by frequency, from 0; how many words it stands for */
    double kept, negative; /* times that a token trains it as a context or centre; draws it */
} word_class;

typedef struct {
    word_class *classes; /* [n] by rank */
    int64_t n;
    double kept; /* part of the tokens that sub-sampling keeps */
} word_classes;

/* Zipf's law with Mandelbrot's shift, 1 / (rank + 2.7), or the counts of a file, one a line. Aborts
 * where there is no memory or no file. */
void word_classes_create(word_classes *w, const settings *s, const char *counts);
void word_classes_destroy(word_classes *w);

/* Updates of a word of class c by `tokens` tokens; side 0 = inputs, 1 = outputs. */
double word_updates(const word_class *c, int side, double tokens);

/* Distinct rows of [first, last) of a side that `tokens` tokens touch: the sum of 1 -
 * exp(-updates), as every token is drawn alone. */
double words_touched(const word_classes *w, int side, double first, double last, double tokens);

/* ---- time */

/* Training or other work that takes so long. */
void pass(double duration);

/* Aborts with the message of a failure. */
void must(status s);

/* ---- schedules: seconds of a whole run, from a few simulated rounds or episodes. Collective. */

/* Replicas of all rows, or of the `hot` rows with the others at owners. */
seconds rounds_run_cluster(const comm *world, const settings *s, const word_classes *w);
/* Groups of rows that travel round a ring. */
seconds groups_run_cluster(const comm *world, const settings *s, const word_classes *w, bool glove);

/* Rounds of a run of one length: there are `times` of them with `tokens` tokens each. */
typedef struct {
    double tokens, times;
} round_kind;
enum { ROUND_KINDS = 3 };
void round_kinds(const settings *s, round_kind kinds[ROUND_KINDS]);

/* One JSON row each, without a simulation. Local. */
void print_merging(const settings *s, const char *counts);
void print_handling(const settings *s);

/* Tokens a second of a node. Local. */
double node_speed(const settings *s);

#endif
