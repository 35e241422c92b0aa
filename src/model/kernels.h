// SPDX-License-Identifier: Apache-2.0
/* The arithmetic on rows, once per instruction set. Kernels are pure: no threads, files or memory
 * of their own. A row is width floats, width a multiple of ROW_QUANTUM, 64-byte aligned, the
 * columns behind dim zero (they stay zero). */
#ifndef WORDSHARD_KERNELS_H
#define WORDSHARD_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "glove_kernels.h"

enum {
    ROW_QUANTUM = 16, /* floats: one cache line */
    OUT_BLOCK = 6,    /* output rows that are scored and updated together */
    SCORE_STRIDE = 8, /* scores of one input row in scratch */
    N_AHEAD = 3       /* rows that a block of `update` asks the memory for */
};

/* Floats of a padded row. */
static inline size_t row_width(int64_t dim) {
    return ((size_t)dim + ROW_QUANTUM - 1) / ROW_QUANTUM * ROW_QUANTUM;
}

/* A cell of a sparse matrix in four bytes: a positive float whose lowest mantissa bits are the
 * column within a tile. Those bits are part of the value, which sparse_cell rounds so that it is
 * the nearest that has them: relative error below 2^-15. */
enum { SPARSE_TILE = 512 };

static inline uint32_t sparse_cell(float value, int64_t column) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t low = (uint32_t)column & (SPARSE_TILE - 1);
    return ((bits - low + SPARSE_TILE / 2) & ~(uint32_t)(SPARSE_TILE - 1)) | low;
}

static inline float sparse_value(uint32_t cell) {
    float value;
    memcpy(&value, &cell, sizeof value);
    return value;
}

static inline size_t sparse_column(uint32_t cell) {
    return cell & (SPARSE_TILE - 1);
}

/* The losses of many pairs, each log(1 + exp(z)). Instruction sets with vectors multiply the 1 +
 * exp(z), lane by lane, and leave the logarithm to logistic_loss_settle: it would take as long as
 * the steps themselves. */
typedef struct {
    float product[ROW_QUANTUM] __attribute__((aligned(64))); /* in [1, 2), */
    int32_t exponent[ROW_QUANTUM];                           /* times 2^exponent */
    float beyond[ROW_QUANTUM]; /* log 2 times this: what lies beyond the largest exponent */
    int64_t rows;              /* inputs that the products hold */
    double sum;                /* nats, beside the products */
} logistic_loss;

/* A factor is below 2^127, so that this many rows keep the exponents in range. */
enum { LOSS_ROWS = 1 << 23 };

void logistic_loss_none(logistic_loss *loss);

/* Move the products into the sum. Kernels do it behind LOSS_ROWS. */
void logistic_loss_settle(logistic_loss *loss);

/* The sum so far, nats; starts anew. */
double logistic_loss_take(logistic_loss *loss);

/* Input rows and the output rows they are to predict. An input row may occur twice; output rows are
 * all different. */
typedef struct {
    float *const *in;    /* [n_in] */
    float *const *out;   /* [n_out] */
    const float *labels; /* [n_out] 1 or 0; SCORE_STRIDE more floats behind them can be read */
    int n_in, n_out;
    float rate; /* learning rate */
    size_t width;
    /* Rows that later windows need: their cache lines are asked for one by one between the
     * arithmetic. A burst of whole rows fills the cache's queue of misses and stops all behind it.
     */
    const float *const *ahead; /* [n_ahead] rows for each block of OUT_BLOCK outputs */
    int n_ahead;               /* N_AHEAD for update, any number for bag */
    float *scratch;            /* kernels_scratch floats, 64-byte aligned */
    logistic_loss *loss;       /* what the window loses is added here */
    float gather, spread;      /* bag: factors of the sum of the inputs, of the change of each */
} logistic_window;

/* Blocks of outputs. */
static inline int kernels_blocks(int n_out) {
    return (n_out + OUT_BLOCK - 1) / OUT_BLOCK;
}

