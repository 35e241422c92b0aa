// SPDX-License-Identifier: Apache-2.0
/* The GloVe kernels in vectors; part of kernels_simd.h. A context is asked for two steps ahead,
 * line by line between the arithmetic. */

#if defined(__clang__)
#define UNROLL_ROW
#else
#define UNROLL_ROW _Pragma("GCC unroll 32")
#endif

/* A vector from any address. */
typedef float vec_anywhere __attribute__((vector_size(4 * LANES), aligned(4)));

/* log(x) for normal positive x: exponent and mantissa m in [sqrt(1/2), sqrt(2)), then
 * log(m) = 2 atanh(s), s = (m - 1) / (m + 1), as an odd series (error below 1e-7 of 1 + |log x|).
 */
INLINE vec simd_log(vec x) {
    const ivec bits = (ivec)x - 0x3f3504f3, e = bits >> 23;
    const vec m = (vec)((bits & 0x007fffff) + 0x3f3504f3);
    const vec s = (m - 1.0f) / (m + 1.0f), q = s * s;
    vec p = simd_set(0.22222222f);
    p = p * q + 0.28571429f;
    p = p * q + 0.4f;
    p = p * q + 0.66666667f;
    p = p * q + 2.0f;
    return p * s + __builtin_convertvector(e, vec) * 0.69314718f;
}

static void simd_logs(float *x, size_t n) {
    size_t k = 0;
    for (; k + LANES <= n; k += LANES)
        *(vec_anywhere *)(x + k) = simd_log(*(const vec_anywhere *)(x + k));
    for (; k < n; k++)
        x[k] = simd_log(simd_set(x[k]))[0];
}

static void simd_glove_weights(const float *log_x, size_t n, float log_most, float power,
                               float *weights) {
    for (size_t k = 0; k < n; k += LANES) {
        vec x = power * (*(const vec_anywhere *)(log_x + k) - log_most);
        x = simd_select(x > 0.0f, (vec){0}, x);
        *(vec_anywhere *)(weights + k) = simd_exp_low(x);
    }
}

/* A pair and its step. */
typedef struct {
    float *c;           /* the context */
    quad *state;        /* its state */
    const float *ahead; /* a context that comes later */
    quad rates;         /* step of each bias, factors of the other row in the step of w, of c, all
                           for f diff = 1 */
    float base, weight; /* diff - w . c, f */
} glove_pair;

INLINE glove_pair glove_begin(const glove_batch *b, quad word, int64_t cell) {
    const size_t place = b->places[cell], later = b->places[cell + 2];
    glove_pair p = {.c = b->contexts + place * b->stride,
                    .state = (quad *)(b->states + place * GLOVE_STATE),
                    .ahead = b->contexts + later * b->stride,
                    .weight = b->weights[cell]};
    const quad context = *p.state;
    const quad squares = {word[GLOVE_BIAS_SQUARES], context[GLOVE_BIAS_SQUARES],
                          word[GLOVE_SQUARES], context[GLOVE_SQUARES]};
    p.rates = (quad){1, 1, b->rate, b->rate} / simd_roots(squares);
    p.base = word[GLOVE_BIAS] + context[GLOVE_BIAS] - b->log_x[cell];
    return p;
}

INLINE double glove_loss(float force, float diff) {
    return 0.5 * (double)force * (double)diff;
}

/* ---- one G for each row */

/* Squares of the gradients of both biases and both rows, in the mean of their columns. */
INLINE quad glove_squares(const glove_batch *b, quad word, quad context, float force) {
    const float square = force * force, per_column = square * b->per_column;
    return (quad){square, square, per_column * context[GLOVE_LENGTH],
                  per_column * word[GLOVE_LENGTH]};
}

/* Where the root of that mean is more than GLOVE_CLIP, the step becomes shorter. */
static __attribute__((noinline)) void glove_clip(quad *rates, quad *squares) {
    const quad roots = simd_roots(*squares);
    for (int k = 2; k < 4; k++)
        if (roots[k] > GLOVE_CLIP) {
            (*rates)[k] *= GLOVE_CLIP / roots[k];
            (*squares)[k] = GLOVE_CLIP * GLOVE_CLIP;
        }
}

/* |x - step y|^2, by product = x . y. */
INLINE float glove_length(float x, float y, float step, float product) {
    const float length = x + step * (step * y - 2 * product);
    return length > 0 ? length : 0;
}

