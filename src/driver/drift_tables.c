// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drift.h"
#include "drift_periods.h"
#include "memory.h"

enum { LISTED = 20 /* words of a step that are shown */, STEP_TEXT = 200 };

#define COLUMNS(columns) (columns), (int)(sizeof(columns) / sizeof *(columns))

/* "1950s to 1960s" */
static void put_step(const drift_periods *d, const drift_step *step, result_table *t) {
    char text[STEP_TEXT];
    snprintf(text, sizeof text, "%.90s to %.90s", d->groups.periods[step->ends.from],
             d->groups.periods[step->ends.to]);
    result_put_string(t, text);
    result_put_whole(t, step->ends.from);
    result_put_whole(t, step->ends.to);
}

/* ---- periods, steps, bins */

static void add_periods(const drift_periods *d, result *r) {
    static const result_column columns[] = {{"period", RESULT_WHOLE, 0},
                                            {"name", RESULT_TEXT, 0},
                                            {"runs", RESULT_WHOLE, 0},
                                            {"words", RESULT_WHOLE, 0},
                                            {"control_runs", RESULT_WHOLE, 0}};
    result_table *t = result_add(r, "periods", "periods", COLUMNS(columns));
    for (int p = 0; p < d->groups.n_periods; p++) {
        int controls = 0;
        for (int set = 1; set < d->groups.n_sets; set++)
            controls += drift_group_size(&d->groups, set, p);
        result_put_whole(t, p);
        result_put_string(t, d->groups.periods[p]);
        result_put_whole(t, drift_group_size(&d->groups, 0, p));
        result_put_whole(t, d->words.runs[drift_group_run(&d->groups, 0, p)].run.words.n);
        result_put_whole(t, controls);
    }
}

/* What a step and a bin have, behind columns of their own and before others. */
static const result_column mean_columns[] = {{"change", RESULT_REAL, 4},
                                             {"low", RESULT_REAL, 4},
                                             {"high", RESULT_REAL, 4},
                                             {"within", RESULT_REAL, 4},
                                             {"control", RESULT_REAL, 4},
                                             {"displacement_aligned", RESULT_REAL, 4},
                                             {"neighbourhood_shift", RESULT_REAL, 4},
                                             {"turnover", RESULT_REAL, 4},
                                             {"turnover_chance", RESULT_REAL, 4},
                                             {"n_significant", RESULT_WHOLE, 0}};
enum { N_MEAN_COLUMNS = sizeof mean_columns / sizeof *mean_columns, MOST_COLUMNS = 32 };

static result_table *add_means(result *r, const char *name, const char *title,
                               const result_column *before, int n_before,
                               const result_column *after, int n_after) {
    result_column columns[MOST_COLUMNS];
    int n = 0;
    for (int i = 0; i < n_before; i++)
        columns[n++] = before[i];
    for (int i = 0; i < N_MEAN_COLUMNS; i++)
        columns[n++] = mean_columns[i];
    for (int i = 0; i < n_after; i++)
        columns[n++] = after[i];
    return result_add(r, name, title, columns, n);
}

static void put_mean(const drift_periods *d, const drift_mean *m, result_table *t) {
    const double values[] = {m->change.mean, m->change.low, m->change.high,
                             m->within.mean, m->expected,   m->displacement,
                             m->shift,       m->turnover,   d->turnover_chance};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        result_put_real(t, values[i]);
    result_put_whole(t, m->n_significant);
}

static void add_steps(const drift_periods *d, result *r) {
    static const result_column before[] = {
        {"step", RESULT_TEXT, 0},   {"from", RESULT_WHOLE, 0},   {"to", RESULT_WHOLE, 0},
        {"words", RESULT_WHOLE, 0}, {"n_runs", RESULT_WHOLE, 0}, {"n_controls", RESULT_WHOLE, 0}};
    static const result_column after[] = {{"fdr", RESULT_REAL, 3}, {"lowest_p", RESULT_REAL, 7}};
    result_table *t =
        add_means(r, "steps", "change between periods, means over words, 95 % intervals over runs",
                  COLUMNS(before), COLUMNS(after));
    for (int i = 0; i < d->n_steps; i++) {
        const drift_step *step = &d->steps[i];
        put_step(d, step, t);
        result_put_whole(t, d->words.n);
        result_put_whole(t, step->bins[d->n_bins].change.n_runs);
        result_put_whole(t, step->n_controls);
        put_mean(d, &step->bins[d->n_bins], t);
        result_put_real(t, d->o->fdr);
        result_put_real(t, step->n_null ? 1 / (1 + (double)step->n_null) : NAN);
    }
}

