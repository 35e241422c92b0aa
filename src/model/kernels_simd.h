// SPDX-License-Identifier: Apache-2.0
/* The kernels in vectors of LANES floats, written once in GNU vector types and compiled for each
 * instruction set by the file that includes it. That file defines before:
 *
 *     KERNELS_TABLE, KERNELS_NAME  the table to fill, its name as a string
 *     LANES       floats in a vector
 *     TILE        input rows scored together: TILE * OUT_BLOCK accumulators stay in registers
 *     STRIP       sums of a row of a sparse product that stay in registers
 *     vec, ivec   vectors of LANES floats, of LANES int32_t
 *     simd_sums   static vec simd_sums(const vec a[LANES]): the sum over the lanes of each vector
 *     simd_min, simd_max  lane by lane; the second where they cannot be compared
 *     simd_repeat static vec simd_repeat(const float *p): SCORE_STRIDE values from p, repeated
 *     simd_hold   its argument, in a register from now on: gcc would read a row again for each use,
 *                 and loads are as scarce as multiply-adds
 *     simd_clip   static vec simd_clip(vec x, float most): x between -most and most
 *     simd_total  static vec simd_total(vec a): the sum over the lanes, in all lanes
 *     quad        vector of four floats;  simd_roots  static quad simd_roots(quad x): square roots
 *
 * Compiled with contraction on: a * b + c is one fused multiply-add. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels_tables.h"

#if defined(__clang__) /* unrolls such loops unasked, and complains where it is asked and cannot   \
                        */
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
#define INLINE static inline __attribute__((always_inline))

INLINE vec simd_set(float x) {
    return x - (vec){0};
}

INLINE vec simd_load(const float *p) {
    return *(const vec *)p;
}

INLINE void simd_store(float *p, vec x) {
    *(vec *)p = x;
}

/* mask ? a : b, lane by lane; mask is all ones or zeros. */
INLINE vec simd_select(ivec mask, vec a, vec b) {
    return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
}

/* 2^t by 2^n * 2^f, f in [-.5, .5], polynomial of degree 5 (minimax, exact at 0; relative error
 * below 2e-7). -125 <= t <= 127; NaN stays NaN. */
INLINE vec simd_exp2(vec t) {
    const vec shift = simd_set(0x1.8p23f); /* its last bits are 0, so that n alone is left of it */
    vec rounded = t + shift;
    vec f = t - (rounded - shift);
    const vec f2 = f * f; /* Estrin's scheme: steps wait for this */
    const vec high = 0.0555073358f + 0.00967151299f * f + 0.00132647273f * f2;
    const vec p = 1.0f + 0.693147004f * f + f2 * (0.240222424f + f * high);
    return (vec)((ivec)p + ((ivec)rounded << 23));
}

/* exp(x) for x <= 86; clamped from below where it is next to nothing. */
INLINE vec simd_exp_low(vec x) {
    return simd_exp2(simd_max(simd_set(-125.0f), x * 1.44269504f));
}

/* All ones in the lanes of the first outs scores of each of the first rows rows. */
INLINE ivec simd_first(const int rows, const int outs) {
    ivec mask;
    UNROLL for (int l = 0; l < LANES; l++) mask[l] =
        l / SCORE_STRIDE < rows && l % SCORE_STRIDE < outs ? -1 : 0;
    return mask;
}

/* From scores to steps, for the labels of a block, in all lanes: with sign = 1 - 2 label and
 * z = sign * x, the loss of a pair is log(1 + exp(z)) and its step -sign * rate * exp(z) / (1 +
 * exp(z)). */
typedef struct {
    vec scale; /* sign / log 2 */
    vec rate;  /* -sign * rate */
} step_rule;

INLINE step_rule simd_rule(const logistic_window *w, const float *labels) {
    const vec sign = 1.0f - 2.0f * simd_repeat(labels);
    return (step_rule){.scale = sign * 1.44269504f, .rate = -sign * w->rate};
}

/* 40 log 2: behind it the logistic function is 0 or 1 in float. */
enum { LARGEST_EXPONENT = 40 };

