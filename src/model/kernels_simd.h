// SPDX-License-Identifier: Apache-2.0
/* The kernels in vectors of LANES floats, written once in GNU vector types and compiled for each
 * instruction set by the file that includes it. That file defines before:
 *
 *     KERNELS_TABLE, KERNELS_NAME  the table to fill, its name as a string
 *     LANES       floats in a vector
 *     TILE        input rows scored together: TILE * OUT_BLOCK accumulators stay in registers
 *     STRIP       sums of a row of a sparse product that stay in registers
 *     vec, ivec   vectors of LANES floats, of LANES int32_t
 *     simd_sums   static vec simd_sums(const vec a[SCORE_STRIDE]): the sum over the lanes of each
 *                 vector, in lanes 0..SCORE_STRIDE - 1 and again behind
 *     simd_total  static float simd_total(vec a): the sum over the lanes
 *     quad        vector of four floats;  simd_roots  static quad simd_roots(quad x): square roots
 *
 * Compiled with contraction on: a * b + c is one fused multiply-add. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels_tables.h"

#if defined(__clang__) /* unrolls such loops unasked, and complains where it is asked and cannot   \
                        */
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 10")
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

/* 40 log 2: behind it the logistic function is 0 or 1 in float. */
#define EXP_LIMIT 27.7258872f

/* 2^t by 2^n * 2^f, f in [-.5, .5], polynomial of degree 5 (minimax, exact at 0; relative error
 * below 2e-7). -125 <= t <= 127; NaN stays NaN. */
INLINE vec simd_exp2(vec t) {
    const vec shift = simd_set(0x1.8p23f);
    vec rounded = t + shift;
    ivec n = (ivec)rounded - (ivec)shift;
    vec f = t - (rounded - shift);
    vec p = simd_set(0.00132647273f);
    p = p * f + 0.00967151299f;
    p = p * f + 0.0555073358f;
    p = p * f + 0.240222424f;
    p = p * f + 0.693147004f;
    p = p * f + 1.0f;
    return (vec)((ivec)p + (n << 23));
}

/* exp(x) for |x| <= EXP_LIMIT. Larger magnitudes are clamped. */
INLINE vec simd_exp(vec x) {
    vec t = x * 1.44269504f;
    t = simd_select(t > 40.0f, simd_set(40.0f), t);
    t = simd_select(t < -40.0f, simd_set(-40.0f), t);
    return simd_exp2(t);
}

/* exp(x) for x <= 86; clamped from below where it is next to nothing. */
INLINE vec simd_exp_low(vec x) {
    vec t = x * 1.44269504f;
    return simd_exp2(simd_select(t < -125.0f, simd_set(-125.0f), t));
}

/* log(x) for finite x >= 1: exponent and mantissa m in [sqrt(1/2), sqrt(2)), then
 * log(m) = 2 atanh(s), s = (m - 1) / (m + 1), as an odd series (absolute error below 1e-7). */
INLINE vec simd_log(vec x) {
    ivec bits = (ivec)x - 0x3f3504f3;
    ivec e = bits >> 23;
    vec m = (vec)((bits & 0x007fffff) + 0x3f3504f3);
    vec s = (m - 1.0f) / (m + 1.0f), q = s * s;
    vec p = simd_set(0.22222222f);
    p = p * q + 0.28571429f;
    p = p * q + 0.4f;
    p = p * q + 0.66666667f;
    p = p * q + 2.0f;
    return p * s + __builtin_convertvector(e, vec) * 0.69314718f;
}

