// SPDX-License-Identifier: Apache-2.0
/* GloVe (Pennington, Socher & Manning 2014) over strata: the rows of a group in one block that can
 * travel, and the training of a bucket. */
#ifndef WORDSHARD_GLOVE_H
#define WORDSHARD_GLOVE_H

#include "glove_cells.h"

/* A block: float states[size, GLOVE_STATE], padded to whole cache lines, then rows[size, stride].
 */
typedef struct {
    int64_t dim;
    size_t width, stride; /* floats of a vector, from row to row */
    bool by_element;      /* AdaGrad with a sum for each column, otherwise for each row */
} glove_shape;

glove_shape glove_shape_of(int64_t dim, bool by_element);
size_t glove_block_bytes(const glove_shape *g, int64_t size);
float *glove_states(void *block);
float *glove_rows(void *block, int64_t size);

/* Contexts of a tile, so that it stays in the second-level cache. */
int glove_tile(const glove_shape *g);

/* Start values: vectors uniform in [-scale/2, scale/2) / dim, a function of (seed, hash, column) as
 * loop_init_rows makes them; biases 0. words[size]: ids in the order of the block; hashes[V]. As
 * contexts, words start elsewhere than as centres. */
void glove_init(const glove_shape *g, void *block, int64_t size, const int32_t *words,
                const uint64_t *hashes, uint64_t seed, double scale, bool as_contexts, double rate);

/* What the training of buckets needs, the same for all of an epoch. */
typedef struct {
    const glove_shape *shape;
    const glove_cells *cells;
    const kernels *kernel;
    double x_max, alpha; /* f(X) = min(1, (X / x_max)^alpha) */
    double rate;
    uint64_t seed; /* of the order of tiles */
    int epoch;     /* from 0 */
} glove_job;

typedef struct glove_worker glove_worker;

status glove_worker_create(glove_worker **w, const glove_cells *c);
void glove_worker_destroy(glove_worker **w);

/* Train bucket (centre, context) of the groups' blocks, tile after tile in an order drawn for
 * (epoch, bucket). Returns the loss, sum of f diff^2 / 2 over its non-zeros. */
double glove_train(const glove_job *j, glove_worker *w, int centre, void *centres, int context,
                   void *contexts);

/* The non-zeros of one bucket in one random order, for comparison: no run, no tile. */
typedef struct {
    uint32_t word, context; /* rows of the blocks */
    float log_x;
} glove_loose;

/* loose[cells->n_cells] from the only bucket of one group. */
void glove_loosen(const glove_cells *cells, glove_loose *loose);

/* The order of j->epoch, from that of the epoch before. */
void glove_shuffle_loose(const glove_job *j, glove_loose *loose);

/* Train from non-zero *cell on as glove_train does, and add to *loss, until all are done or
 * halts(context), which is asked now and then but not at once. */
void glove_train_loose(const glove_job *j, const glove_loose *loose, void *centres, void *contexts,
                       bool (*halts)(void *context), void *context, int64_t *cell, double *loss);

/* What that loss is for vectors and biases of zeros: sum of f (log X)^2 / 2. */
double glove_loss_of_zeros(const glove_job *j, glove_worker *w, int centre, int context);

/* Once an epoch for each block: |row|^2 anew, since steps keep it up to rounding. */
void glove_refresh(const glove_job *j, void *block, int64_t size);

#endif
