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

static void put_difference(const filling *f, const char *name, int n, double mean, double low,
                           double high) {
    put_names(f, f->differences);
    result_put_string(f->differences, name);
    result_put_whole(f->differences, n);
    result_put_real(f->differences, mean);
    result_put_real(f->differences, low);
    result_put_real(f->differences, high);
}

/* Overlap of the runs that have the same seed and another number of ranks: n independent pairs. */
static void put_same_seed(const filling *f, int n) {
    const result_table *pairs = result_find(f->from, "pairs");
    const int a = result_column_find(pairs, "a"), b = result_column_find(pairs, "b");
    double sum = 0, squares = 0;
    for (int64_t row = 0; row < result_rows(pairs); row++) {
        if (result_whole(pairs, row, b) - result_whole(pairs, row, a) != n)
            continue;
        const double overlap = number(pairs, row, "overlap");
        sum += overlap;
        squares += overlap * overlap;
    }
    const double mean = sum / n, variance = fmax(0, squares - n * mean * mean) / (n - 1);
    const double error = n > 1 ? interval_t(n - 1) * sqrt(variance / n) : NAN;
    put_difference(f, "overlap, same seed", n, mean, fmax(0, mean - error), fmin(1, mean + error));
}

static void put_ranks(const filling *f) {
    const result_table *m = result_find(f->from, "measures");
    const study_list *counts = &f->x->file.noise[NOISE_RANKS];
    const int n = f->of->n / f->of->n_counts;
    char first[64], second[64], between[160];
    snprintf(first, sizeof first, "ranks %.40s", counts->items[0]);
    snprintf(second, sizeof second, "ranks %.40s", counts->items[1]);
    snprintf(between, sizeof between, "%s against %.40s", first, counts->items[1]);
    put_source(f, first, "first");
    put_source(f, second, "second");
    put_source(f, between, "between");
    const int64_t row = find_row(m, "overlap", "between - within");
    put_same_seed(f, n);
    put_difference(f, "overlap, between - within", n, number(m, row, "mean"), number(m, row, "low"),
                   number(m, row, "high"));
}

/* ---- all of it */

static status add_sample(filling *f, const char *path) {
    const group alone = group_alone();
    h5_file *file = NULL;
    result from;
    status s = result_init(&from, "stability");
    if (!s.code)
        s = h5_open(&file, path, RESULT_FILE_KIND, &alone);
    if (!s.code)
        s = result_read(&from, file);
    if (!s.code && (!result_find(&from, "measures") || !result_find(&from, "pairs")))
        s = status_error(STATUS_INPUT, "%s is no result of stability", path);
    f->from = &from;
    if (!s.code && f->of->kind == NOISE_RANKS)
        put_ranks(f);
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
        {"corpus", RESULT_TEXT, 0}, {"setting", RESULT_TEXT, 0}, {"measure", RESULT_TEXT, 0},
        {"seeds", RESULT_WHOLE, 0}, {"mean", RESULT_REAL, 4},    {"low", RESULT_REAL, 4},
        {"high", RESULT_REAL, 4}};
    filling f = {.x = x};
    f.sources = result_add(r, "sources",
                           "sources of noise: agreement of runs that differ in nothing else, 95 % "
                           "intervals",
                           of_sources, sizeof of_sources / sizeof *of_sources);
    if (x->file.noise[NOISE_RANKS].n > 1)
        f.differences = result_add(r, "ranks", "what the number of ranks changes, 95 % intervals",
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