/* Step of both states. p->rates may become lower. */
INLINE void glove_states(const glove_batch *b, quad *word, glove_pair *p, float force,
                         float product) {
    const quad x = *word, y = *p->state;
    const float most = GLOVE_CLIP * GLOVE_CLIP, rate = b->rate * b->rate;
    quad squares = glove_squares(b, x, y, force);
    if (__builtin_expect(squares[2] > most || squares[3] > most, 0))
        glove_clip(&p->rates, &squares);
    const quad step = p->rates * force;
    *word = (quad){x[GLOVE_BIAS] - step[0], x[GLOVE_BIAS_SQUARES] + squares[0],
                   x[GLOVE_SQUARES] + rate * squares[2],
                   glove_length(x[GLOVE_LENGTH], y[GLOVE_LENGTH], step[2], product)};
    *p->state = (quad){y[GLOVE_BIAS] - step[1], y[GLOVE_BIAS_SQUARES] + squares[1],
                       y[GLOVE_SQUARES] + rate * squares[3],
                       glove_length(y[GLOVE_LENGTH], x[GLOVE_LENGTH], step[3], product)};
}

/* One run; vectors: those of a row, which stays in registers where they are known to the compiler.
 */
INLINE double glove_row_run(const glove_batch *b, int64_t run, int64_t cell, const int vectors) {
    float *row = b->rows + (size_t)b->words[run] * b->stride;
    quad *state = (quad *)(b->row_states + (size_t)b->words[run] * GLOVE_STATE), word = *state;
    const float *next = b->rows + (size_t)b->words[run + 2] * b->stride;
    const int64_t end = cell + b->lengths[run];
    vec w[32];
    double loss = 0;
    UNROLL_ROW for (int v = 0; v < vectors; v++) {
        w[v] = simd_load(row + v * LANES);
        __builtin_prefetch(next + v * LANES, 1, 2);
    }
    for (; cell < end; cell++) {
        glove_pair p = glove_begin(b, word, cell);
        vec sum[4] = {{0}};
        UNROLL_ROW for (int v = 0; v < vectors; v++) {
            sum[v & 3] += w[v] * simd_load(p.c + v * LANES);
            __builtin_prefetch(p.ahead + v * LANES, 1, 3);
        }
        const vec product = simd_total((sum[0] + sum[1]) + (sum[2] + sum[3]));
        const vec diff = product + p.base;
        const float force = p.weight * diff[0];
        loss += glove_loss(force, diff[0]);
        /* Stored before the rows, so that the compiler loads the context again rather than keep it
         * in registers that it lacks. */
        glove_states(b, &word, &p, force, product[0]);
        const vec of_word = diff * (p.weight * p.rates[2]);
        const vec of_context = diff * (p.weight * p.rates[3]);
        UNROLL_ROW for (int v = 0; v < vectors; v++) {
            const vec c = simd_load(p.c + v * LANES);
            simd_store(p.c + v * LANES, c - of_context * w[v]);
            w[v] -= of_word * c;
        }
    }
    UNROLL_ROW for (int v = 0; v < vectors; v++) simd_store(row + v * LANES, w[v]);
    *state = word;
    return loss;
}

INLINE double glove_rows(const glove_batch *pointer, const int vectors) {
    const glove_batch b = *pointer;
    double loss = 0;
    for (int64_t run = 0, cell = 0; run < b.n_runs; cell += b.lengths[run++])
        loss += glove_row_run(&b, run, cell, vectors);
    return loss;
}

/* w . c for any width. */
INLINE vec glove_product(const float *w, const float *c, size_t width) {
    vec sum = {0}, other = {0};
    for (size_t k = 0; k + LANES < width; k += 2 * LANES) {
        sum += simd_load(w + k) * simd_load(c + k);
        other += simd_load(w + k + LANES) * simd_load(c + k + LANES);
    }
    if (width % (2 * LANES))
        sum += simd_load(w + width - LANES) * simd_load(c + width - LANES);
    return simd_total(sum + other);
}

