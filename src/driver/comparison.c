// SPDX-License-Identifier: Apache-2.0
#include "comparison.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* ---- words */

/* The place of the word at place `first` of the first run in run r, or -1. */
static int32_t place_in(const comparison *c, int r, int32_t first) {
    size_t length;
    const char *word = embedding_word(&c->runs[0], first, &length);
    const int32_t id = wordindex_find(c->runs[r].index, word, length);
    return id < 0 ? -1 : c->runs[r].places[id];
}

/* A word that all runs share. */
typedef struct {
    int64_t sum;   /* of its places */
    int32_t first; /* its place in the first run */
    const char *word;
    size_t length;
} shared;

static int compare_shared(const void *a, const void *b) {
    const shared *x = a, *y = b;
    if (x->sum != y->sum)
        return x->sum < y->sum ? -1 : 1;
    const size_t n = x->length < y->length ? x->length : y->length;
    const int order = memcmp(x->word, y->word, n);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static int64_t collect(const comparison *c, shared *list) {
    int64_t n = 0;
    for (int32_t first = 0; first < c->runs[0].n; first++) {
        shared x = {.sum = first, .first = first};
        int32_t place = first;
        for (int r = 1; r < c->n_runs && place >= 0; r++)
            x.sum += place = place_in(c, r, first);
        if (place < 0)
            continue;
        x.word = embedding_word(&c->runs[0], first, &x.length);
        list[n++] = x;
    }
    return n;
}

static status fill(comparison *c, const shared *list) {
    const size_t runs = (size_t)c->n_runs, n = (size_t)c->n;
    status s = mem_new(&c->places, runs * n, sizeof *c->places, "the shared words");
    if (!s.code)
        s = mem_new(&c->counts, n, sizeof *c->counts, "the shared words");
    for (size_t i = 0; i < n && !s.code; i++) {
        double sum = 0;
        for (size_t r = 0; r < runs; r++) {
            const int32_t place = place_in(c, (int)r, list[i].first);
            c->places[r * n + i] = place;
            sum += (double)c->runs[r].run.words.counts[c->runs[r].ids[place]];
        }
        c->counts[i] = (int64_t)(sum / (double)runs + .5);
    }
    return s;
}

/* The run that shares the fewest words with the first. */
static status nothing_shared(const comparison *c) {
    int worst = 1;
    if (c->n_runs == 1)
        return status_error(STATUS_INPUT, "%s has no words but </s> and <unk>",
                            comparison_path(c, 0));
    int64_t fewest = INT64_MAX;
    for (int r = 1; r < c->n_runs; r++) {
        int64_t n = 0;
        for (int32_t first = 0; first < c->runs[0].n; first++)
            n += place_in(c, r, first) >= 0;
        if (n < fewest)
            worst = r;
        fewest = n < fewest ? n : fewest;
    }
    return status_error(STATUS_INPUT,
                        "no word is in all %d runs: %s and %s share %lld words; are they of one "
                        "language, and is --case right?",
                        c->n_runs, comparison_path(c, 0), comparison_path(c, worst),
                        (long long)fewest);
}

static status share_words(comparison *c) {
    shared *list;
    status s = mem_new(&list, (size_t)c->runs[0].n, sizeof *list, "the shared words");
    if (s.code)
        return s;
    c->n_shared = collect(c, list);
    qsort(list, (size_t)c->n_shared, sizeof *list, compare_shared);
    c->n = c->o->top && c->o->top < c->n_shared ? c->o->top : c->n_shared;
    s = c->n ? fill(c, list) : nothing_shared(c);
    mem_free(&list);
    return s;
}

/* ---- life */

/* So that a table or an epoch that a run does not have is met before anything is measured. */
static status read_first_row(const embedding *e) {
    float *row;
    status s = mem_new(&row, (size_t)e->run.dim, sizeof *row, "a vector");
    if (!s.code && e->n)
        s = embedding_copy(e, 1, NULL, 0, row, (size_t)e->run.dim);
    mem_free(&row);
    return s;
}

status comparison_open(comparison *c, int n_runs, char *const *paths, const options *o,
                       const comm *world) {
    *c = (comparison){.o = o, .world = world};
    status s = comm_agree(world, mem_new(&c->runs, (size_t)n_runs, sizeof *c->runs, "runs"));
    for (int r = 0; r < n_runs && !s.code; r++) {
        c->n_runs++;
        s = embedding_open(&c->runs[r], paths[r], o, world);
        if (!s.code)
            s = comm_agree(world, read_first_row(&c->runs[r]));
    }
    return s.code ? s : comm_agree(world, share_words(c));
}

void comparison_close(comparison *c) {
    for (int r = 0; r < c->n_runs; r++)
        embedding_close(&c->runs[r]);
    mem_free(&c->runs);
    mem_free(&c->places);
    mem_free(&c->counts);
}

/* ---- looking */

const char *comparison_word(const comparison *c, int64_t row, size_t *length) {
    return embedding_word(&c->runs[0], c->places[row], length);
}

const char *comparison_path(const comparison *c, int run) {
    return h5_path(c->runs[run].run.file);
}

status comparison_space(const comparison *c, int run, int epoch, space *out) {
    return comparison_space_top(c, run, epoch, c->n, out);
}

status comparison_space_top(const comparison *c, int run, int epoch, int64_t n, space *out) {
    embedding e = c->runs[run];
    e.epoch = epoch;
    status s = space_create(out, c->world, n, e.run.dim);
    if (!s.code)
        s = embedding_copy(&e, out->n_local, c->places + run * c->n + out->begin, 0, out->rows,
                           out->stride);
    return comm_agree(c->world, s);
}

/* ---- bins: 100, 300, 1000, 3000, ... */

static int64_t bin_end(int bin) {
    int64_t end = 100;
    for (int b = 0; b < bin; b++)
        end = b % 2 ? end / 3 * 10 : end * 3;
    return end;
}

int comparison_bins(int64_t n) {
    int bins = 1;
    while (bin_end(bins - 1) < n)
        bins++;
    return bins;
}

void comparison_bin(int64_t n, int bin, int64_t *begin, int64_t *end) {
    *begin = bin ? bin_end(bin - 1) : 0;
    *end = bin_end(bin) < n ? bin_end(bin) : n;
}
