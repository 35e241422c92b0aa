// SPDX-License-Identifier: Apache-2.0
/* The table of sources of noise: how far runs agree that differ in nothing else. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "h5.h"
#include "intervals.h"
#include "memory.h"
#include "result_output.h"
#include "study_results.h"

typedef struct {
    const study *x;
    const study_sample *of;
    const result *from; /* of stability */
    result_table *sources, *differences;
} filling;

/* ---- numbers of a result of stability */

static bool is_text(const result_table *t, int64_t row, const char *column, const char *text) {
    size_t n;
    return !strcmp(result_text(t, row, result_column_find(t, column), &n), text);
}

/* The row of a measure and a group, or -1. */
static int64_t find_row(const result_table *measures, const char *measure, const char *whom) {
    for (int64_t row = 0; row < result_rows(measures); row++)
        if (is_text(measures, row, "measure", measure) && is_text(measures, row, "group", whom))
            return row;
    return -1;
}

static double number(const result_table *t, int64_t row, const char *column) {
    return row < 0 ? NAN : result_real(t, row, result_column_find(t, column));
}

/* ---- rows */

static void put_names(const filling *f, result_table *t) {
    result_put_string(t, f->x->inputs[f->of->input].name);
    result_put_string(t, f->x->settings[f->of->setting].name);
}

static void put_source(const filling *f, const char *name, const char *whom) {
    static const char *const of_overlap[] = {"mean", "sd", "low", "high", "chance"};
    static const char *const of_eis[] = {"mean", "low", "high", "chance"};
    const result_table *m = result_find(f->from, "measures");
    const int64_t overlap = find_row(m, "overlap", whom), eis = find_row(m, "eis", whom);
    put_names(f, f->sources);
    result_put_string(f->sources, name);
    result_put_whole(f->sources, (int64_t)number(m, overlap, "n_runs"));
    result_put_whole(f->sources, (int64_t)number(m, overlap, "n_pairs"));
    for (size_t i = 0; i < sizeof of_overlap / sizeof *of_overlap; i++)
        result_put_real(f->sources, number(m, overlap, of_overlap[i]));
    for (size_t i = 0; i < sizeof of_eis / sizeof *of_eis; i++)
        result_put_real(f->sources, number(m, eis, of_eis[i]));
}

static void put_difference(const filling *f, const char *name, const interval *x) {
    put_names(f, f->differences);
    result_put_string(f->differences, name);
    result_put_whole(f->differences, x->n_runs);
    result_put_whole(f->differences, x->n_pairs);
    result_put_real(f->differences, x->mean);
    result_put_real(f->differences, x->low);
    result_put_real(f->differences, x->high);
}

/* ---- n seeds, each on two numbers of ranks: run i and run n + i have the same */

/* The overlap of runs a and b, of 2 n. */
static void read_pairs(const result *from, int n, double *overlap) {
    const result_table *t = result_find(from, "pairs");
    const int a = result_column_find(t, "a"), b = result_column_find(t, "b");
    for (int64_t row = 0; row < result_rows(t); row++) {
        const int64_t i = result_whole(t, row, a), j = result_whole(t, row, b);
        if (i >= 0 && i < 2 * n && j >= 0 && j < 2 * n)
            overlap[i * 2 * n + j] = overlap[j * 2 * n + i] = number(t, row, "overlap");
    }
}

/* Mean over seeds, which are independent. values: [n] work space. */
static interval same_seed(int n, const double *overlap, double *values) {
    for (int i = 0; i < n; i++)
        values[i] = overlap[i * 2 * n + n + i];
    interval x = interval_clip(interval_of_values(n, values), 0, 1);
    x.n_runs = 2 * n;
    return x;
}

/* Seeds i and j on different numbers of ranks, less those on the same number if `less`: for each
 * pair of seeds, so that seeds are what is resampled. */
static interval other_seed(int n, const double *overlap, bool less, double *pairs) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const double *of_i = overlap + i * 2 * n, *of_i_too = overlap + (n + i) * 2 * n;
            const double between = (of_i[n + j] + of_i_too[j]) / 2;
            pairs[i * n + j] = between - (less ? (of_i[j] + of_i_too[n + j]) / 2 : 0);
        }
    interval x = interval_of_pairs(n, pairs);
    x.n_runs *= 2;
    x.n_pairs *= 2;
    return x;
}

static status put_ranks(const filling *f) {
    const study_list *counts = &f->x->file.noise[NOISE_RANKS];
    const int n = f->of->n / f->of->n_counts;
    char name[64];
    double *overlap = NULL, *pairs = NULL;
    status s = mem_new(&overlap, 4 * (size_t)n * (size_t)n, sizeof *overlap, "pairs of runs");
    if (!s.code)
        s = mem_new(&pairs, (size_t)n * (size_t)n, sizeof *pairs, "pairs of runs");
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "ranks %.40s", counts->items[i]);
        put_source(f, name, i ? "second" : "first");
    }
    if (!s.code) {
        read_pairs(f->from, n, overlap);
        const interval same = same_seed(n, overlap, pairs);
        const interval other = other_seed(n, overlap, false, pairs);
        const interval more = other_seed(n, overlap, true, pairs);
        put_difference(f, "overlap of the same seed", &same);
        put_difference(f, "overlap of another seed", &other);
        put_difference(f, "another seed - within", &more);
    }
    mem_free(&overlap);
    mem_free(&pairs);
    return s;
}