/* Losses of up to three vectors of scores: a factor is at most 1 + 2^LARGEST_EXPONENT. */
_Static_assert(TILE *SCORE_STRIDE <= 3 * LANES, "the product of a tile is below 2^127");
typedef struct {
    vec product, beyond;
} loss_parts;

INLINE void add_loss(logistic_loss *to, const loss_parts *loss) {
    const ivec product = (ivec)(simd_load(to->product) * loss->product);
    *(ivec *)to->exponent += (product >> 23) - 127;
    simd_store(to->product, (vec)((product & 0x007fffff) | 0x3f800000));
    simd_store(to->beyond, simd_load(to->beyond) + loss->beyond);
}

INLINE void count_rows(logistic_loss *loss, int rows) {
    loss->rows += rows;
    if (loss->rows > LOSS_ROWS)
        logistic_loss_settle(loss);
}

/* The steps of scores x; lanes that are not valid get any step and lose nothing. */
INLINE vec simd_step(vec x, const step_rule *rule, ivec valid, loss_parts *loss) {
    const vec t = x * rule->scale + simd_select(valid, (vec){0}, simd_set(-100));
    const vec low = simd_min(simd_set(LARGEST_EXPONENT), t);
    const vec e = simd_exp2(simd_max(simd_set(-LARGEST_EXPONENT), low)), one = 1.0f + e;
    loss->beyond += t - low;
    loss->product *= one;
    return rule->rate * e / one;
}

/* Scores of `rows` input rows, i and on, against `outs` output rows become steps at steps[row *
 * SCORE_STRIDE + out]. */
INLINE void score_tile(const logistic_window *w, float *const *out, const step_rule *rule,
                       float *steps, int i, const int rows, const int outs) {
    enum { ROWS_OF_VECTOR = LANES / SCORE_STRIDE };
    float *const *in = w->in + i;
    vec sum[TILE * SCORE_STRIDE];
    loss_parts loss = {.product = simd_set(1), .beyond = {0}};
    UNROLL for (int s = 0; s < TILE * SCORE_STRIDE; s++) sum[s] = (vec){0};
    for (size_t k = 0; k < w->width; k += LANES) {
        vec x[TILE];
        UNROLL for (int r = 0; r < rows; r++) x[r] = simd_load(in[r] + k);
        UNROLL for (int j = 0; j < outs; j++) {
            const vec y = simd_hold(simd_load(out[j] + k));
            UNROLL for (int r = 0; r < rows; r++) sum[r * SCORE_STRIDE + j] += x[r] * y;
        }
    }
    UNROLL for (int r = 0; r < rows; r += ROWS_OF_VECTOR) simd_store(
        steps + (i + r) * SCORE_STRIDE,
        simd_step(simd_sums(sum + r * SCORE_STRIDE), rule, simd_first(rows - r, outs), &loss));
    add_loss(w->loss, &loss);
}

INLINE void score_block(const logistic_window *w, int first, float *steps, const int outs) {
    float *const *out = w->out + first;
    const step_rule rule = simd_rule(w, w->labels + first);
    const int ins = w->n_in;
    int i = 0;
    count_rows(w->loss, ins);
    for (; i + TILE <= ins; i += TILE)
        score_tile(w, out, &rule, steps, i, TILE, outs);
    if (TILE > 3 && ins - i == 3)
        score_tile(w, out, &rule, steps, i, 3, outs);
    else if (TILE > 2 && ins - i == 2)
        score_tile(w, out, &rule, steps, i, 2, outs);
    else if (ins - i == 1)
        score_tile(w, out, &rule, steps, i, 1, outs);
}

static void simd_score(const logistic_window *w) {
    float *steps = w->scratch;
    for (int first = 0; first < w->n_out; first += OUT_BLOCK, steps += kernels_steps(w->n_in)) {
        switch (w->n_out - first) {
        case 1:
            score_block(w, first, steps, 1);
            break;
        case 2:
            score_block(w, first, steps, 2);
            break;
        case 3:
            score_block(w, first, steps, 3);
            break;
        case 4:
            score_block(w, first, steps, 4);
            break;
        case 5:
            score_block(w, first, steps, 5);
            break;
        default:
            score_block(w, first, steps, OUT_BLOCK);
        }
    }
}

