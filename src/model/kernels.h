// SPDX-License-Identifier: Apache-2.0
/* The arithmetic on rows, once per instruction set. Kernels are pure: no threads, files or memory
 * of their own. A row is width floats, width a multiple of ROW_QUANTUM, 64-byte aligned, the
 * columns behind dim zero (they stay zero). */
#ifndef WORDSHARD_KERNELS_H
#define WORDSHARD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    ROW_QUANTUM = 16, /* floats: one cache line */
    OUT_BLOCK = 6,    /* output rows that are scored and updated together */
    SCORE_STRIDE = 8, /* scores of one input row in scratch */
    N_AHEAD = 3       /* rows that a window asks the memory for */
};

/* Floats of a padded row. */
static inline size_t row_width(int64_t dim) {
    return ((size_t)dim + ROW_QUANTUM - 1) / ROW_QUANTUM * ROW_QUANTUM;
}

/* One window of skip-gram with negative sampling: every input row (contexts) against the same
 * output rows (the centre first, then its negatives). A row may occur twice among the inputs. */
typedef struct {
    float *const *in;  /* [n_in] */
    float *const *out; /* [n_out], all different; label 1 for out[0], 0 for the others */
    int n_in, n_out;
    float rate; /* learning rate */
    size_t width;
    /* Rows that later windows need: their cache lines are asked for one by one between the
     * arithmetic. A burst of whole rows fills the cache's queue of misses and stops all behind it.
     */
    const float *ahead[N_AHEAD];
    float *scratch; /* [(n_in + 1) * SCORE_STRIDE], 64-byte aligned */
} sgns_window;

typedef struct {
    const char *name; /* "portable", "avx2", "avx512", "neon" */

    /* One step of stochastic gradient descent on
     *     L = sum_i [ -log s(in_i . out_0) - sum_{j > 0} log s(-in_i . out_j) ],  s = logistic
     * (Mikolov et al. 2013, eq. 4), in place; returns L as it was before the step, nats. Outputs
     * are taken in blocks of OUT_BLOCK: within a block all scores come before all updates, and an
     * update of either side uses the other side's values from before the block (of the same
     * row twice among the inputs, the second sees the first's update). */
    double (*sgns_window)(const sgns_window *w);

    /* out = {a.b, a.a, b.b} over n floats, n a multiple of ROW_QUANTUM. */
    void (*dots)(const float *a, const float *b, size_t n, float out[3]);

    /* For a softmax, over n floats, n a multiple of ROW_QUANTUM, 64-byte aligned. Where x - shift
     * is below -86 the exponential is 0 or next to it; it must not be above 86. NaN stays visible.
     */
    float (*highest)(const float *x, size_t n);
    double (*exp_sum)(const float *x, size_t n, float shift);         /* sum exp(x - shift) */
    void (*exp_scaled)(float *x, size_t n, float shift, float scale); /* scale exp(x - shift) */
} kernels;

typedef enum { ISA_AUTO, ISA_PORTABLE, ISA_AVX2, ISA_AVX512, ISA_NEON, N_ISAS } kernels_isa;

/* The kernels of an instruction set; ISA_AUTO: the best that this processor has. NULL if it lacks
 * it or the program was built without. */
const kernels *kernels_get(kernels_isa isa);

#endif
