// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>

#include "drift_epochs.h"
#include "memory.h"

enum { LISTED = 20 /* words that are shown */ };

#define COLUMNS(columns) (columns), (int)(sizeof(columns) / sizeof *(columns))

/* Sums and means of moves; what is not defined for a word is left out. */
enum { MOVES = sizeof(drift_move) / sizeof(double) };
static double *cell(drift_move *m, int i) {
    double *const cells[MOVES] = {
        &m->displacement, &m->displacement_aligned, &m->euclidean, &m->euclidean_aligned,
        &m->norm,         &m->norm_change,          &m->turnover,  &m->shift};
    return cells[i];
}

static drift_move mean_move(const drift_stride *stride, int64_t first, int64_t last) {
    drift_move sum = {0};
    for (int c = 0; c < MOVES; c++) {
        int64_t defined = 0;
        for (int64_t i = first; i < last; i++) {
            const double x = *cell(&stride->words[i], c);
            defined += isfinite(x);
            *cell(&sum, c) += isfinite(x) ? x : 0;
        }
        *cell(&sum, c) /= (double)defined;
    }
    return sum;
}

#define MOVE_COLUMNS                                                                               \
    {"displacement", RESULT_REAL, 4}, {"displacement_aligned", RESULT_REAL, 4},                    \
        {"euclidean", RESULT_REAL, 4}, {"euclidean_aligned", RESULT_REAL, 4},                      \
        {"norm", RESULT_REAL, 4}, {"norm_change", RESULT_REAL, 4}, {"turnover", RESULT_REAL, 4}, { \
        "neighbourhood_shift", RESULT_REAL, 4                                                      \
    }

static void put_move(const drift_move *m, result_table *t) {
    drift_move copy = *m;
    for (int c = 0; c < MOVES; c++)
        result_put_real(t, *cell(&copy, c));
}

/* ---- epochs and bins */

/* What belongs to an epoch alone: from /training where the run has it. */
static void put_epoch(const drift_epochs *d, int epoch, const run_epoch *trained, result_table *t) {
    const drift_epoch *of = &d->epochs[epoch - 1];
    result_put_real(t, d->turnover_chance);
    result_put_real(t, trained ? trained->update_norm : NAN);
    result_put_real(t, trained ? trained->loss : NAN);
    result_put_real(t, of->eigenvalues.effective_rank);
    result_put_real(t, of->eigenvalues.participation);
    result_put_real(t, of->agreement);
    result_put_real(t, of->purity);
}

/* The first row is the first epoch, which is compared with nothing. */
static status add_epochs(const drift_epochs *d, result *r) {
    static const result_column columns[] = {{"from", RESULT_WHOLE, 0},
                                            {"to", RESULT_WHOLE, 0},
                                            {"words", RESULT_WHOLE, 0},
                                            MOVE_COLUMNS,
                                            {"turnover_chance", RESULT_REAL, 4},
                                            {"update_norm", RESULT_REAL, 4},
                                            {"loss", RESULT_REAL, 6},
                                            {"effective_rank", RESULT_REAL, 2},
                                            {"participation_ratio", RESULT_REAL, 2},
                                            {"cluster_agreement", RESULT_REAL, 4},
                                            {"purity", RESULT_REAL, 4}};
    run_epoch *trained;
    int64_t n;
    status s = run_file_read_training(&d->words.runs[0].run, &n, &trained);
    result_table *t =
        result_add(r, "epochs", "change from epoch to epoch, means over words", COLUMNS(columns));
    for (int e = 1; e <= d->n_epochs && !s.code; e++) {
        drift_move move = {NAN, NAN, NAN, NAN, d->epochs[0].norm, NAN, NAN, NAN};
        if (e > 1)
            move = mean_move(&d->strides[e - 2], 0, d->words.n);
        result_put_whole(t, e - 1);
        result_put_whole(t, e);
        result_put_whole(t, d->words.n);
        put_move(&move, t);
        put_epoch(d, e, e <= n ? &trained[e - 1] : NULL, t);
    }
    mem_free(&trained);
    return s;
}

static void add_bins(const drift_epochs *d, result *r) {
    static const result_column columns[] = {{"from", RESULT_WHOLE, 0},  {"to", RESULT_WHOLE, 0},
                                            {"first", RESULT_WHOLE, 0}, {"last", RESULT_WHOLE, 0},
                                            {"words", RESULT_WHOLE, 0}, MOVE_COLUMNS};
    result_table *t = result_add(
        r, "bins", "change by frequency (rank of the word); last: from the first epoch to the last",
        COLUMNS(columns));
    for (int e = 0; e < d->n_epochs; e++)
        for (int b = 0; b < comparison_bins(d->words.n); b++) {
            const drift_stride *stride = &d->strides[e];
            int64_t first, last;
            comparison_bin(d->words.n, b, &first, &last);
            const drift_move move = mean_move(stride, first, last);
            result_put_whole(t, stride->from);
            result_put_whole(t, stride->to);
            result_put_whole(t, first + 1);
            result_put_whole(t, last);
            result_put_whole(t, last - first);
            put_move(&move, t);
        }
}