/* The same array of rows, read again from here on: gcc would keep more pointers than there are
 * registers, and parks them in vector registers, from where the way back takes a multiply-add's
 * place. */
INLINE float *const *fresh(float *const *rows) {
    __asm__("" : "+r"(rows));
    return rows;
}

INLINE void ask_lines(const float *const *ahead, size_t k, const int slices) {
    __asm__("" : "+r"(ahead));
    UNROLL for (int a = 0; a < N_AHEAD; a++) UNROLL for (int c = 0; c < slices; c++)
        __builtin_prefetch(ahead[a] + k + c * LANES, 1, 3);
}

/* Columns k and on, `slices` vectors of them: a step that is in a register serves all. ins: the
 * number of inputs, known to the compiler in the common cases, so that the inner loop has no branch
 * to mispredict. */
INLINE void update_slices(const logistic_window *w, float *const *out, const float *steps, size_t k,
                          const int slices, const int outs, const int ins) {
    vec before[SLICES][OUT_BLOCK], after[SLICES][OUT_BLOCK];
    float *const *in = fresh(w->in);
    out = fresh(out);
    UNROLL for (int j = 0; j < outs; j++) {
        const float *row = out[j] + k;
        UNROLL for (int c = 0; c < slices; c++) before[c][j] = after[c][j] =
            simd_load(row + c * LANES);
    }
    UNROLL for (int i = 0; i < ins; i++) {
        float *row = in[i] + k;
        vec x[SLICES], sum[SLICES];
        UNROLL for (int c = 0; c < slices; c++) sum[c] = x[c] = simd_load(row + c * LANES);
        UNROLL for (int j = 0; j < outs; j++) {
            const vec step = simd_hold(simd_set(steps[i * SCORE_STRIDE + j]));
            UNROLL for (int c = 0; c < slices; c++) {
                after[c][j] += step * x[c];
                sum[c] += step * before[c][j];
            }
        }
        UNROLL for (int c = 0; c < slices; c++) simd_store(row + c * LANES, sum[c]);
    }
    out = fresh(out);
    UNROLL for (int j = 0; j < outs; j++) {
        float *row = out[j] + k;
        UNROLL for (int c = 0; c < slices; c++) simd_store(row + c * LANES, after[c][j]);
    }
}

INLINE void update_rows(const logistic_window *w, int first, const float *steps, const int outs,
                        const int ins) {
    float *const *out = w->out + first;
    const float *const *ahead = w->ahead + first / OUT_BLOCK * N_AHEAD;
    size_t k = 0;
    for (; k + SLICES * LANES <= w->width; k += SLICES * LANES) {
        ask_lines(ahead, k, SLICES);
        update_slices(w, out, steps, k, SLICES, outs, ins);
    }
    for (; k < w->width; k += LANES) {
        ask_lines(ahead, k, 1);
        update_slices(w, out, steps, k, 1, outs, ins);
    }
}

INLINE void update_block(const logistic_window *w, int first, const float *steps) {
    switch (w->n_in) {
    case 1:
        update_rows(w, first, steps, OUT_BLOCK, 1);
        break;
    case 2:
        update_rows(w, first, steps, OUT_BLOCK, 2);
        break;
    case 3:
        update_rows(w, first, steps, OUT_BLOCK, 3);
        break;
    case 4:
        update_rows(w, first, steps, OUT_BLOCK, 4);
        break;
    case 5:
        update_rows(w, first, steps, OUT_BLOCK, 5);
        break;
    case 6:
        update_rows(w, first, steps, OUT_BLOCK, 6);
        break;
    case 7:
        update_rows(w, first, steps, OUT_BLOCK, 7);
        break;
    case 8:
        update_rows(w, first, steps, OUT_BLOCK, 8);
        break;
    case 9:
        update_rows(w, first, steps, OUT_BLOCK, 9);
        break;
    case 10:
        update_rows(w, first, steps, OUT_BLOCK, 10);
        break;
    default:
        update_rows(w, first, steps, OUT_BLOCK, w->n_in);
    }
}

