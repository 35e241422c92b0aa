// SPDX-License-Identifier: Apache-2.0
/* The non-zeros that GloVe trains on, in the order of training: bucket after bucket of the strata;
 * in a bucket by tiles of contexts that stay in the second-level cache; in a tile by words in their
 * shuffled order; all non-zeros of one word in a tile are a run, shuffled. The order is a function
 * of (matrix, groups, key) alone. */
#ifndef WORDSHARD_GLOVE_CELLS_H
#define WORDSHARD_GLOVE_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"
#include "strata.h"

/* Where a word's non-zeros go. */
typedef struct {
    int32_t group;
    uint32_t row;   /* as a centre: its place in the shuffled group */
    int32_t tile;   /* as a context: tile, counted over all groups */
    uint16_t place; /* in that tile */
} glove_word;

typedef struct {
    const strata *groups;
    int first, n;        /* centre groups that are here */
    int64_t *tile_first; /* [K + 1] first tile of each context group, counted over all */
    int64_t *contexts;   /* [tiles + 1] first context of a tile, as a place in its group */
    glove_word *words;   /* [V] */
    int64_t n_cells, n_runs;
    int64_t *cells;      /* [n * tiles + 1] first non-zero of a tile of a bucket */
    int64_t *runs;       /* [n * tiles + 1] its first run */
    uint16_t *places;    /* [n_cells + a few] contexts in their tile */
    float *log_x;        /* [n_cells + a few] */
    uint32_t *run_words; /* [n_runs + 2] row of the centre */
    uint16_t *lengths;   /* [n_runs] */
    uint32_t *rows;      /* [n_cells] row of each non-zero, while they come in */
    int64_t *next;       /* [n * tiles] free places, while they come in */
} glove_cells;

static inline int64_t glove_tiles(const glove_cells *c) {
    return c->tile_first[c->groups->n_groups];
}

/* Tiles of usual_contexts words, or an eighth more where that saves one (< 65536), as even as can
 * be. first, n: the centre groups whose non-zeros will come. groups must live as long. */
status glove_cells_create(glove_cells *c, const strata *groups, int first, int n,
                          int usual_contexts);
void glove_cells_clear(glove_cells *c);

/* Make room: counts[n * tiles], in order, of the non-zeros that will come. */
status glove_cells_open(glove_cells *c, const int64_t *counts);

/* Take in X_ij, both words by id, i in a group that is here. */
static inline void glove_cells_put(glove_cells *c, int64_t i, int64_t j, float x) {
    const glove_word *centre = &c->words[i], *context = &c->words[j];
    const int64_t tile = (centre->group - c->first) * glove_tiles(c) + context->tile;
    const int64_t at = c->next[tile]++;
    c->rows[at] = centre->row;
    c->places[at] = context->place;
    c->log_x[at] = x;
}

/* All have come: bring them into order. */
status glove_cells_close(glove_cells *c, const kernels *kernel, uint64_t key, int n_threads);

/* Bytes that so many non-zeros take while they come, and when they are in order in so many runs;
 * besides 16 for each word. */
double glove_cells_loading_bytes(double n_cells);
double glove_cells_bytes(double n_cells, double n_runs);

#endif
