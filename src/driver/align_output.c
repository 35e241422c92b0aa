// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "align_run.h"
#include "intervals.h"
#include "memory.h"
#include "overlap.h"
#include "provenance.h"
#include "rows.h"
#include "run_file.h"

const char *align_method_name(int method) {
    static const char *const names[] = {"plain", "centred", "scaled", "bias"};
    return names[method];
}

const char *align_rows_name(int rows) {
    return rows == ROWS_UNIT ? "unit" : "raw";
}

/* ---- table of measures */

/* The mean over words with a 95 % interval for other words of the kind; not over other runs. */
static void put_mean(const align_run *run, result_table *t, const char *name, moved_column c,
                     double chance) {
    const interval x = interval_of_values(run->words.n, run->moved[c]);
    result_put_string(t, name);
    result_put_whole(t, x.n_pairs);
    result_put_real(t, x.mean);
    result_put_real(t, x.low);
    result_put_real(t, x.high);
    result_put_real(t, chance);
}

static void put_measure(result_table *t, const char *name, int64_t n, double value, double chance) {
    result_put_string(t, name);
    result_put_whole(t, n);
    result_put_real(t, value);
    result_put_real(t, NAN);
    result_put_real(t, NAN);
    result_put_real(t, chance);
}

static void add_measures(const align_run *run, result *r) {
    static const result_column columns[] = {
        {"measure", RESULT_TEXT, 0}, {"words", RESULT_WHOLE, 0}, {"value", RESULT_REAL, 6},
        {"low", RESULT_REAL, 4},     {"high", RESULT_REAL, 4},   {"chance", RESULT_REAL, 6}};
    const agreement_values *v = &run->values, *c = &run->chance;
    const int64_t n = run->words.n;
    result_table *t =
        result_add(r, "measures", "agreement of the two; intervals are over words", columns, 6);
    put_mean(run, t, "overlap", MOVED_OVERLAP, run->k ? overlap_chance(n, run->k) : NAN);
    put_measure(t, "eis", n, v->eis, c->eis);
    put_measure(t, "eigenspace_overlap", n, v->eigenspace_overlap, c->eigenspace_overlap);
    put_measure(t, "pip", n, v->pip, c->pip);
    put_measure(t, "cka", n, v->cka, c->cka);
    put_measure(t, "rsa_pearson", run->n_rsa, v->rsa_pearson, c->rsa_pearson);
    put_measure(t, "rsa_spearman", run->n_rsa, v->rsa_spearman, c->rsa_spearman);
    put_measure(t, "procrustes_cosine", n, v->procrustes_cosine, c->procrustes_cosine);
    put_measure(t, "procrustes_residual", n, v->procrustes_residual, c->procrustes_residual);
    if (!run->is_mapped)
        return;
    put_mean(run, t, "displacement", MOVED_PLAIN, NAN);
    put_mean(run, t, "displacement_aligned", MOVED_MAPPED, NAN);
    put_measure(t, "residual", n, run->map.residual, NAN);
    put_measure(t, "relative_residual", n, run->map.relative, NAN);
    put_measure(t, "scale", n, run->map.scale, NAN);
}

/* ---- tables of words */

static const result_column WORD_COLUMNS[] = {
    {"word", RESULT_TEXT, 0},         {"rank", RESULT_WHOLE, 0},
    {"count", RESULT_WHOLE, 0},       {"overlap", RESULT_REAL, 4},
    {"displacement", RESULT_REAL, 4}, {"displacement_aligned", RESULT_REAL, 4}};
enum { N_WORD_COLUMNS = sizeof WORD_COLUMNS / sizeof *WORD_COLUMNS };

static void put_word(const align_run *run, result_table *t, int64_t i) {
    size_t length;
    const char *word = comparison_word(&run->words, i, &length);
    result_put_text(t, word, length);
    result_put_whole(t, i + 1);
    result_put_whole(t, run->words.counts[i]);
    result_put_real(t, run->moved[MOVED_OVERLAP][i]);
    result_put_real(t, run->is_mapped ? run->moved[MOVED_PLAIN][i] : NAN);
    result_put_real(t, run->is_mapped ? run->moved[MOVED_MAPPED][i] : NAN);
}

static void add_words(const align_run *run, result *r) {
    result_table *t = result_add(r, "words", "each shared word, from the first run to the second",
                                 WORD_COLUMNS, N_WORD_COLUMNS);
    for (int64_t i = 0; i < run->words.n; i++)
        put_word(run, t, i);
}

typedef struct {
    double moved;
    int64_t word;
} ranked;

/* Farthest first; a word without an angle last. */
static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->moved != y->moved)
        return x->moved > y->moved ? -1 : 1;
    return (x->word > y->word) - (x->word < y->word);
}

enum { FREQUENT = 3000, LISTED = 20 };