static void add_bins(const drift_periods *d, result *r) {
    static const result_column before[] = {{"step", RESULT_TEXT, 0},  {"from", RESULT_WHOLE, 0},
                                           {"to", RESULT_WHOLE, 0},   {"first", RESULT_WHOLE, 0},
                                           {"last", RESULT_WHOLE, 0}, {"words", RESULT_WHOLE, 0}};
    result_table *t =
        add_means(r, "bins", "change by frequency (rank of the word)", COLUMNS(before), NULL, 0);
    for (int i = 0; i < d->n_steps; i++)
        for (int b = 0; b < d->n_bins; b++) {
            int64_t first, last;
            comparison_bin(d->words.n, b, &first, &last);
            put_step(d, &d->steps[i], t);
            result_put_whole(t, first + 1);
            result_put_whole(t, last);
            result_put_whole(t, last - first);
            put_mean(d, &d->steps[i].bins[b], t);
        }
}

/* ---- words */

static const result_column word_columns[] = {{"word", RESULT_TEXT, 0},
                                             {"step", RESULT_TEXT, 0},
                                             {"from", RESULT_WHOLE, 0},
                                             {"to", RESULT_WHOLE, 0},
                                             {"rank", RESULT_WHOLE, 0},
                                             {"count", RESULT_WHOLE, 0},
                                             {"change", RESULT_REAL, 4},
                                             {"low", RESULT_REAL, 4},
                                             {"high", RESULT_REAL, 4},
                                             {"within", RESULT_REAL, 4},
                                             {"control", RESULT_REAL, 4},
                                             {"excess", RESULT_REAL, 4},
                                             {"score", RESULT_REAL, 2},
                                             {"p", RESULT_REAL, 6},
                                             {"q", RESULT_REAL, 4},
                                             {"significant", RESULT_WHOLE, 0},
                                             {"displacement_aligned", RESULT_REAL, 4},
                                             {"neighbourhood_shift", RESULT_REAL, 4},
                                             {"turnover", RESULT_REAL, 4}};

/* What a word changed beyond noise, by what is known of noise. */
static double excess_of(const drift_word *w) {
    return w->change - (isfinite(w->expected) ? w->expected : isfinite(w->within) ? w->within : 0);
}

static void put_word(const drift_periods *d, const drift_step *step, int64_t row, result_table *t) {
    const drift_word *w = &step->words[row];
    size_t length;
    const char *word = comparison_word(&d->words, row, &length);
    const double values[] = {w->change,    w->low,   w->high, w->within, w->expected,
                             excess_of(w), w->score, w->p,    w->q};
    result_put_text(t, word, length);
    put_step(d, step, t);
    result_put_whole(t, row + 1);
    result_put_whole(t, d->words.counts[row]);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        result_put_real(t, values[i]);
    result_put_whole(t, w->significant);
    result_put_real(t, w->displacement);
    result_put_real(t, w->shift);
    result_put_real(t, w->turnover);
}

static void add_words(const drift_periods *d, result *r) {
    result_table *t = result_add(r, "words", "change of each word", COLUMNS(word_columns));
    for (int i = 0; i < d->n_steps; i++)
        for (int64_t row = 0; row < d->words.n; row++)
            put_word(d, &d->steps[i], row, t);
}

/* ---- the words that changed most */

typedef struct {
    int step; /* -1: none */
    int64_t row;
    bool significant;
    double excess;
} ranked;

/* Significant ones first, then by excess; undefined ones last. */
static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->significant != y->significant)
        return x->significant ? -1 : 1;
    if (isnan(x->excess) != isnan(y->excess))
        return isnan(x->excess) ? 1 : -1;
    if (x->excess != y->excess && !isnan(x->excess))
        return x->excess > y->excess ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The first *n of a step, at most LISTED of them. *list is new: [words]. */
static status rank_words(const drift_periods *d, int step, ranked **list, int64_t *n) {
    status s = mem_new(list, (size_t)d->words.n, sizeof **list, "words");
    *n = d->words.n < LISTED ? d->words.n : LISTED;
    for (int64_t i = 0; i < d->words.n && !s.code; i++) {
        const drift_word *w = &d->steps[step].words[i];
        (*list)[i] = (ranked){step, i, w->significant, excess_of(w)};
    }
    if (!s.code)
        qsort(*list, (size_t)d->words.n, sizeof **list, compare_ranked);
    return s;
}

