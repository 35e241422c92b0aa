// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "run_facts.h"
#include "stability_run.h"

const char *pair_measure_name(pair_measure m) {
    static const char *const names[PAIR_MEASURES] = {
        [PAIR_OVERLAP] = "overlap",
        [PAIR_JACCARD] = "jaccard",
        [PAIR_EIS] = "eis",
        [PAIR_EIGENSPACE_OVERLAP] = "eigenspace_overlap",
        [PAIR_PIP] = "pip",
        [PAIR_CKA] = "cka",
        [PAIR_RSA_PEARSON] = "rsa_pearson",
        [PAIR_RSA_SPEARMAN] = "rsa_spearman",
        [PAIR_PROCRUSTES_COSINE] = "procrustes_cosine",
        [PAIR_PROCRUSTES_RESIDUAL] = "procrustes_residual"};
    return names[m];
}

static bool two_groups(const stability_run *run) {
    return run->n_first < run->n_runs;
}

static int group_of(const stability_run *run, int r) {
    return r >= run->n_first;
}

/* ---- runs */

static status add_runs(const stability_run *run, result *r) {
    static const result_column columns[] = {{"run", RESULT_WHOLE, 0},
                                            {"group", RESULT_WHOLE, 0},
                                            {"path", RESULT_TEXT, 0},
                                            {"words", RESULT_WHOLE, 0},
                                            {"dim", RESULT_WHOLE, 0},
                                            {"model", RESULT_TEXT, 0},
                                            {"seed_init", RESULT_TEXT, 0},
                                            {"seed_sample", RESULT_TEXT, 0},
                                            {"seed_order", RESULT_TEXT, 0},
                                            {"bootstrap", RESULT_TEXT, 0},
                                            {"ranks", RESULT_TEXT, 0},
                                            {"effective_rank", RESULT_REAL, 1},
                                            {"participation_ratio", RESULT_REAL, 1}};
    result_table *t = result_add(r, "runs", "runs", columns, sizeof columns / sizeof *columns);
    status s = status_ok();
    for (int i = 0; i < run->n_runs && !s.code; i++) {
        const run_file *file = &run->words.runs[i].run;
        run_facts facts;
        s = run_facts_read(&facts, file);
        result_put_whole(t, i);
        result_put_whole(t, group_of(run, i));
        result_put_string(t, comparison_path(&run->words, i));
        result_put_whole(t, file->words.n);
        result_put_whole(t, file->dim);
        result_put_string(t, facts.model);
        result_put_string(t, facts.seed_init);
        result_put_string(t, facts.seed_sample);
        result_put_string(t, facts.seed_order);
        result_put_string(t, facts.bootstrap);
        result_put_string(t, facts.ranks);
        result_put_real(t, run->spectra[i].effective_rank);
        result_put_real(t, run->spectra[i].participation);
    }
    return s;
}

/* ---- pairs and measures */

static void add_pairs(const stability_run *run, result *r) {
    result_column columns[3 + PAIR_MEASURES] = {
        {"a", RESULT_WHOLE, 0}, {"b", RESULT_WHOLE, 0}, {"same_group", RESULT_WHOLE, 0}};
    for (int m = 0; m < PAIR_MEASURES; m++)
        columns[3 + m] = (result_column){pair_measure_name((pair_measure)m), RESULT_REAL, 4};
    result_table *t = result_add(r, "pairs", "pairs of runs", columns, 3 + PAIR_MEASURES);
    for (int a = 0; a < run->n_runs; a++)
        for (int b = a + 1; b < run->n_runs; b++) {
            result_put_whole(t, a);
            result_put_whole(t, b);
            result_put_whole(t, group_of(run, a) == group_of(run, b));
            for (int m = 0; m < PAIR_MEASURES; m++)
                result_put_real(t, run->pairs[m][a * run->n_runs + b]);
        }
}

/* Shares and squared cosines. */
static bool is_share(pair_measure m) {
    return m == PAIR_OVERLAP || m == PAIR_JACCARD || m == PAIR_EIGENSPACE_OVERLAP || m == PAIR_CKA;
}

static void put_interval(result_table *t, const interval *x) {
    result_put_real(t, x->mean);
    result_put_real(t, x->sd);
    result_put_real(t, x->low);
    result_put_real(t, x->high);
}