static status add_most_moved(const align_run *run, result *r) {
    const int64_t n = run->words.n < FREQUENT ? run->words.n : FREQUENT;
    ranked *list;
    status s = mem_new(&list, (size_t)n, sizeof *list, "words");
    if (s.code)
        return s;
    for (int64_t i = 0; i < n; i++) {
        const double moved = run->moved[MOVED_MAPPED][i];
        list[i] = (ranked){isfinite(moved) ? moved : -1, i};
    }
    qsort(list, (size_t)n, sizeof *list, compare_ranked);
    result_table *t =
        result_add(r, "most_moved", "farthest after the mapping, of the 3000 most frequent words",
                   WORD_COLUMNS, N_WORD_COLUMNS);
    for (int64_t i = 0; i < n && i < LISTED; i++)
        put_word(run, t, list[i].word);
    mem_free(&list);
    return s;
}

status align_tabulate(const align_run *run, result *r) {
    status s = result_init(r, "align");
    if (s.code)
        return s;
    result_fact_text(r, "from", comparison_path(&run->words, 0));
    result_fact_text(r, "onto", comparison_path(&run->words, 1));
    result_fact_whole(r, "shared_words", run->words.n_shared);
    result_fact_whole(r, "words", run->words.n);
    result_fact_whole(r, "neighbours", run->k);
    if (run->is_mapped) {
        result_fact_text(r, "method", align_method_name(run->o->align_method));
        result_fact_text(r, "rows", align_rows_name(run->o->align_rows));
    }
    add_measures(run, r);
    add_words(run, r);
    if (run->is_mapped)
        s = add_most_moved(run, r);
    return s.code ? s : result_failure(r);
}

/* ---- the mapped run */

/* All words of A, also those that B does not have: rows [begin, begin + n) of the file. */
static status map_rows(const align_run *run, int64_t begin, int64_t n, size_t stride, float *rows) {
    const embedding *a = &run->words.runs[0];
    float *sum = NULL;
    status s = mem_new(&sum, (size_t)n * stride, sizeof *sum, "vectors");
    if (!s.code)
        s = embedding_read(&a->run, a->table, a->epoch, begin, n, rows, stride, sum);
    mem_free(&sum);
    for (int64_t i = 0; i < n && !s.code; i++) {
        s = embedding_refuse_infinite(&a->run, begin + i, rows + (size_t)i * stride);
        if (run->o->align_rows == ROWS_UNIT)
            neighbours_normalise(rows + (size_t)i * stride, a->run.dim);
    }
    return s.code ? s : align_rows(&run->map, n, rows, stride, run->threads, rows, stride);
}

static status write_vectors(const align_run *run, h5_file *file) {
    const run_file *a = &run->words.runs[0].run;
    const size_t stride = (size_t)a->dim;
    int64_t begin, n;
    float *rows;
    rows_share(run->world, a->words.n, &begin, &n);
    status s = mem_new(&rows, (size_t)n * stride, sizeof *rows, "vectors");
    if (!s.code)
        s = map_rows(run, begin, n, stride, rows);
    s = comm_agree(run->world, s);
    if (!s.code)
        s = run_file_write_final(file, "vectors", a->words.n, a->dim, begin, n, rows, stride);
    mem_free(&rows);
    return s;
}

static status write_map(const align_run *run, h5_file *file) {
    const alignment *m = &run->map;
    const int64_t rows = comm_rank(run->world) == 0 ? m->dim : 0;
    const h5_dataset rotation = {.name = "/mapping/rotation",
                                 .type = H5_F64,
                                 .rows = m->dim,
                                 .columns = m->dim,
                                 .checksum = true};
    const h5_dataset bias = {
        .name = "/mapping/bias", .type = H5_F64, .rows = m->dim, .checksum = true};
    status s = h5_write(file, &rotation, 0, rows, m->rotation, (size_t)m->dim);
    if (!s.code)
        s = h5_write(file, &bias, 0, rows, m->bias, 1);
    if (!s.code)
        s = h5_set_text(file, "/mapping", "method", align_method_name(run->o->align_method));
    if (!s.code)
        s = h5_set_text(file, "/mapping", "rows", align_rows_name(run->o->align_rows));
    if (!s.code)
        s = h5_set_real(file, "/mapping", "scale", m->scale);
    if (!s.code)
        s = h5_set_real(file, "/mapping", "residual", m->residual);
    if (!s.code)
        s = h5_set_int(file, "/mapping", "words", run->words.n);
    return s;
}

status align_write(const align_run *run) {
    const group g = comm_group(run->world);
    h5_file *file;
    status s = run_file_create(&file, run->o->output, &run->words.runs[0].run.words, &g);
    if (s.code)
        return s;
    s = write_vectors(run, file);
    if (!s.code)
        s = write_map(run, file);
    if (!s.code)
        s = provenance_write(file, run->o, C_ALIGN, run->world);
    if (!s.code)
        s = provenance_finish(file, run->world);
    if (s.code)
        h5_discard(&file);
    else
        s = h5_commit(&file);
    return s;
}