/* ---- words */

static void put_word(const drift_epochs *d, int64_t row, result_table *t) {
    size_t length;
    const char *word = comparison_word(&d->words, row, &length);
    result_put_text(t, word, length);
    result_put_whole(t, row + 1);
    result_put_whole(t, d->words.counts[row]);
}

static const result_column word_columns[] = {{"word", RESULT_TEXT, 0},
                                             {"rank", RESULT_WHOLE, 0},
                                             {"count", RESULT_WHOLE, 0},
                                             MOVE_COLUMNS,
                                             {"path_displacement_aligned", RESULT_REAL, 4},
                                             {"path_turnover", RESULT_REAL, 4}};

/* From the first epoch to the last, and the way there: the sum over steps. */
static void put_whole_way(const drift_epochs *d, int64_t row, result_table *t) {
    double moved = 0, turned = 0;
    for (int e = 0; e + 1 < d->n_epochs; e++) {
        moved += d->strides[e].words[row].displacement_aligned;
        turned += d->strides[e].words[row].turnover;
    }
    put_word(d, row, t);
    put_move(&d->strides[d->n_epochs - 1].words[row], t);
    result_put_real(t, moved);
    result_put_real(t, turned);
}

static void add_words(const drift_epochs *d, result *r) {
    static const result_column step_columns[] = {
        {"from", RESULT_WHOLE, 0}, {"to", RESULT_WHOLE, 0},    {"word", RESULT_TEXT, 0},
        {"rank", RESULT_WHOLE, 0}, {"count", RESULT_WHOLE, 0}, MOVE_COLUMNS};
    result_table *words = result_add(r, "words", "each word, from the first epoch to the last",
                                     COLUMNS(word_columns));
    for (int64_t i = 0; i < d->words.n; i++)
        put_whole_way(d, i, words);
    result_table *steps =
        result_add(r, "word_steps", "each word, from epoch to epoch", COLUMNS(step_columns));
    for (int e = 0; e + 1 < d->n_epochs; e++)
        for (int64_t i = 0; i < d->words.n; i++) {
            result_put_whole(steps, d->strides[e].from);
            result_put_whole(steps, d->strides[e].to);
            put_word(d, i, steps);
            put_move(&d->strides[e].words[i], steps);
        }
}

typedef struct {
    double moved;
    int64_t row;
} ranked;

/* What moved most first; undefined ones last. */
static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (isnan(x->moved) != isnan(y->moved))
        return isnan(x->moved) ? 1 : -1;
    if (x->moved != y->moved && !isnan(x->moved))
        return x->moved > y->moved ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static status add_moved(const drift_epochs *d, result *r) {
    ranked *list;
    status s = mem_new(&list, (size_t)d->words.n, sizeof *list, "words");
    for (int64_t i = 0; i < d->words.n && !s.code; i++)
        list[i] = (ranked){d->strides[d->n_epochs - 1].words[i].displacement_aligned, i};
    if (!s.code) {
        qsort(list, (size_t)d->words.n, sizeof *list, compare_ranked);
        result_table *t = result_add(
            r, "moved", "the words that moved most from the first epoch to the last (aligned)",
            COLUMNS(word_columns));
        for (int64_t i = 0; i < d->words.n && i < LISTED; i++)
            put_whole_way(d, list[i].row, t);
    }
    mem_free(&list);
    return s;
}

/* ---- spectrum */

static void add_spectrum(const drift_epochs *d, result *r) {
    static const result_column columns[] = {{"epoch", RESULT_WHOLE, 0},
                                            {"index", RESULT_WHOLE, 0},
                                            {"value", RESULT_REAL, 6},
                                            {"share", RESULT_REAL, 6}};
    result_table *t = result_add(r, "spectrum", "eigenvalues of C = E^T E / n, rows of length 1",
                                 COLUMNS(columns));
    for (int e = 0; e < d->n_epochs; e++) {
        const spectrum *x = &d->epochs[e].eigenvalues;
        for (int64_t j = 0; j < x->n; j++) {
            result_put_whole(t, e + 1);
            result_put_whole(t, j + 1);
            result_put_real(t, x->values[j]);
            result_put_real(t, x->values[j] / x->total);
        }
    }
}

/* ---- */

status drift_epochs_tabulate(const drift_epochs *d, result *r) {
    status s = result_init(r, "drift");
    if (s.code)
        return s;
    result_fact_text(r, "between", "epochs");
    result_fact_text(r, "run", comparison_path(&d->words, 0));
    result_fact_whole(r, "epochs", d->n_epochs);
    result_fact_whole(r, "words", d->words.n);
    result_fact_whole(r, "neighbours", d->k);
    result_fact_whole(r, "clusters", d->n_clusters);
    result_fact_whole(r, "clustered_words", d->n_clustered);
    s = add_epochs(d, r);
    if (s.code)
        return s;
    add_bins(d, r);
    add_words(d, r);
    add_spectrum(d, r);
    s = add_moved(d, r);
    return s.code ? s : result_failure(r);
}
