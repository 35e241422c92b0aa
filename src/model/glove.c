// SPDX-License-Identifier: Apache-2.0
#include "glove.h"

#include <math.h>

#include "loop.h"
#include "memory.h"
#include "random.h"

/* Non-zeros whose weights are computed together. */
enum { BATCH = 1024 };

/* ---- blocks */

glove_shape glove_shape_of(int64_t dim, bool by_element) {
    const size_t width = row_width(dim);
    return (glove_shape){.dim = dim,
                         .width = width,
                         .stride = by_element ? 2 * width : width,
                         .by_element = by_element};
}

static size_t states_floats(int64_t size) {
    return ((size_t)size * GLOVE_STATE + ROW_QUANTUM - 1) / ROW_QUANTUM * ROW_QUANTUM;
}

size_t glove_block_bytes(const glove_shape *g, int64_t size) {
    return (states_floats(size) + (size_t)size * g->stride) * sizeof(float);
}

float *glove_states(void *block) {
    return block;
}

float *glove_rows(void *block, int64_t size) {
    return (float *)block + states_floats(size);
}

int glove_tile(const glove_shape *g) {
    /* 622,592 bytes: 512 rows of 300 columns, 256 with the sums of AdaGrad beside them. */
    const size_t floats = (size_t)512 * 304, rows = floats / g->stride;
    return rows < 32 ? 32 : rows > 4096 ? 4096 : (int)rows;
}

void glove_init(const glove_shape *g, void *block, int64_t size, const int32_t *words,
                const uint64_t *hashes, uint64_t seed, double scale, bool as_contexts,
                double rate) {
    float *states = glove_states(block), *rows = glove_rows(block, size);
    for (int64_t i = 0; i < size; i++) {
        float *row = rows + (size_t)i * g->stride, *state = states + i * GLOVE_STATE;
        const uint64_t hash = hashes[words[i]];
        const uint64_t own = as_contexts ? random_mix(hash + RANDOM_GOLDEN) : hash;
        loop_init_rows(row, 0, 1, g->dim, &own, seed, scale);
        for (size_t k = g->width; k < g->stride; k++)
            row[k] = (float)rate;
        state[GLOVE_BIAS] = 0;
        state[GLOVE_BIAS_SQUARES] = state[GLOVE_SQUARES] = 1;
    }
}

void glove_refresh(const glove_job *j, void *block, int64_t size) {
    const glove_shape *g = j->shape;
    float *states = glove_states(block), *rows = glove_rows(block, size), sums[3];
    for (int64_t i = 0; i < size; i++) {
        float *row = rows + (size_t)i * g->stride;
        j->kernel->dots(row, row, g->width, sums);
        states[i * GLOVE_STATE + GLOVE_LENGTH] = sums[0];
    }
}

/* ---- buckets */

struct glove_worker {
    int32_t *order; /* [most tiles of a group] */
    float *weights; /* [BATCH and a run] */
};

status glove_worker_create(glove_worker **slot, const glove_cells *c) {
    int64_t tiles = 1, longest = 1;
    for (int g = 0; g < c->groups->n_groups; g++)
        if (c->tile_first[g + 1] - c->tile_first[g] > tiles)
            tiles = c->tile_first[g + 1] - c->tile_first[g];
    for (int64_t r = 0; r < c->n_runs; r++)
        if (c->lengths[r] > longest)
            longest = c->lengths[r];
    status s = mem_new(slot, 1, sizeof **slot, "a worker");
    if (s.code)
        return s;
    s = mem_new(&(*slot)->order, (size_t)tiles, sizeof *(*slot)->order, "a worker");
    if (!s.code)
        s = mem_new(&(*slot)->weights, (size_t)(BATCH + longest + ROW_QUANTUM),
                    sizeof *(*slot)->weights, "a worker");
    if (s.code)
        glove_worker_destroy(slot);
    return s;
}

void glove_worker_destroy(glove_worker **slot) {
    if (!*slot)
        return;
    mem_free(&(*slot)->order);
    mem_free(&(*slot)->weights);
    mem_free(slot);
}

static void draw_order(const glove_job *j, int32_t *order, int64_t n, int centre, int context) {
    const uint64_t k = (uint64_t)j->cells->groups->n_groups;
    const uint64_t bucket = ((uint64_t)j->epoch * k + (uint64_t)centre) * k + (uint64_t)context;
    const uint64_t key = random_key(j->seed, RANDOM_ORDER, bucket);
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        const uint32_t other = random_below(random_at(key, (uint64_t)i), (uint32_t)i + 1);
        const int32_t tile = order[other];
        order[other] = order[i];
        order[i] = tile;
    }
}

/* f of the non-zeros [cell, cell + n) into w->weights. */
static void weigh(const glove_job *j, glove_worker *w, int64_t cell, int64_t n) {
    j->kernel->glove_weights(j->cells->log_x + cell, (size_t)n, (float)log(j->x_max),
                             (float)j->alpha, w->weights);
}

