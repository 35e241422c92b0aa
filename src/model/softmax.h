// SPDX-License-Identifier: Apache-2.0
/* Skip-gram with the exact softmax over the whole vocabulary (Mikolov et al. 2013, eq. 2), by
 * blocked sgemm over vocabulary rows.
 *
 *     B = rows of a minibatch (distinct input words)   V = vocabulary   d = columns
 *     X [B, d] input rows   W [V, d] output rows   S = X W^T scores
 *     lse_b = log sum_v exp(S_bv)   m_b = pairs of row b   C_bv = pairs (b -> v)
 *
 *     L = sum_b m_b lse_b - sum_bv C_bv S_bv          over the pairs of the minibatch, nats
 *     G = dL/dS,  G_bv = m_b exp(S_bv - lse_b) - C_bv
 *     W <- W - rate G^T X,   X <- X - rate G W        both from the values before the step
 *
 * The gradient is that of the sum over the pairs, not of the mean: the learning rate means what it
 * means for negative sampling, one step of a pair. A word that is frequent in a minibatch takes
 * many steps at once, and too many diverge; so a minibatch should be gathered from many places:
 * texts repeat their subject's words.
 *
 * W may be cut by rows over several processes, each holding words [begin, end). The work then has
 * phases, and what crosses processes between them (lse, changes of X) is the caller's:
 *
 *     begin, fetch, score -> (join lse) -> step -> (sum changes) -> apply
 *
 * Scores are made in blocks of words; as many blocks as fit SOFTMAX_SCORE_BYTES are kept from
 * score to step, the others are made again. */
#ifndef WORDSHARD_SOFTMAX_H
#define WORDSHARD_SOFTMAX_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"
#include "minibatch.h"

enum { SOFTMAX_SCORE_BYTES = 64 << 20 };

typedef struct {
    int64_t n_words;    /* V */
    int64_t begin, end; /* words whose output rows are here; may be empty */
    int64_t dim;        /* d */
    int window;
    /* A minibatch is up to n_stretches stretches of up to n_tokens positions of the corpus. */
    int64_t n_stretches, n_tokens;
    int n_threads; /* of BLAS and of the passes over scores */
    const kernels *kernel;
} softmax_settings;

typedef struct softmax softmax;

/* Sets the threads of BLAS. */
status softmax_create(softmax **m, const softmax_settings *settings);
void softmax_destroy(softmax **m);

/* B of any minibatch is at most this. */
int softmax_most_rows(const softmax_settings *settings);

/* Bytes that softmax_create asks for. */
double softmax_bytes(const softmax_settings *settings);

/* Bytes that the BLAS library touches of its own buffers meanwhile: one thread packs blocks of at
 * most 768 x 384 and 384 x BLOCK floats (OpenBLAS, AVX2). */
double softmax_packed_bytes(const softmax_settings *settings);

/* The next minibatch, to be filled with its stretches (minibatch_add). */
minibatch *softmax_begin(softmax *m);

/* The present one. */
const minibatch *softmax_batch(const softmax *m);

/* It is full: copy the rows of `in` [V, row_width(dim)] that it needs. */
void softmax_fetch(softmax *m, const float *in);

/* lse[B] over the words that are here (-INFINITY if none). out: [end - begin, row_width(dim)].
 * Returns sum C_bv S_bv over the same words. */
double softmax_score(softmax *m, const float *out, double *lse);

/* lse[B] of all words from those of n_parts processes: parts [n_parts, B], joined in their order.
 * Returns sum_b m_b lse_b. */
double softmax_join(const softmax *m, const double *parts, int n_parts, double *lse);

/* Step the output rows that are here. lse: of all words. Returns G W over the words that are here,
 * [B, row_width(dim)], zero behind dim. */
float *softmax_step(softmax *m, float *out, const double *lse, float rate);

/* Step input rows [first, last) of the minibatch, by G W summed over all words. */
void softmax_apply(const softmax *m, float *in, int first, int last, float rate);

/* Floating-point operations of the three products S, G W, G^T X so far (blocks that were made again
 * do not count twice). */
double softmax_flops(const softmax *m);

#endif