/* Scores of `rows` input rows against `outs` output rows into scores[row * SCORE_STRIDE + out]. */
INLINE void score_tile(float *const *in, float *const *out, size_t width, float *scores,
                       const int rows, const int outs) {
    vec sum[TILE][SCORE_STRIDE];
    UNROLL for (int r = 0; r < TILE; r++) UNROLL for (int j = 0; j < SCORE_STRIDE; j++) sum[r][j] =
        (vec){0};
    for (size_t k = 0; k < width; k += LANES) {
        vec x[TILE];
        UNROLL for (int r = 0; r < rows; r++) x[r] = simd_load(in[r] + k);
        UNROLL for (int j = 0; j < outs; j++) {
            vec y = simd_load(out[j] + k);
            UNROLL for (int r = 0; r < rows; r++) sum[r][j] += x[r] * y;
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        const vec sums = simd_sums(sum[r]);
        memcpy(scores + r * SCORE_STRIDE, &sums, SCORE_STRIDE * sizeof *scores);
    }
}

INLINE void score_rows(const logistic_window *w, float *const *out, const int outs) {
    int i = 0;
    for (; i + TILE <= w->n_in; i += TILE)
        score_tile(w->in + i, out, w->width, w->scratch + i * SCORE_STRIDE, TILE, outs);
    if (TILE > 2 && w->n_in - i == 2)
        score_tile(w->in + i, out, w->width, w->scratch + i * SCORE_STRIDE, 2, outs);
    else if (w->n_in - i == 1)
        score_tile(w->in + i, out, w->width, w->scratch + i * SCORE_STRIDE, 1, outs);
}

/* SCORE_STRIDE values from p, repeated. */
INLINE vec simd_pattern(const float *p) {
    vec x;
    UNROLL for (int l = 0; l < LANES; l += SCORE_STRIDE)
        memcpy((float *)&x + l, p, SCORE_STRIDE * sizeof *p);
    return x;
}

/* All ones in the lanes of the first outs of each SCORE_STRIDE. */
INLINE ivec simd_first(const int outs) {
    ivec mask;
    UNROLL for (int l = 0; l < LANES; l++) mask[l] = l % SCORE_STRIDE < outs ? -1 : 0;
    return mask;
}

/* The step rate * (label - s(x)) of each score in lanes that are valid, 0 in others; *loss its loss
 * in all lanes. */
INLINE vec simd_step(vec x, vec label, ivec valid, float rate, vec *loss) {
    const vec below = 1.0f + simd_exp(-x);
    vec one = simd_log(below) + (1.0f - label) * x;
    one += simd_select(x < -EXP_LIMIT, -EXP_LIMIT - x, (vec){0});
    *loss = one;
    return simd_select(valid, rate * (label - 1.0f / below), (vec){0});
}

/* Scores in scratch become steps; returns the loss. */
INLINE double step_scores(const logistic_window *w, const float *labels, const int outs) {
    const vec label = simd_pattern(labels);
    const ivec valid = simd_first(outs);
    vec loss = {0};
    const int n = w->n_in * SCORE_STRIDE;
    for (int at = 0; at < n; at += LANES) {
        vec one;
        simd_store(w->scratch + at,
                   simd_step(simd_load(w->scratch + at), label, valid, w->rate, &one));
        ivec inside = {0};
        UNROLL for (int l = 0; l < LANES; l++) inside[l] = at + l < n ? -1 : 0;
        loss += simd_select(inside & valid, one, (vec){0});
    }
    double sum = 0;
    UNROLL for (int l = 0; l < LANES; l++) sum += (double)loss[l];
    return sum;
}

/* ins: the number of inputs, known to the compiler in the common cases, so that the inner loop has
 * no branch to mispredict. */
INLINE void update_rows(const logistic_window *w, float *const *out, const float *const *ahead,
                        const int outs, const int ins) {
    for (size_t k = 0; k < w->width; k += LANES) {
        vec before[OUT_BLOCK], after[OUT_BLOCK];
        UNROLL for (int a = 0; a < N_AHEAD; a++) __builtin_prefetch(ahead[a] + k, 1, 3);
        UNROLL for (int j = 0; j < outs; j++) before[j] = after[j] = simd_load(out[j] + k);
        UNROLL for (int i = 0; i < ins; i++) {
            const float *step = w->scratch + i * SCORE_STRIDE;
            float *row = w->in[i] + k;
            vec x = simd_load(row), even = x, odd = {0};
            UNROLL for (int j = 0; j < outs; j++) {
                after[j] += step[j] * x;
                if (j & 1)
                    odd += step[j] * before[j];
                else
                    even += step[j] * before[j];
            }
            simd_store(row, even + odd);
        }
        UNROLL for (int j = 0; j < outs; j++) simd_store(out[j] + k, after[j]);
    }
}

INLINE void update_block(const logistic_window *w, float *const *out, const float *const *ahead) {
    switch (w->n_in) {
    case 1:
        update_rows(w, out, ahead, OUT_BLOCK, 1);
        break;
    case 2:
        update_rows(w, out, ahead, OUT_BLOCK, 2);
        break;
    case 3:
        update_rows(w, out, ahead, OUT_BLOCK, 3);
        break;
    case 4:
        update_rows(w, out, ahead, OUT_BLOCK, 4);
        break;
    case 5:
        update_rows(w, out, ahead, OUT_BLOCK, 5);
        break;
    case 6:
        update_rows(w, out, ahead, OUT_BLOCK, 6);
        break;
    case 7:
        update_rows(w, out, ahead, OUT_BLOCK, 7);
        break;
    case 8:
        update_rows(w, out, ahead, OUT_BLOCK, 8);
        break;
    case 9:
        update_rows(w, out, ahead, OUT_BLOCK, 9);
        break;
    case 10:
        update_rows(w, out, ahead, OUT_BLOCK, 10);
        break;
    default:
        update_rows(w, out, ahead, OUT_BLOCK, w->n_in);
    }
}

/* One block with a number of outputs that the compiler knows. */
INLINE double pairs_block(const logistic_window *w, int first, const int outs) {
    float *const *out = w->out + first;
    const float *const *ahead = w->ahead + first / OUT_BLOCK * N_AHEAD;
    score_rows(w, out, outs);
    double loss = step_scores(w, w->labels + first, outs);
    if (outs == OUT_BLOCK)
        update_block(w, out, ahead);
    else
        update_rows(w, out, ahead, outs, w->n_in);
    return loss;
}

static double simd_pairs(const logistic_window *w) {
    double loss = 0;
    for (int first = 0; first < w->n_out; first += OUT_BLOCK) {
        switch (w->n_out - first) {
        case 1:
            loss += pairs_block(w, first, 1);
            break;
        case 2:
            loss += pairs_block(w, first, 2);
            break;
        case 3:
            loss += pairs_block(w, first, 3);
            break;
        case 4:
            loss += pairs_block(w, first, 4);
            break;
        case 5:
            loss += pairs_block(w, first, 5);
            break;
        default:
            loss += pairs_block(w, first, OUT_BLOCK);
        }
    }
    return loss;
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
    vec sum[SCORE_STRIDE], other[SCORE_STRIDE];
    UNROLL for (int j = 0; j < SCORE_STRIDE; j++) sum[j] = other[j] = (vec){0};
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
INLINE double bag_block(const logistic_window *w, const float *h, float *change, int first,
                        const int outs) {
    float *const *out = w->out + first;
    const int n_ahead = w->n_ahead;
    const float *const *ahead = w->ahead + first / OUT_BLOCK * n_ahead;
    const ivec valid = simd_first(outs);
    vec loss;
    const vec step = simd_step(score_bag(h, out, w->width, outs), simd_pattern(w->labels + first),
                               valid, w->rate, &loss);
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
    double sum = 0;
    UNROLL for (int j = 0; j < outs; j++) sum += (double)loss[j];
    return sum;
}

static double simd_bag(const logistic_window *w) {
    float *change = w->scratch, *sum = change + w->width;
    const bool alone = w->n_in == 1 && w->gather == 1;
    const float *h = alone ? w->in[0] : sum;
    double loss = 0;
    if (!alone)
        gather_rows(w, sum);
    for (int first = 0; first < w->n_out; first += OUT_BLOCK) {
        switch (w->n_out - first) {
        case 1:
            loss += bag_block(w, h, change, first, 1);
            break;
        case 2:
            loss += bag_block(w, h, change, first, 2);
            break;
        case 3:
            loss += bag_block(w, h, change, first, 3);
            break;
        case 4:
            loss += bag_block(w, h, change, first, 4);
            break;
        case 5:
            loss += bag_block(w, h, change, first, 5);
            break;
        default:
            loss += bag_block(w, h, change, first, OUT_BLOCK);
        }
    }
    for (int i = 0; i < w->n_in; i++)
        for (size_t k = 0; k < w->width; k += LANES)
            simd_store(w->in[i] + k, simd_load(w->in[i] + k) + w->spread * simd_load(change + k));
    return loss;
}

static void simd_dots(const float *a, const float *b, size_t n, float out[3]) {
    vec sum[SCORE_STRIDE] = {{0}};
    for (size_t k = 0; k < n; k += LANES) {
        vec x = simd_load(a + k), y = simd_load(b + k);
        sum[0] += x * y;
        sum[1] += x * x;
        sum[2] += y * y;
    }
    const vec sums = simd_sums(sum);
    memcpy(out, &sums, 3 * sizeof *out);
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
                               .pairs = simd_pairs,
                               .bag = simd_bag,
                               .dots = simd_dots,
                               .highest = simd_highest,
                               .exp_sum = simd_exp_sum,
                               .exp_scaled = simd_exp_scaled,
                               .glove_row = simd_glove_row,
                               .glove_element = simd_glove_element,
                               .logs = simd_logs,
                               .glove_weights = simd_glove_weights,
                               .sparse_row = simd_sparse_row};