/* One run of any width: the row stays in the first-level cache. */
static double glove_row_run_any(const glove_batch *b, int64_t run, int64_t cell) {
    float *w = b->rows + (size_t)b->words[run] * b->stride;
    quad *word = (quad *)(b->row_states + (size_t)b->words[run] * GLOVE_STATE);
    const float *next = b->rows + (size_t)b->words[run + 2] * b->stride;
    const int64_t end = cell + b->lengths[run];
    double loss = 0;
    for (; cell < end; cell++, next = NULL) {
        glove_pair p = glove_begin(b, *word, cell);
        const vec product = glove_product(w, p.c, b->width), diff = product + p.base;
        const float force = p.weight * diff[0], *ahead = next ? next : p.ahead;
        loss += glove_loss(force, diff[0]);
        glove_states(b, word, &p, force, product[0]);
        const vec of_word = diff * (p.weight * p.rates[2]);
        const vec of_context = diff * (p.weight * p.rates[3]);
        for (size_t k = 0; k < b->width; k += LANES) {
            const vec x = simd_load(w + k), y = simd_load(p.c + k);
            __builtin_prefetch(ahead + k, 1, 3);
            simd_store(w + k, x - of_word * y);
            simd_store(p.c + k, y - of_context * x);
        }
    }
    return loss;
}

static double glove_rows_any(const glove_batch *b) {
    double loss = 0;
    for (int64_t run = 0, cell = 0; run < b->n_runs; cell += b->lengths[run++])
        loss += glove_row_run_any(b, run, cell);
    return loss;
}

static double simd_glove_row(const glove_batch *b) {
    switch (LANES == 16 ? b->width / LANES : 0) { /* eight lanes have too few registers */
    case 4:
        return glove_rows(b, 4);
    case 7:
        return glove_rows(b, 7);
    case 8:
        return glove_rows(b, 8);
    case 10:
        return glove_rows(b, 10);
    case 13:
        return glove_rows(b, 13);
    case 16:
        return glove_rows(b, 16);
    case 19:
        return glove_rows(b, 19);
    default:
        return glove_rows_any(b);
    }
}

/* ---- a G for each column */

/* The step of each column; scale = rate / sqrt(G) becomes scale / sqrt(1 + step^2), to second order
 * of the square: exact to float for steps below .05, and much larger ones end a run. */
INLINE vec glove_step_columns(vec gradient, vec *scale) {
    const vec u = simd_clip(gradient, GLOVE_CLIP) * *scale;
    const vec t = simd_min(simd_set(0.5f), u * u);
    *scale *= 1.0f + t * (-0.5f + t * 0.375f);
    return u;
}

/* Step of a row and a context; returns w . next after it, for the step to come. */
INLINE vec glove_update_columns(float *w, float *c, const float *next, const float *ahead,
                                size_t width, float force) {
    vec sum = {0};
    for (size_t k = 0; k < width; k += LANES) {
        const vec x = simd_load(w + k), y = simd_load(c + k);
        vec of_word = simd_load(w + width + k), of_context = simd_load(c + width + k);
        __builtin_prefetch(ahead + k, 1, 3);
        __builtin_prefetch(ahead + width + k, 1, 3);
        const vec after = x - glove_step_columns(force * y, &of_word);
        simd_store(w + k, after);
        simd_store(c + k, y - glove_step_columns(force * x, &of_context));
        simd_store(w + width + k, of_word);
        simd_store(c + width + k, of_context);
        sum += after * simd_load(next + k);
    }
    return simd_total(sum);
}

static double glove_element_run(const glove_batch *b, int64_t run, int64_t cell) {
    float *w = b->rows + (size_t)b->words[run] * b->stride;
    quad *word = (quad *)(b->row_states + (size_t)b->words[run] * GLOVE_STATE);
    const float *next_row = b->rows + (size_t)b->words[run + 2] * b->stride;
    const int64_t end = cell + b->lengths[run];
    double loss = 0;
    vec product = glove_product(w, b->contexts + b->places[cell] * b->stride, b->width);
    for (; cell < end; cell++, next_row = NULL) {
        const glove_pair p = glove_begin(b, *word, cell);
        const float diff = product[0] + p.base, force = p.weight * diff;
        const quad x = *word, y = *p.state;
        loss += glove_loss(force, diff);
        *word = (quad){x[GLOVE_BIAS] - p.rates[0] * force, x[GLOVE_BIAS_SQUARES] + force * force,
                       x[2], x[3]};
        *p.state = (quad){y[GLOVE_BIAS] - p.rates[1] * force, y[GLOVE_BIAS_SQUARES] + force * force,
                          y[2], y[3]};
        const float *next = b->contexts + b->places[cell + 1] * b->stride;
        product =
            glove_update_columns(w, p.c, next, next_row ? next_row : p.ahead, b->width, force);
    }
    return loss;
}

static double simd_glove_element(const glove_batch *b) {
    const glove_batch batch = *b;
    double loss = 0;
    for (int64_t run = 0, cell = 0; run < b->n_runs; cell += b->lengths[run++])
        loss += glove_element_run(&batch, run, cell);
    return loss;
}