/* A tile whose rows are set in b: its runs, in batches of some hundred non-zeros. */
static double train_tile(const glove_job *j, glove_worker *w, glove_batch *b, int64_t tile) {
    const glove_cells *c = j->cells;
    int64_t cell = c->cells[tile];
    double loss = 0;
    for (int64_t run = c->runs[tile], end; run < c->runs[tile + 1]; run = end) {
        int64_t n = 0;
        for (end = run; end < c->runs[tile + 1] && n < BATCH; end++)
            n += c->lengths[end];
        weigh(j, w, cell, n);
        b->words = c->run_words + run;
        b->lengths = c->lengths + run;
        b->n_runs = end - run;
        b->places = c->places + cell;
        b->log_x = c->log_x + cell;
        b->weights = w->weights;
        loss += j->shape->by_element ? j->kernel->glove_element(b) : j->kernel->glove_row(b);
        cell += n;
    }
    return loss;
}

double glove_train(const glove_job *j, glove_worker *w, int centre, void *centres, int context,
                   void *contexts) {
    const glove_cells *c = j->cells;
    const glove_shape *g = j->shape;
    const int64_t n_centres = strata_size(c->groups, centre);
    const int64_t n_contexts = strata_size(c->groups, context);
    const int64_t first = c->tile_first[context], n = c->tile_first[context + 1] - first;
    float *rows = glove_rows(contexts, n_contexts), *states = glove_states(contexts);
    glove_batch b = {.rows = glove_rows(centres, n_centres),
                     .row_states = glove_states(centres),
                     .width = g->width,
                     .stride = g->stride,
                     .rate = (float)j->rate,
                     .per_column = 1 / (float)g->dim};
    double loss = 0;
    draw_order(j, w->order, n, centre, context);
    for (int64_t i = 0; i < n; i++) {
        const int64_t tile = first + w->order[i];
        b.contexts = rows + (size_t)c->contexts[tile] * g->stride;
        b.states = states + c->contexts[tile] * GLOVE_STATE;
        loss += train_tile(j, w, &b, (centre - c->first) * glove_tiles(c) + tile);
    }
    return loss;
}

double glove_loss_of_zeros(const glove_job *j, glove_worker *w, int centre, int context) {
    const glove_cells *c = j->cells;
    const int64_t bucket = (centre - c->first) * glove_tiles(c);
    const int64_t end = c->cells[bucket + c->tile_first[context + 1]];
    double loss = 0;
    for (int64_t at = c->cells[bucket + c->tile_first[context]]; at < end; at += BATCH) {
        const int64_t n = end - at < BATCH ? end - at : BATCH;
        weigh(j, w, at, n);
        for (int64_t k = 0; k < n; k++)
            loss +=
                0.5 * (double)w->weights[k] * (double)c->log_x[at + k] * (double)c->log_x[at + k];
    }
    return loss;
}

/* ---- all non-zeros in one random order */

void glove_loosen(const glove_cells *c, glove_loose *loose) {
    int64_t cell = 0;
    for (int64_t tile = 0; tile < glove_tiles(c); tile++)
        for (int64_t run = c->runs[tile]; run < c->runs[tile + 1]; run++)
            for (int k = 0; k < c->lengths[run]; k++, cell++)
                loose[cell] =
                    (glove_loose){.word = c->run_words[run],
                                  .context = (uint32_t)c->contexts[tile] + c->places[cell],
                                  .log_x = c->log_x[cell]};
}

void glove_shuffle_loose(const glove_job *j, glove_loose *loose) {
    const uint64_t key = random_key(j->seed, RANDOM_ORDER, (uint64_t)j->epoch);
    for (int64_t i = j->cells->n_cells - 1; i > 0; i--) {
        const double unit = random_unit(random_at(key, (uint64_t)i));
        const int64_t other = (int64_t)(unit * (double)(i + 1));
        const glove_loose cell = loose[other];
        loose[other] = loose[i];
        loose[i] = cell;
    }
}

/* One non-zero. Returns its loss. */
static double train_cell(const glove_job *j, const glove_loose *cell, void *centres,
                         void *contexts) {
    static const uint16_t places[] = {0, 0, 0}, length = 1;
    const glove_shape *g = j->shape;
    const int64_t n = j->cells->groups->n_words;
    const uint32_t words[] = {cell->word, cell->word, cell->word};
    float log_x[ROW_QUANTUM] = {cell->log_x}, weights[ROW_QUANTUM];
    const glove_batch b = {.rows = glove_rows(centres, n),
                           .row_states = glove_states(centres),
                           .contexts = glove_rows(contexts, n) + (size_t)cell->context * g->stride,
                           .states = glove_states(contexts) + (size_t)cell->context * GLOVE_STATE,
                           .width = g->width,
                           .stride = g->stride,
                           .words = words,
                           .lengths = &length,
                           .n_runs = 1,
                           .places = places,
                           .log_x = log_x,
                           .weights = weights,
                           .rate = (float)j->rate,
                           .per_column = 1 / (float)g->dim};
    j->kernel->glove_weights(log_x, 1, (float)log(j->x_max), (float)j->alpha, weights);
    return g->by_element ? j->kernel->glove_element(&b) : j->kernel->glove_row(&b);
}

void glove_train_loose(const glove_job *j, const glove_loose *loose, void *centres, void *contexts,
                       bool (*halts)(void *context), void *context, int64_t *cell, double *loss) {
    const int64_t first = *cell;
    for (; *cell < j->cells->n_cells; ++*cell) {
        if (*cell % BATCH == 0 && *cell > first && halts(context))
            return;
        *loss += train_cell(j, &loose[*cell], centres, contexts);
    }
}
