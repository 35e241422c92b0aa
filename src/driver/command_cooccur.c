// SPDX-License-Identifier: Apache-2.0
/* wordshard cooccur: a corpus into a file of co-occurrence counts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command_input.h"
#include "commands.h"
#include "cooc_count.h"
#include "cooc_file.h"
#include "cooccur.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "provenance.h"
#include "stop.h"

typedef struct {
    const options *o;
    const comm *world;
    corpus_file corpus;
    cooc_counts counts;
    cooc_file_header header;
    double counting, writing; /* seconds */
} job;

/* ---- writing */

static void fill_header(job *j) {
    const cooc_counts *y = &j->counts;
    j->header = (cooc_file_header){.n_words = j->corpus.words.n,
                                   .n_cells = y->n_cells,
                                   .n_nonzeros = y->n_nonzeros,
                                   .n_tokens = j->corpus.n_tokens,
                                   .window = j->o->window,
                                   .denominator = y->denominator,
                                   .wide = y->wide};
    snprintf(j->header.weighting, sizeof j->header.weighting, "%s",
             j->o->weighting == WEIGHTING_FLAT ? "flat" : "inverse");
    memcpy(j->header.corpus_hash, j->corpus.hash, sizeof j->header.corpus_hash);
}

/* A piece in the form of the file; the buffers grow. */
typedef struct {
    int64_t *offsets;
    size_t offsets_room;
    uint64_t *weights;
    size_t weights_room;
} form;

/* Weights as whole numbers, row after row, and their hash. */
static void widen(const cooc_matrix *m, uint64_t *weights, content_hash *h) {
    for (int64_t i = m->begin; i < m->end; i++) {
        const int32_t *columns;
        const int64_t n = cooc_matrix_weights(m, i, &columns, weights);
        for (int64_t k = 0; k < n; k++)
            cooc_hash_cell(h, i, columns[k], weights[k]);
        weights += n;
    }
}

static void hash_narrow(const cooc_matrix *m, content_hash *h) {
    for (int64_t i = m->begin; i < m->end; i++)
        for (int64_t c = m->offsets[i - m->begin]; c < m->offsets[i - m->begin + 1]; c++)
            cooc_hash_cell(h, i, m->columns[c], m->weights[c]);
}

static status shape_rows(const cooc_matrix *m, int64_t first, bool wide, form *f, content_hash *h,
                         cooc_file_rows *rows) {
    const int64_t n = m->end - m->begin;
    *rows = (cooc_file_rows){.row = m->begin, .n_rows = n};
    if (n == 0)
        return status_ok();
    rows->n_cells = cooc_matrix_cells(m);
    status s =
        mem_grow(&f->offsets, &f->offsets_room, (size_t)n + 1, sizeof *f->offsets, "rows to write");
    if (!s.code && wide)
        s = mem_grow(&f->weights, &f->weights_room, (size_t)rows->n_cells, sizeof *f->weights,
                     "weights to write");
    if (s.code)
        return s;
    for (int64_t i = 0; i <= n; i++)
        f->offsets[i] = first + m->offsets[i];
    if (wide)
        widen(m, f->weights, h);
    else
        hash_narrow(m, h);
    rows->offsets = f->offsets;
    rows->columns = m->columns;
    rows->weights = wide ? (const void *)f->weights : m->weights;
    return s;
}

/* Collective. Every rank writes as often as the one with the most pieces. */
static status write_pieces(job *j, h5_file *file, cooc_pieces *pieces, content_hash *h) {
    const int64_t calls = comm_max(j->world, j->counts.n_pieces);
    form f = {0};
    status s = status_ok();
    for (int64_t k = 0; k < calls && !s.code; k++) {
        const cooc_matrix *m;
        cooc_file_rows rows;
        int64_t first;
        s = stop_check("writing the counts");
        if (!s.code)
            s = cooc_pieces_next(pieces, &m, &first);
        if (!s.code)
            s = shape_rows(m, first, j->header.wide, &f, h, &rows);
        s = comm_agree(j->world, s);
        if (!s.code)
            s = cooc_file_write(file, &j->header, &rows);
    }
    mem_free(&f.offsets);
    mem_free(&f.weights);
    return s;
}

/* Collective. The hash of everything, from the terms of this rank's cells. */
static status finish_hash(const job *j, content_hash *h) {
    const wordlist *words = &j->corpus.words;
    uint64_t *hashes = NULL;
    status s = comm_agree(
        j->world, mem_new(&hashes, (size_t)words->n, sizeof *hashes, "hashes of the words"));
    if (s.code)
        return s;
    h->a = comm_sum_wrapping(j->world, h->a);
    h->b = comm_sum_wrapping(j->world, h->b);
    wordlist_hash(words, hashes);
    cooc_hash_header(h, &j->header, words, hashes);
    mem_free(&hashes);
    return s;
}