static void add_measure(const stability_run *run, result_table *t, pair_measure m, interval_of what,
                        const char *whom) {
    const bool difference = what == INTERVAL_DIFFERENCE || what == INTERVAL_EXCESS;
    interval x = interval_of_groups(run->n_first, run->n_runs, run->pairs[m], what);
    if (is_share(m) && !difference)
        x = interval_clip(x, 0, 1);
    result_put_string(t, pair_measure_name(m));
    result_put_string(t, whom);
    result_put_whole(t, x.n_runs);
    result_put_whole(t, x.n_pairs);
    put_interval(t, &x);
    result_put_real(t, difference ? NAN : run->chance[m]);
}

static void add_measures(const stability_run *run, result *r) {
    static const result_column columns[] = {
        {"measure", RESULT_TEXT, 0},  {"group", RESULT_TEXT, 0}, {"n_runs", RESULT_WHOLE, 0},
        {"n_pairs", RESULT_WHOLE, 0}, {"mean", RESULT_REAL, 4},  {"sd", RESULT_REAL, 4},
        {"low", RESULT_REAL, 4},      {"high", RESULT_REAL, 4},  {"chance", RESULT_REAL, 4}};
    static const struct {
        interval_of what;
        const char *name;
    } groups[] = {{INTERVAL_FIRST, "first"},
                  {INTERVAL_SECOND, "second"},
                  {INTERVAL_BETWEEN, "between"},
                  {INTERVAL_DIFFERENCE, "first - second"},
                  {INTERVAL_EXCESS, "between - within"}};
    result_table *t = result_add(r, "measures", "agreement of pairs of runs, 95 % intervals",
                                 columns, sizeof columns / sizeof *columns);
    for (int m = 0; m < PAIR_MEASURES; m++) {
        if (!two_groups(run))
            add_measure(run, t, (pair_measure)m, INTERVAL_FIRST, "all");
        for (size_t g = 0; g < sizeof groups / sizeof *groups && two_groups(run); g++)
            add_measure(run, t, (pair_measure)m, groups[g].what, groups[g].name);
    }
}

/* ---- bins and words */

static interval_of own_groups(const stability_run *run) {
    return two_groups(run) ? INTERVAL_WITHIN : INTERVAL_FIRST;
}

static void add_bins(const stability_run *run, result *r) {
    static const result_column columns[] = {
        {"first", RESULT_WHOLE, 0},  {"last", RESULT_WHOLE, 0},   {"words", RESULT_WHOLE, 0},
        {"overlap", RESULT_REAL, 4}, {"sd", RESULT_REAL, 4},      {"low", RESULT_REAL, 4},
        {"high", RESULT_REAL, 4},    {"jaccard", RESULT_REAL, 4}, {"chance", RESULT_REAL, 4},
        {"between", RESULT_REAL, 4}};
    const stability *s = &run->neighbours;
    const int64_t pairs = (int64_t)run->n_runs * run->n_runs;
    result_table *t = result_add(r, "bins", "neighbours by frequency (rank of the word)", columns,
                                 (int)(sizeof columns / sizeof *columns) - !two_groups(run));
    for (int b = 0; b < run->n_bins; b++) {
        const double *overlap = s->overlap + b * pairs, *jaccard = s->jaccard + b * pairs;
        const interval own = interval_clip(
            interval_of_groups(run->n_first, run->n_runs, overlap, own_groups(run)), 0, 1);
        result_put_whole(t, b ? run->ends[b - 1] + 1 : 1);
        result_put_whole(t, run->ends[b]);
        result_put_whole(t, s->bin_words[b]);
        put_interval(t, &own);
        result_put_real(
            t, interval_of_groups(run->n_first, run->n_runs, jaccard, own_groups(run)).mean);
        result_put_real(t, run->chance[PAIR_OVERLAP]);
        if (two_groups(run))
            result_put_real(
                t, interval_of_groups(run->n_first, run->n_runs, overlap, INTERVAL_BETWEEN).mean);
    }
}

static const result_column word_columns[] = {
    {"word", RESULT_TEXT, 0},   {"rank", RESULT_WHOLE, 0},        {"count", RESULT_WHOLE, 0},
    {"mean", RESULT_REAL, 3},   {"sd", RESULT_REAL, 3},           {"low", RESULT_REAL, 3},
    {"high", RESULT_REAL, 3},   {"displacement", RESULT_REAL, 4}, {"between", RESULT_REAL, 3},
    {"excess", RESULT_REAL, 3}, {"excess_low", RESULT_REAL, 3},   {"excess_high", RESULT_REAL, 3}};