/* ---- all of it */

static status add_sample(filling *f, const char *path) {
    const group alone = group_alone();
    h5_file *file = NULL;
    result from = {0};
    status s = h5_open(&file, path, RESULT_FILE_KIND, &alone);
    if (!s.code)
        s = result_read(&from, file);
    if (!s.code && (!result_find(&from, "measures") || !result_find(&from, "pairs")))
        s = status_error(STATUS_INPUT, "%s is no result of stability", path);
    f->from = &from;
    if (!s.code && f->of->kind == NOISE_RANKS)
        s = put_ranks(f);
    else if (!s.code)
        put_source(f, noise_name(f->of->kind), "all");
    f->from = NULL;
    h5_close(&file);
    result_clear(&from);
    return s;
}

static status fill(const study *x, char *const *paths, result *r) {
    static const result_column of_sources[] = {
        {"corpus", RESULT_TEXT, 0},   {"setting", RESULT_TEXT, 0},   {"source", RESULT_TEXT, 0},
        {"n_runs", RESULT_WHOLE, 0},  {"n_pairs", RESULT_WHOLE, 0},  {"overlap", RESULT_REAL, 3},
        {"sd", RESULT_REAL, 3},       {"low", RESULT_REAL, 3},       {"high", RESULT_REAL, 3},
        {"chance", RESULT_REAL, 4},   {"eis", RESULT_REAL, 4},       {"eis_low", RESULT_REAL, 4},
        {"eis_high", RESULT_REAL, 4}, {"eis_chance", RESULT_REAL, 4}};
    static const result_column of_differences[] = {
        {"corpus", RESULT_TEXT, 0},  {"setting", RESULT_TEXT, 0},  {"measure", RESULT_TEXT, 0},
        {"n_runs", RESULT_WHOLE, 0}, {"n_pairs", RESULT_WHOLE, 0}, {"mean", RESULT_REAL, 4},
        {"low", RESULT_REAL, 4},     {"high", RESULT_REAL, 4}};
    filling f = {.x = x};
    f.sources = result_add(r, "sources",
                           "sources of noise: agreement of runs that differ in nothing else, 95 % "
                           "intervals",
                           of_sources, sizeof of_sources / sizeof *of_sources);
    if (x->file.noise[NOISE_RANKS].n > 1)
        f.differences = result_add(r, "ranks", "runs on different numbers of ranks, 95 % intervals",
                                   of_differences, sizeof of_differences / sizeof *of_differences);
    status s = status_ok();
    for (int i = 0; i < x->n_samples && !s.code; i++) {
        f.of = &x->samples[i];
        if (paths[i])
            s = add_sample(&f, paths[i]);
    }
    return s;
}

/* Which file is what. */
static void list_runs(const study *x, result *r) {
    static const result_column columns[] = {
        {"run", RESULT_TEXT, 0},          {"corpus", RESULT_TEXT, 0},
        {"setting", RESULT_TEXT, 0},      {"seed_init", RESULT_WHOLE, 0},
        {"seed_sample", RESULT_WHOLE, 0}, {"seed_order", RESULT_WHOLE, 0},
        {"bootstrap", RESULT_WHOLE, 0},   {"ranks", RESULT_WHOLE, 0}};
    result_table *t =
        result_add(r, "runs", "runs of the study", columns, sizeof columns / sizeof *columns);
    for (int i = 0; i < x->n_runs; i++) {
        const study_run *run = &x->runs[i];
        result_put_string(t, run->name);
        result_put_string(t, x->inputs[run->input].name);
        result_put_string(t, x->settings[run->setting].name);
        result_put_whole(t, run->variant.init);
        result_put_whole(t, run->variant.sampling);
        result_put_whole(t, run->variant.order);
        result_put_whole(t, run->variant.bootstrap);
        result_put_whole(t, run->variant.ranks);
    }
}

status study_sources(const study *x, char *const *paths) {
    static const char *const shown[] = {"sources", "ranks", NULL};
    result r;
    options o = *x->o; /* borrowed strings but for the output */
    char *output = NULL, *csv = NULL;
    status s = result_init(&r, "study");
    if (!s.code)
        s = study_path(x, "results", "study", ".h5", &output);
    if (!s.code)
        s = study_path(x, "results", "study", "", &csv);
    if (!s.code)
        s = fill(x, paths, &r);
    s = comm_agree(x->world, s);
    if (!s.code) {
        result_fact_text(&r, "study", x->file.path);
        result_fact_whole(&r, "runs", x->n_runs);
        list_runs(x, &r);
        o.output = output;
        o.csv = csv;
        o.overwrite = true;
        s = result_output(&r, &o, C_STUDY, shown, 0, x->world);
    }
    result_clear(&r);
    mem_free(&output);
    mem_free(&csv);
    return s;
}