/* Floats of the steps of a block of outputs: SCORE_STRIDE for each input, whole cache lines. */
static inline size_t kernels_steps(int n_in) {
    return ((size_t)n_in + 1) / 2 * 2 * SCORE_STRIDE;
}

/* Floats of scratch that windows of up to n_in inputs and n_out outputs need. */
static inline size_t kernels_scratch(int n_in, int n_out, size_t width) {
    return (size_t)kernels_blocks(n_out) * kernels_steps(n_in) + 2 * width;
}

typedef struct {
    const char *name; /* "portable", "avx2", "avx512", "neon" */

    /* One step of stochastic gradient descent, in place, every input against every output: with
     * label y, score x = in . out and s = logistic function
     *     L = sum_ij l(y_j, in_i . out_j),   l(1, x) = -log s(x),   l(0, x) = -log s(-x)
     * (Mikolov et al. 2013, eq. 4). Two halves, so that a caller can prepare the next window
     * between them, while the processor waits for the last scores: score leaves rate * (y_j -
     * s(x_ij)) in scratch and adds L; update of the same window moves the rows. It takes the
     * outputs in blocks of OUT_BLOCK: within a block either side moves by the other side's values
     * from before the block (of the same row twice among the inputs, the second sees the first's
     * update). */
    void (*score)(const logistic_window *w);
    void (*update)(const logistic_window *w);

    /* The same for the sum of the inputs:
     *     L = sum_j l(y_j, h . out_j),   h = gather * sum_i in_i
     *     out_j += rate * (y_j - s(x_j)) h,   in_i += spread * rate * sum_j (y_j - s(x_j)) out_j
     * All scores and changes come from the values before the step: the order of word2vec.c, for
     * one input as well. spread = gather follows the gradient. */
    void (*bag)(const logistic_window *w);

    /* out = {a.b, a.a, b.b} over n floats, n a multiple of ROW_QUANTUM. */
    void (*dots)(const float *a, const float *b, size_t n, float out[3]);

    /* A row out of n copies that were changed apart, which follow one another, in their order:
     *     row += f * sum_j d_j,   d_j = copy_j - row,
     *     f = min(1, sqrt(sum_j |d_j|^2 / |sum_j d_j|^2))
     * Changes at right angles add up; n times the same change counts sqrt(n) times. */
    void (*fold)(float *row, const float *copies, int n, size_t width);

    /* For a softmax, over n floats, n a multiple of ROW_QUANTUM, 64-byte aligned. Where x - shift
     * is below -86 the exponential is 0 or next to it; it must not be above 86. NaN stays visible.
     */
    float (*highest)(const float *x, size_t n);
    double (*exp_sum)(const float *x, size_t n, float shift);         /* sum exp(x - shift) */
    void (*exp_scaled)(float *x, size_t n, float shift, float scale); /* scale exp(x - shift) */

    /* Train a batch; returns its loss. */
    double (*glove_row)(const glove_batch *b);
    double (*glove_element)(const glove_batch *b);
    /* x = log x of n positive floats. */
    void (*logs)(float *x, size_t n);
    /* weights = min(1, exp(power * (log_x - log_most))): f of GloVe. Both have room for n rounded
     * up to ROW_QUANTUM. */
    void (*glove_weights)(const float *log_x, size_t n, float log_most, float power,
                          float *weights);

    /* y += sum_c value(cells[c]) * rows[column(cells[c])], in the order of the cells. rows: a tile
     * of SPARSE_TILE rows of width floats, y: width floats, width a multiple of ROW_QUANTUM. next:
     * the row that will be y in the next call; it is asked for. */
    void (*sparse_row)(const uint32_t *cells, int32_t n, const float *rows, float *y,
                       const float *next, size_t width);
} kernels;

typedef enum { ISA_AUTO, ISA_PORTABLE, ISA_AVX2, ISA_AVX512, ISA_NEON, N_ISAS } kernels_isa;

/* The kernels of an instruction set; ISA_AUTO: the best that this processor has. NULL if it lacks
 * it or the program was built without. */
const kernels *kernels_get(kernels_isa isa);

#endif
