// SPDX-License-Identifier: Apache-2.0
#include "cooccurrence.h"

#include <stdio.h>
#include <string.h>

#include "cooc_count.h"
#include "cooc_file.h"
#include "cooc_share.h"
#include "memory.h"
#include "stop.h"

static const char READING[] = "reading the counts";

static const int64_t BLOCK = 1 << 20; /* cells read at a time */

/* ---- from a corpus */

static status from_corpus(cooccurrence *x, const char *path, const options *o, const comm *world) {
    const group g = comm_group(world);
    corpus_file corpus;
    cooc_counts counts;
    status s = corpus_file_open(&corpus, path, &g);
    if (s.code)
        return s;
    s = cooc_count(&counts, &corpus, o, NULL, world);
    x->matrix = counts.matrix;
    counts.matrix = (cooc_matrix){0};
    x->n_cells = counts.n_cells;
    x->n_nonzeros = counts.n_nonzeros;
    cooc_counts_clear(&counts);
    x->words = corpus.words;
    corpus.words = (wordlist){0};
    x->n_tokens = corpus.n_tokens;
    x->window = o->window;
    snprintf(x->hash, sizeof x->hash, "%s", corpus.hash);
    corpus_file_close(&corpus);
    return s;
}

/* ---- from a file */

/* *offsets becomes the V + 1 offsets of the rows, [begin, end) this rank's rows. */
static status find_rows(const cooc_file *c, const comm *world, int64_t **offsets, int64_t *begin,
                        int64_t *end) {
    const int64_t n = c->words.n;
    const int size = comm_size(world), rank = comm_rank(world);
    int64_t *cells = NULL, *cuts = NULL;
    status s = mem_new(offsets, (size_t)n + 1, sizeof **offsets, "the rows");
    if (!s.code)
        s = mem_new(&cells, (size_t)n, sizeof *cells, "the rows");
    if (!s.code)
        s = mem_new(&cuts, (size_t)size + 1, sizeof *cuts, "the ranks' rows");
    if (!s.code)
        s = cooc_file_offsets(c, 0, n + 1, *offsets);
    for (int64_t i = 0; i < n && !s.code; i++)
        cells[i] = (*offsets)[i + 1] - (*offsets)[i];
    if (!s.code) {
        cooc_share_cut(cells, 0, n, size, cuts);
        *begin = cuts[rank];
        *end = cuts[rank + 1];
    }
    mem_free(&cells);
    mem_free(&cuts);
    return s;
}

static status keep_weights(cooc_matrix *m, int64_t cell, int64_t n, const uint64_t *weights) {
    status s = status_ok();
    for (int64_t k = 0; k < n && !s.code; k++) {
        m->weights[cell + k] = (uint32_t)weights[k];
        if (!(weights[k] >> 32))
            continue;
        s = mem_grow(&m->high, &m->high_room, (size_t)m->n_high + 1, sizeof *m->high,
                     "large co-occurrences");
        if (!s.code)
            m->high[m->n_high++] = (cooc_high){cell + k, (uint32_t)(weights[k] >> 32)};
    }
    return s;
}

/* The cells of m's rows; offsets[V + 1] are the file's. */
static status read_cells(const cooc_file *c, const int64_t *offsets, cooc_matrix *m) {
    uint64_t *weights = NULL;
    size_t room = 0;
    status s = status_ok();
    for (int64_t row = m->begin, end; row < m->end && !s.code; row = end) {
        end = row + 1;
        while (end < m->end && offsets[end + 1] - offsets[row] <= BLOCK)
            end++;
        const int64_t n = offsets[end] - offsets[row], cell = offsets[row] - offsets[m->begin];
        s = stop_check(READING);
        if (!s.code)
            s = mem_grow(&weights, &room, (size_t)n, sizeof *weights, "a block of cells");
        if (!s.code)
            s = cooc_file_read(c, row, end - row, offsets + row, m->columns + cell, weights);
        if (!s.code)
            s = keep_weights(m, cell, n, weights);
        for (int64_t i = row; i <= end && !s.code; i++)
            m->offsets[i - m->begin] = offsets[i] - offsets[m->begin];
    }
    mem_free(&weights);
    return s;
}

/* Local. This rank's rows. */
static status read_rows(const cooc_file *c, const comm *world, cooc_matrix *m) {
    int64_t *offsets = NULL, begin = 0, end = 0;
    status s = find_rows(c, world, &offsets, &begin, &end);
    if (!s.code)
        s = cooc_matrix_new(m, c->words.n, c->header.denominator, begin, end,
                            offsets[end] - offsets[begin]);
    if (!s.code)
        s = read_cells(c, offsets, m);
    mem_free(&offsets);
    return s;
}

static status from_file(cooccurrence *x, const char *path, const options *o, const comm *world) {
    static const char *const of_counting[] = {"window", "weighting", NULL};
    const group g = comm_group(world);
    cooc_file c;
    status s = comm_agree(world, options_refuse(o, of_counting, "counts that are there already"));
    if (!s.code)
        s = cooc_file_open(&c, path, &g);
    if (s.code)
        return s;
    s = stop_agree(world, read_rows(&c, world, &x->matrix), READING);
    x->words = c.words;
    c.words = (wordlist){0};
    x->n_cells = c.header.n_cells;
    x->n_nonzeros = c.header.n_nonzeros;
    x->n_tokens = c.header.n_tokens;
    x->window = c.header.window;
    snprintf(x->hash, sizeof x->hash, "%s", c.header.corpus_hash);
    cooc_file_close(&c);
    return s;
}

status cooccurrence_get(cooccurrence *x, const char *path, const options *o, const comm *world) {
    char kind[64] = "";
    *x = (cooccurrence){0};
    if (comm_rank(world) == 0)
        h5_kind(path, kind, sizeof kind);
    comm_broadcast(world, 0, kind, sizeof kind);
    status s = strcmp(kind, COOC_FILE_KIND) ? from_corpus(x, path, o, world)
                                            : from_file(x, path, o, world);
    if (s.code)
        cooccurrence_clear(x);
    return s;
}

void cooccurrence_clear(cooccurrence *x) {
    cooc_matrix_clear(&x->matrix);
    wordlist_clear(&x->words);
    *x = (cooccurrence){0};
}