/* chosen: [n_steps * LISTED], *n_chosen of them set: rows of the words that are in the table. */
static status add_changed(const drift_periods *d, result *r, int32_t *chosen, int64_t *n_chosen) {
    result_table *t = result_add(
        r, "changed",
        d->groups.n_sets > 1
            ? "the words that changed most: significant ones first, by what exceeds the control"
            : "the words that changed most: by what exceeds the spread within periods",
        COLUMNS(word_columns));
    status s = status_ok();
    *n_chosen = 0;
    for (int i = 0; i < d->n_steps && !s.code; i++) {
        ranked *list;
        int64_t n;
        s = rank_words(d, i, &list, &n);
        for (int64_t j = 0; j < n && !s.code; j++) {
            bool known = false;
            put_word(d, &d->steps[i], list[j].row, t);
            for (int64_t c = 0; c < *n_chosen; c++)
                known = known || chosen[c] == list[j].row;
            if (!known)
                chosen[(*n_chosen)++] = (int32_t)list[j].row;
        }
        mem_free(&list);
    }
    return s;
}

/* Neighbours of the chosen words in the first run of a period. */
static status add_period_neighbours(const drift_periods *d, int period, const int32_t *chosen,
                                    int64_t n, result_table *t) {
    const int k = d->k < d->words.n - 1 ? d->k : (int)(d->words.n - 1);
    space rows = {0}, unit = {0};
    unit_rows all = {0};
    neighbour *found = NULL;
    status s = comparison_space(&d->words, drift_group_run(&d->groups, 0, period), 0, &rows);
    if (!s.code)
        s = comm_agree(d->world, space_unit(&rows, &unit));
    if (!s.code)
        s = space_gather(&unit, &all);
    if (!s.code)
        s = mem_new(&found, (size_t)n * (size_t)k, sizeof *found, "neighbours");
    if (!s.code)
        s = neighbours_nearest(&all, n, chosen, k, d->threads, found);
    for (int64_t i = 0; i < n * k && !s.code; i++) {
        size_t length;
        const char *word = comparison_word(&d->words, chosen[i / k], &length);
        result_put_text(t, word, length);
        result_put_whole(t, period);
        result_put_whole(t, i % k + 1);
        word = comparison_word(&d->words, found[i].row, &length);
        result_put_text(t, word, length);
        result_put_real(t, found[i].score);
    }
    mem_free(&found);
    mem_free(&all.rows);
    space_clear(&unit);
    space_clear(&rows);
    return comm_agree(d->world, s);
}

static status add_neighbours(const drift_periods *d, result *r, const int32_t *chosen, int64_t n) {
    static const result_column columns[] = {{"word", RESULT_TEXT, 0},
                                            {"period", RESULT_WHOLE, 0},
                                            {"rank", RESULT_WHOLE, 0},
                                            {"neighbour", RESULT_TEXT, 0},
                                            {"cosine", RESULT_REAL, 3}};
    result_table *t = result_add(
        r, "neighbours", "nearest words of those that changed most, in a period's first run",
        COLUMNS(columns));
    status s = status_ok();
    for (int p = 0; p < d->groups.n_periods && !s.code; p++)
        s = add_period_neighbours(d, p, chosen, n, t);
    return s;
}

/* ---- */

static void add_facts(const drift_periods *d, result *r) {
    static const char *const changes[] = {"displacement_aligned", "neighbourhood_shift"};
    static const char *const adjusts[] = {"Benjamini-Hochberg", "Benjamini-Yekutieli"};
    result_fact_text(r, "between", "periods");
    result_fact_text(r, "change", changes[d->o->change]);
    result_fact_whole(r, "shared_words", d->words.n_shared);
    result_fact_whole(r, "words", d->words.n);
    result_fact_whole(r, "neighbours", d->k);
    result_fact_whole(r, "controls", d->groups.n_sets - 1);
    result_fact_real(r, "fdr", d->o->fdr);
    result_fact_text(r, "adjust", adjusts[d->o->adjust]);
}

status drift_periods_tabulate(const drift_periods *d, result *r) {
    int32_t *chosen = NULL;
    int64_t n = 0;
    status s = result_init(r, "drift");
    if (!s.code)
        s = mem_new(&chosen, (size_t)d->n_steps * LISTED, sizeof *chosen, "words");
    if (!s.code) {
        add_facts(d, r);
        add_periods(d, r);
        add_steps(d, r);
        add_bins(d, r);
        add_words(d, r);
        s = add_changed(d, r, chosen, &n);
    }
    s = comm_agree(d->world, s);
    if (!s.code)
        s = add_neighbours(d, r, chosen, n);
    mem_free(&chosen);
    return s.code ? s : comm_agree(d->world, result_failure(r));
}