static void simd_update(const logistic_window *w) {
    const float *steps = w->scratch;
    for (int first = 0; first < w->n_out; first += OUT_BLOCK, steps += kernels_steps(w->n_in)) {
        switch (w->n_out - first) {
        case 1:
            update_rows(w, first, steps, 1, w->n_in);
            break;
        case 2:
            update_rows(w, first, steps, 2, w->n_in);
            break;
        case 3:
            update_rows(w, first, steps, 3, w->n_in);
            break;
        case 4:
            update_rows(w, first, steps, 4, w->n_in);
            break;
        case 5:
            update_rows(w, first, steps, 5, w->n_in);
            break;
        default:
            update_block(w, first, steps);
        }
    }
}

/* ---- the sum of the inputs */

/* h = factor * sum of the inputs, two rows at a time. */
INLINE void gather_rows(const logistic_window *w, float *h) {
    for (int i = 0; i < w->n_in; i += 2) {
        const float *a = w->in[i], *b = i + 1 < w->n_in ? w->in[i + 1] : NULL;
        const float factor = i + 2 < w->n_in ? 1 : w->gather;
        for (size_t k = 0; k < w->width; k += LANES) {
            vec x = simd_load(a + k);
            if (b)
                x += simd_load(b + k);
            if (i)
                x += simd_load(h + k);
            simd_store(h + k, factor * x);
        }
    }
}

/* Scores of h against outs rows, in the lanes of one vector. Two sums for each row, so that an
 * addition need not wait for the one before. */
INLINE vec score_bag(const float *h, float *const *out, size_t width, const int outs) {
    vec sum[LANES], other[SCORE_STRIDE];
    UNROLL for (int j = 0; j < LANES; j++) sum[j] = (vec){0};
    UNROLL for (int j = 0; j < SCORE_STRIDE; j++) other[j] = (vec){0};
    size_t k = 0;
    for (; k + 2 * LANES <= width; k += 2 * LANES) {
        const vec x = simd_load(h + k), y = simd_load(h + k + LANES);
        UNROLL for (int j = 0; j < outs; j++) {
            sum[j] += x * simd_load(out[j] + k);
            other[j] += y * simd_load(out[j] + k + LANES);
        }
    }
    for (; k < width; k += LANES) {
        const vec x = simd_load(h + k);
        UNROLL for (int j = 0; j < outs; j++) sum[j] += x * simd_load(out[j] + k);
    }
    UNROLL for (int j = 0; j < SCORE_STRIDE; j++) sum[j] += other[j];
    return simd_sums(sum);
}

/* One block of outputs from h; adds what they tell the inputs to change, or begins with it. */
INLINE void bag_block(const logistic_window *w, const float *h, float *change, int first,
                      const int outs) {
    float *const *out = w->out + first;
    const int n_ahead = w->n_ahead;
    const float *const *ahead = w->ahead + first / OUT_BLOCK * n_ahead;
    const ivec valid = simd_first(1, outs);
    const step_rule rule = simd_rule(w, w->labels + first);
    loss_parts loss = {.product = simd_set(1), .beyond = {0}};
    const vec step = simd_step(score_bag(h, out, w->width, outs), &rule, valid, &loss);
    for (size_t k = 0; k < w->width; k += LANES) {
        const vec x = simd_load(h + k);
        vec even = {0}, odd = {0};
        if (first)
            even = simd_load(change + k);
        for (int a = 0; a < n_ahead; a++)
            __builtin_prefetch(ahead[a] + k, 1, 3);
        UNROLL for (int j = 0; j < outs; j++) {
            const vec y = simd_load(out[j] + k);
            if (j & 1)
                odd += step[j] * y;
            else
                even += step[j] * y;
            simd_store(out[j] + k, y + step[j] * x);
        }
        simd_store(change + k, even + odd);
    }
    count_rows(w->loss, 1);
    add_loss(w->loss, &loss);
}