static void put_word(const stability_run *run, result_table *t, int64_t i) {
    const int32_t row = run->queries[i];
    const stability_word *w = &run->neighbours.words[i];
    size_t length;
    const char *word = comparison_word(&run->words, row, &length);
    result_put_text(t, word, length);
    result_put_whole(t, row + 1);
    result_put_whole(t, run->words.counts[row]);
    const double values[] = {w->mean,
                             w->sd,
                             w->low,
                             w->high,
                             run->unaligned ? NAN : run->displacement[row],
                             w->between,
                             w->excess,
                             w->excess_low,
                             w->excess_high};
    for (int j = 0; j < result_columns(t) - 3; j++)
        result_put_real(t, values[j]);
}

/* Without a second group the last four have no meaning. */
static result_table *add_word_table(const stability_run *run, result *r, const char *name,
                                    const char *title) {
    const int all = sizeof word_columns / sizeof *word_columns;
    return result_add(r, name, title, word_columns, two_groups(run) ? all : all - 4);
}

static void add_words(const stability_run *run, result *r) {
    result_table *t = add_word_table(run, r, "words", "stability of each word's neighbours");
    for (int64_t i = 0; i < run->n_queries; i++)
        put_word(run, t, i);
}

typedef struct {
    double mean;
    int64_t query;
} ranked;

/* The least stable first, of equals the more frequent; undefined ones last. */
static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (isnan(x->mean) != isnan(y->mean))
        return isnan(x->mean) ? 1 : -1;
    if (x->mean != y->mean && !isnan(x->mean))
        return x->mean < y->mean ? -1 : 1;
    return (x->query > y->query) - (x->query < y->query);
}

enum { LISTED = 20, FREQUENT = 3000 };

/* Rare words agree least everywhere; among the frequent ones it tells something. */
static status add_least_stable(const stability_run *run, result *r) {
    ranked *list;
    int64_t n = 0;
    status s = mem_new(&list, (size_t)run->n_queries, sizeof *list, "words");
    if (s.code)
        return s;
    while (n < run->n_queries && run->queries[n] < FREQUENT) {
        list[n] = (ranked){run->neighbours.words[n].mean, n};
        n++;
    }
    qsort(list, (size_t)n, sizeof *list, compare_ranked);
    result_table *t =
        result_add(r, "least_stable", "the least stable of the 3000 most frequent words",
                   word_columns, two_groups(run) ? sizeof word_columns / sizeof *word_columns : 8);
    for (int64_t i = 0; i < n && i < LISTED; i++)
        put_word(run, t, list[i].query);
    mem_free(&list);
    return s;
}

/* ---- spectrum */

static void add_spectrum(const stability_run *run, result *r) {
    static const result_column columns[] = {{"run", RESULT_WHOLE, 0},
                                            {"index", RESULT_WHOLE, 0},
                                            {"value", RESULT_REAL, 6},
                                            {"share", RESULT_REAL, 6}};
    result_table *t =
        result_add(r, "spectrum", "eigenvalues of C = E^T E / n, rows of length 1", columns, 4);
    for (int i = 0; i < run->n_runs; i++)
        for (int64_t j = 0; j < run->spectra[i].n; j++) {
            result_put_whole(t, i);
            result_put_whole(t, j + 1);
            result_put_real(t, run->spectra[i].values[j]);
            result_put_real(t, run->spectra[i].values[j] / run->spectra[i].total);
        }
}

/* ---- */

status stability_tabulate(const stability_run *run, result *r) {
    status s = result_init(r, "stability");
    if (s.code)
        return s;
    result_fact_whole(r, "runs", run->n_runs);
    if (two_groups(run))
        result_fact_whole(r, "runs_against", run->n_runs - run->n_first);
    result_fact_whole(r, "shared_words", run->words.n_shared);
    result_fact_whole(r, "words", run->words.n);
    result_fact_whole(r, "queries", run->n_queries);
    result_fact_whole(r, "neighbours", run->k);
    result_fact_whole(r, "rsa_words", run->n_rsa);
    result_fact_real(r, "jaccard_of_all_runs", run->neighbours.jaccard_of_all);
    s = add_runs(run, r);
    if (s.code)
        return s;
    add_measures(run, r);
    add_pairs(run, r);
    add_bins(run, r);
    add_words(run, r);
    add_spectrum(run, r);
    s = add_least_stable(run, r);
    return s.code ? s : result_failure(r);
}