static status write_rows(job *j, h5_file *file) {
    cooc_pieces pieces;
    content_hash h = {0, 0};
    status s = comm_agree(j->world, cooc_pieces_open(&pieces, &j->counts));
    if (!s.code)
        s = write_pieces(j, file, &pieces, &h);
    cooc_pieces_close(&pieces);
    if (!s.code)
        s = finish_hash(j, &h);
    if (!s.code)
        s = cooc_file_finish(file, &h);
    content_hash_text(&h, j->header.hash);
    return s;
}

static status write_file(job *j) {
    const group g = comm_group(j->world);
    h5_file *file = NULL;
    fill_header(j);
    status s = cooc_file_create(&file, j->o->output, &j->header, &j->corpus.words, &g);
    if (!s.code)
        s = write_rows(j, file);
    if (!s.code)
        s = provenance_write(file, j->o, C_COOCCUR, j->world);
    if (!s.code)
        s = provenance_finish(file, j->world);
    if (!s.code)
        s = h5_commit(&file);
    h5_discard(&file);
    return s;
}

/* ---- the result */

static status print_json(const job *j, int64_t peak) {
    const cooc_file_header *h = &j->header;
    const double n = (double)h->n_words;
    return output_json(json_pack(
        "{s:o, s:s, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:f, s:s, s:I, s:I, s:f, s:f, s:I, s:i, "
        "s:i}",
        "output", output_text(j->o->output), "corpus_hash", h->corpus_hash, "words",
        (json_int_t)h->n_words, "tokens", (json_int_t)h->n_tokens, "window", (json_int_t)h->window,
        "weighting", h->weighting, "denominator", (json_int_t)h->denominator, "cells",
        (json_int_t)h->n_cells, "nonzeros", (json_int_t)h->n_nonzeros, "density",
        (double)h->n_nonzeros / (n * n), "content_hash", h->hash, "chunks",
        (json_int_t)j->counts.chunks, "spilled_bytes", (json_int_t)j->counts.spilled,
        "counting_seconds", j->counting, "writing_seconds", j->writing, "peak_memory",
        (json_int_t)peak, "ranks", comm_size(j->world), "threads_per_rank", common_threads(j->o)));
}

static status print_table(const job *j, int64_t peak) {
    const cooc_file_header *h = &j->header;
    const double n = (double)h->n_words;
    char memory[32];
    output_table *table;
    status s = output_table_new(&table, "lr", "co-occurrences\t");
    if (s.code)
        return s;
    output_row(table, "file\t%s", j->o->output);
    output_row(table, "words\t%" PRId64, h->n_words);
    output_row(table, "tokens\t%" PRId64, h->n_tokens);
    output_row(table, "window\t%" PRId64 ", %s", h->window, h->weighting);
    output_row(table, "non-zeros\t%" PRId64, h->n_nonzeros);
    output_row(table, "density\t%.6f %%", 100 * (double)h->n_nonzeros / (n * n));
    output_row(table, "chunks\t%" PRId64, j->counts.chunks);
    output_row(table, "spilled bytes\t%" PRId64, j->counts.spilled);
    output_row(table, "seconds of counting\t%.2f", j->counting);
    output_row(table, "seconds of writing\t%.2f", j->writing);
    output_row(table, "peak memory of a rank\t%s", mem_format(memory, (double)peak));
    return output_print(&table);
}

/* ---- all of it */

static status count_and_write(job *j) {
    char *scratch = NULL;
    const double begin = clock_seconds();
    status s = *j->o->scratch ? mem_string(&scratch, j->o->scratch)
                              : common_folder(j->o->output, &scratch);
    s = comm_agree(j->world, s);
    if (!s.code)
        s = cooc_count(&j->counts, &j->corpus, j->o, scratch, j->world);
    j->counting = clock_seconds() - begin;
    if (!s.code)
        s = write_file(j);
    j->writing = clock_seconds() - begin - j->counting;
    if (!s.code) {
        const int64_t peak = comm_max(j->world, common_peak_memory(1));
        if (comm_rank(j->world) == 0)
            s = j->o->json ? print_json(j, peak) : print_table(j, peak);
        s = comm_agree(j->world, s);
    }
    cooc_counts_clear(&j->counts);
    mem_free(&scratch);
    return s;
}

status command_cooccur(const options *o, const comm *world) {
    static const char *const of_limit[] = {"scratch", NULL};
    const group g = comm_group(world);
    char *path = NULL;
    job j = {.o = o, .world = world};
    status s = o->memory ? status_ok() : options_refuse(o, of_limit, "no --memory limit");
    if (!s.code)
        s = common_check_output(o, world);
    if (!s.code)
        s = command_input(o, world, &path);
    if (!s.code)
        s = corpus_file_open(&j.corpus, path, &g);
    if (!s.code) {
        s = count_and_write(&j);
        corpus_file_close(&j.corpus);
    }
    command_input_end(o, world, &path);
    return s;
}