static void simd_bag(const logistic_window *w) {
    float *change = w->scratch, *sum = change + w->width;
    const bool alone = w->n_in == 1 && w->gather == 1;
    const float *h = alone ? w->in[0] : sum;
    if (!alone)
        gather_rows(w, sum);
    for (int first = 0; first < w->n_out; first += OUT_BLOCK) {
        switch (w->n_out - first) {
        case 1:
            bag_block(w, h, change, first, 1);
            break;
        case 2:
            bag_block(w, h, change, first, 2);
            break;
        case 3:
            bag_block(w, h, change, first, 3);
            break;
        case 4:
            bag_block(w, h, change, first, 4);
            break;
        case 5:
            bag_block(w, h, change, first, 5);
            break;
        default:
            bag_block(w, h, change, first, OUT_BLOCK);
        }
    }
    for (int i = 0; i < w->n_in; i++)
        for (size_t k = 0; k < w->width; k += LANES)
            simd_store(w->in[i] + k, simd_load(w->in[i] + k) + w->spread * simd_load(change + k));
}

static void simd_dots(const float *a, const float *b, size_t n, float out[3]) {
    vec sum[LANES] = {{0}};
    for (size_t k = 0; k < n; k += LANES) {
        vec x = simd_load(a + k), y = simd_load(b + k);
        sum[0] += x * y;
        sum[1] += x * x;
        sum[2] += y * y;
    }
    const vec sums = simd_sums(sum);
    memcpy(out, &sums, 3 * sizeof *out);
}

/* The sum of the changes of one vector of the row; adds their squares. */
INLINE vec simd_changes(vec x, const float *copies, int n, size_t width, vec *squares) {
    vec sum = simd_set(0);
    for (int j = 0; j < n; j++) {
        const vec change = simd_load(copies + (size_t)j * width) - x;
        *squares += change * change;
        sum += change;
    }
    return sum;
}

/* The changes are summed again in the second pass: they are in the cache, and need no room. */
static void simd_fold(float *row, const float *copies, int n, size_t width) {
    vec apart = simd_set(0), together = apart, unused = apart;
    for (size_t k = 0; k < width; k += LANES) {
        const vec sum = simd_changes(simd_load(row + k), copies + k, n, width, &apart);
        together += sum * sum;
    }
    const float a = simd_total(apart)[0], t = simd_total(together)[0];
    const vec factor = simd_set(t > a ? sqrtf(a / t) : 1);
    for (size_t k = 0; k < width; k += LANES) {
        const vec x = simd_load(row + k);
        simd_store(row + k, x + factor * simd_changes(x, copies + k, n, width, &unused));
    }
}

static float simd_highest(const float *x, size_t n) {
    vec top = simd_load(x);
    for (size_t k = LANES; k < n; k += LANES) {
        vec y = simd_load(x + k);
        top = simd_select(y > top, y, top);
    }
    float highest = top[0];
    UNROLL for (int l = 1; l < LANES; l++) highest = top[l] > highest ? top[l] : highest;
    return highest;
}

/* Lanes sum a stretch in float, stretches are summed in double. */
static double simd_exp_sum(const float *x, size_t n, float shift) {
    enum { STRETCH = 256 };
    double total = 0;
    for (size_t from = 0; from < n; from += STRETCH) {
        const size_t to = n - from < STRETCH ? n : from + STRETCH;
        vec sum = {0};
        for (size_t k = from; k < to; k += LANES)
            sum += simd_exp_low(simd_load(x + k) - shift);
        UNROLL for (int l = 0; l < LANES; l++) total += (double)sum[l];
    }
    return total;
}

static void simd_exp_scaled(float *x, size_t n, float shift, float scale) {
    for (size_t k = 0; k < n; k += LANES)
        simd_store(x + k, scale * simd_exp_low(simd_load(x + k) - shift));
}

#include "kernels_sparse.h"
#include "kernels_simd_glove.h"

const kernels KERNELS_TABLE = {.name = KERNELS_NAME,
                               .score = simd_score,
                               .update = simd_update,
                               .bag = simd_bag,
                               .dots = simd_dots,
                               .fold = simd_fold,
                               .highest = simd_highest,
                               .exp_sum = simd_exp_sum,
                               .exp_scaled = simd_exp_scaled,
                               .glove_row = simd_glove_row,
                               .glove_element = simd_glove_element,
                               .logs = simd_logs,
                               .glove_weights = simd_glove_weights,
                               .sparse_row = simd_sparse_row};
