// SPDX-License-Identifier: Apache-2.0
#include "drift_periods.h"

#include <math.h>
#include <string.h>

#include "align.h"
#include "commands.h"
#include "drift.h"
#include "log.h"
#include "memory.h"
#include "result_output.h"
#include "significance.h"

static void tell(drift_periods *d, const drift_step *step, const char *set) {
    if (log_due(&d->told))
        log_progress("drift: %s%s to %s%s", d->groups.periods[step->ends.from], set,
                     d->groups.periods[step->ends.to], set);
}

/* ---- runs of a period */

typedef struct {
    int set, period; /* -1: none */
    int n;
    drift_point *points; /* [n] */
} runs;

static void clear_runs(runs *r) {
    for (int i = 0; i < r->n && r->points; i++)
        drift_point_clear(&r->points[i]);
    mem_free(&r->points);
    *r = (runs){.period = -1};
}

/* Neighbours are looked for where a shift or turnover is measured. */
static bool wants_neighbours(const drift_periods *d, int set) {
    return !set || d->o->change == CHANGE_SHIFT;
}

static status load_runs(const drift_periods *d, int set, int period, runs *r) {
    if (r->period == period && r->set == set)
        return status_ok();
    clear_runs(r);
    *r = (runs){.set = set, .period = period, .n = drift_group_size(&d->groups, set, period)};
    status s = comm_agree(d->world, mem_new(&r->points, (size_t)r->n, sizeof *r->points, "runs"));
    for (int i = 0; i < r->n && !s.code; i++) {
        space rows = {0};
        s = comparison_space(&d->words, drift_group_run(&d->groups, set, period) + i, 0, &rows);
        if (!s.code)
            s = drift_point_create(&r->points[i], &rows, wants_neighbours(d, set) ? d->k : 0,
                                   d->threads);
        space_clear(&rows);
    }
    return s;
}

/* ---- pairs of runs */

/* The runs of the two periods of a step, and what was measured between them. */
typedef struct {
    const drift_periods *d;
    const runs *from, *to;
    int n;           /* runs of both */
    int64_t n_local; /* words here */
    double *change;  /* [n][n][n_local] of what --change names, above the diagonal */
    double *displacement, *shift, *turnover; /* [n_local] sums over pairs between periods */
    double *values;                          /* [n_local] work space */
    double *pairs;                           /* [n][n] of one word */
    unit_rows all[2];                        /* of the two runs that are being compared */
} pairs;

static const drift_point *point_of(const pairs *p, int i) {
    return i < p->from->n ? &p->from->points[i] : &p->to->points[i - p->from->n];
}

static bool between(const pairs *p, int a, int b) {
    return a < p->from->n && b >= p->from->n;
}

static double *change_of(const pairs *p, int a, int b) {
    return p->change + ((int64_t)a * p->n + b) * p->n_local;
}

static status new_pairs(pairs *p, const drift_periods *d, const runs *from, const runs *to) {
    const size_t n = (size_t)(from->n + to->n), words = (size_t)from->points[0].unit.n_local;
    *p = (pairs){.d = d, .from = from, .to = to, .n = (int)n, .n_local = (int64_t)words};
    status s = mem_new(&p->change, n * n * words, sizeof *p->change, "pairs of runs");
    double **const columns[] = {&p->displacement, &p->shift, &p->turnover, &p->values};
    for (size_t i = 0; i < sizeof columns / sizeof *columns && !s.code; i++)
        s = mem_new(columns[i], words, sizeof(double), "words");
    return s.code ? s : mem_new(&p->pairs, n * n, sizeof *p->pairs, "pairs of runs");
}

static void clear_pairs(pairs *p) {
    mem_free(&p->change);
    mem_free(&p->displacement);
    mem_free(&p->shift);
    mem_free(&p->turnover);
    mem_free(&p->values);
    mem_free(&p->pairs);
    mem_free(&p->all[0].rows);
    mem_free(&p->all[1].rows);
}

/* The values of a pair: kept if they are what --change names, and summed between periods. */
static void keep(pairs *p, int a, int b, bool is_change, double *sums) {
    if (is_change)
        memcpy(change_of(p, a, b), p->values, (size_t)p->n_local * sizeof *p->values);
    for (int64_t i = 0; i < p->n_local && between(p, a, b); i++)
        sums[i] += p->values[i];
}

static status measure_displacement(pairs *p, int a, int b) {
    const space *x = &point_of(p, a)->unit, *y = &point_of(p, b)->unit;
    const align_settings settings = {ALIGN_PLAIN, p->d->threads};
    alignment rotation = {0};
    status s = align_find(x, y, &settings, &rotation);
    if (!s.code)
        s = comm_agree(p->d->world,
                       align_displacement(&rotation, x, y, p->d->threads, p->values, NULL));
    align_clear(&rotation);
    if (!s.code)
        keep(p, a, b, p->d->o->change == CHANGE_DISPLACEMENT, p->displacement);
    return s;
}

static status measure_neighbours(pairs *p, int a, int b) {
    const drift_point *x = point_of(p, a), *y = point_of(p, b);
    status s = space_gather(&y->unit, &p->all[1]);
    if (s.code)
        return s;
    drift_shift(x, y, &p->all[0], &p->all[1], p->d->threads, p->values);
    keep(p, a, b, p->d->o->change == CHANGE_SHIFT, p->shift);
    drift_turnover(x, y, p->values);
    keep(p, a, b, false, p->turnover);
    mem_free(&p->all[1].rows);
    return s;
}

static status measure_pairs(pairs *p) {
    const bool shift = p->d->o->change == CHANGE_SHIFT;
    status s = status_ok();
    for (int a = 0; a < p->n && !s.code; a++) {
        const bool neighbours = wants_neighbours(p->d, p->from->set) && a + 1 < p->n;
        if (neighbours)
            s = space_gather(&point_of(p, a)->unit, &p->all[0]);
        for (int b = a + 1; b < p->n && !s.code; b++) {
            const bool wanted = between(p, a, b) || !p->from->set; /* within: what happened only */
            if (wanted && (!shift || between(p, a, b)))
                s = measure_displacement(p, a, b);
            if (!s.code && wanted && neighbours && (shift || between(p, a, b)))
                s = measure_neighbours(p, a, b);
        }
        mem_free(&p->all[0].rows);
    }
    return s;
}

/* ---- words */

/* pairs[n][n], symmetric, of one word. */
static void take_word(pairs *p, int64_t i) {
    for (int a = 0; a < p->n; a++)
        for (int b = a + 1; b < p->n; b++)
            p->pairs[a * p->n + b] = p->pairs[b * p->n + a] = change_of(p, a, b)[i];
}

static drift_word judge_word(pairs *p, int64_t i) {
    const double n_between = (double)p->from->n * p->to->n;
    take_word(p, i);
    const interval change =
        interval_clip(interval_of_groups(p->from->n, p->n, p->pairs, INTERVAL_BETWEEN), 0, 2);
    return (drift_word){.displacement = p->displacement[i] / n_between,
                        .shift = p->shift[i] / n_between,
                        .turnover = p->turnover[i] / n_between,
                        .change = change.mean,
                        .low = change.low,
                        .high = change.high,
                        .within =
                            interval_of_groups(p->from->n, p->n, p->pairs, INTERVAL_WITHIN).mean,
                        .expected = NAN,
                        .score = NAN,
                        .p = NAN,
                        .q = NAN};
}

/* Collective. *words is new: [n] on every rank. */
static status judge_words(pairs *p, drift_word **words) {
    drift_word *mine;
    int64_t bytes;
    status s = comm_agree(p->d->world, mem_new(&mine, (size_t)p->n_local, sizeof *mine, "words"));
    for (int64_t i = 0; i < p->n_local && !s.code; i++)
        mine[i] = judge_word(p, i);
    if (!s.code)
        s = comm_concatenate(p->d->world, mine, p->n_local * (int64_t)sizeof *mine, words, &bytes);
    mem_free(&mine);
    return s;
}

/* ---- means over the words of a bin */

/* Sums of the words here and on all ranks: [bins + 1][n][n + 1], the last column of a row counts
 * the words whose change is defined. */
static status sum_bins(const pairs *p, double *sums, size_t size) {
    const int n = p->n, n_bins = p->d->n_bins, ranks = comm_size(p->d->world);
    const int64_t begin = p->from->points[0].unit.begin;
    double *gathered;
    for (int bin = 0; bin < n_bins; bin++) {
        int64_t first, last;
        comparison_bin(p->d->words.n, bin, &first, &last);
        first = first > begin ? first - begin : 0;
        last = last - begin < p->n_local ? last - begin : p->n_local;
        for (int a = 0; a < n; a++)
            for (int b = a + 1; b < n; b++)
                for (int64_t i = first; i < last; i++)
                    if (isfinite(change_of(p, a, b)[i]))
                        sums[(bin * n + a) * n + b] += change_of(p, a, b)[i];
    }
    status s = comm_agree(p->d->world, mem_new(&gathered, (size_t)ranks * size, sizeof *gathered,
                                               "means over words"));
    if (s.code)
        return s;
    comm_gather_reals(p->d->world, sums, size, gathered);
    memset(sums, 0, size * sizeof *sums);
    for (size_t i = 0; i < (size_t)ranks * size; i++)
        sums[i % size] += gathered[i];
    mem_free(&gathered);
    return s;
}

/* Means of the columns of words [first, last). */
static void mean_words(const drift_word *words, int64_t first, int64_t last, drift_mean *m) {
    double defined = 0, shifted = 0;
    m->displacement = m->shift = m->turnover = 0;
    for (int64_t i = first; i < last; i++) {
        defined += isfinite(words[i].displacement);
        m->displacement += isfinite(words[i].displacement) ? words[i].displacement : 0;
        shifted += isfinite(words[i].shift);
        m->shift += isfinite(words[i].shift) ? words[i].shift : 0;
        m->turnover += words[i].turnover / (double)(last - first);
    }
    m->displacement /= defined;
    m->shift /= shifted;
}

static void mean_bin(pairs *p, const double *sums, const drift_word *words, int64_t first,
                     int64_t last, drift_mean *m) {
    double defined = 0;
    for (int64_t i = first; i < last; i++)
        defined += isfinite(words[i].change);
    for (int a = 0; a < p->n; a++)
        for (int b = a + 1; b < p->n; b++)
            p->pairs[a * p->n + b] = p->pairs[b * p->n + a] = sums[a * p->n + b] / defined;
    m->change =
        interval_clip(interval_of_groups(p->from->n, p->n, p->pairs, INTERVAL_BETWEEN), 0, 2);
    m->within = interval_of_groups(p->from->n, p->n, p->pairs, INTERVAL_WITHIN);
    m->expected = NAN;
    mean_words(words, first, last, m);
}

static status mean_bins(pairs *p, drift_step *step) {
    const int n_bins = p->d->n_bins;
    const size_t square = (size_t)p->n * (size_t)p->n, size = (size_t)n_bins * square;
    double *sums = NULL;
    status s = mem_new(&sums, size + square, sizeof *sums, "means over words");
    if (!s.code)
        s = mem_new(&step->bins, (size_t)n_bins + 1, sizeof *step->bins, "means over words");
    s = comm_agree(p->d->world, s);
    if (!s.code)
        s = sum_bins(p, sums, size);
    for (int bin = 0; bin < n_bins && !s.code; bin++) {
        int64_t first, last;
        comparison_bin(p->d->words.n, bin, &first, &last);
        mean_bin(p, sums + (size_t)bin * square, step->words, first, last, &step->bins[bin]);
        for (size_t i = 0; i < square; i++)
            sums[size + i] += sums[(size_t)bin * square + i];
    }
    if (!s.code)
        mean_bin(p, sums + size, step->words, 0, p->d->words.n, &step->bins[n_bins]);
    mem_free(&sums);
    return s;
}

/* ---- controls */

/* Collective. *change is new: [n] of every word, its mean over the pairs between the periods. */
static status gather_change(pairs *p, double **change) {
    const double n_between = (double)p->from->n * p->to->n;
    const double *sums = p->d->o->change == CHANGE_SHIFT ? p->shift : p->displacement;
    int64_t bytes;
    for (int64_t i = 0; i < p->n_local; i++)
        p->values[i] = sums[i] / n_between;
    return comm_concatenate(p->d->world, p->values, p->n_local * (int64_t)sizeof *p->values, change,
                            &bytes);
}

/* Collective. The change of every word between the periods of a step in one control. */
static status measure_control(const drift_periods *d, const drift_step *step, int set, runs *from,
                              runs *to, double **change) {
    pairs p = {0};
    status s = load_runs(d, set, step->ends.from, from);
    if (!s.code)
        s = load_runs(d, set, step->ends.to, to);
    if (!s.code)
        s = comm_agree(d->world, new_pairs(&p, d, from, to));
    if (!s.code)
        s = measure_pairs(&p);
    if (!s.code)
        s = gather_change(&p, change);
    clear_pairs(&p);
    return s;
}

/* The columns of significance.h, and what of them the bins have. */
static status test_words(const drift_periods *d, drift_step *step, double *const *control) {
    const int64_t n = d->words.n;
    double *columns[5] = {NULL}; /* change, expected, score, p, q */
    status s = status_ok();
    for (int i = 0; i < 5 && !s.code; i++)
        s = mem_new(&columns[i], (size_t)n, sizeof *columns[i], "words");
    for (int64_t i = 0; i < n && !s.code; i++)
        columns[0][i] = step->words[i].change;
    const significance_task task = {.n = n,
                                    .n_controls = step->n_controls,
                                    .change = columns[0],
                                    .control = (const double *const *)control};
    if (!s.code)
        s = significance_test(&task, columns[1], columns[2], columns[3], &step->n_null);
    if (!s.code)
        s = significance_adjust(n, columns[3], d->o->adjust == ADJUST_BY, columns[4]);
    for (int64_t i = 0; i < n && !s.code; i++) {
        drift_word *w = &step->words[i];
        w->expected = columns[1][i];
        w->score = columns[2][i];
        w->p = columns[3][i];
        w->q = columns[4][i];
        w->significant = w->q <= d->o->fdr;
    }
    for (int i = 0; i < 5; i++)
        mem_free(&columns[i]);
    return s;
}

static void mean_controls(const drift_periods *d, drift_step *step) {
    for (int bin = 0; bin <= d->n_bins; bin++) {
        drift_mean *m = &step->bins[bin];
        int64_t first = 0, last = d->words.n, defined = 0;
        if (bin < d->n_bins)
            comparison_bin(d->words.n, bin, &first, &last);
        double sum = 0;
        for (int64_t i = first; i < last; i++) {
            const drift_word *w = &step->words[i];
            defined += isfinite(w->expected);
            sum += isfinite(w->expected) ? w->expected : 0;
            m->n_significant += w->significant;
        }
        m->expected = sum / (double)defined;
    }
}

/* Collective. The changes of every word in the controls of a step: control[n_controls]. */
static status measure_controls(drift_periods *d, const drift_step *step, double **control) {
    runs from = {.period = -1}, to = {.period = -1};
    status s = status_ok();
    for (int set = 1, c = 0; set < d->groups.n_sets && !s.code; set++) {
        if (!drift_group_serves(&d->groups, set, step->ends))
            continue;
        tell(d, step, d->groups.sets[set]);
        s = measure_control(d, step, set, &from, &to, &control[c++]);
    }
    clear_runs(&from);
    clear_runs(&to);
    return s;
}

static status compare_controls(drift_periods *d, drift_step *step) {
    const int n = step->n_controls;
    double **control = NULL;
    if (!n)
        return status_ok();
    status s =
        comm_agree(d->world, mem_new(&control, (size_t)n, sizeof *control, "changes of words"));
    if (!s.code)
        s = measure_controls(d, step, control);
    if (!s.code)
        s = comm_agree(d->world, test_words(d, step, control));
    if (!s.code)
        mean_controls(d, step);
    for (int c = 0; c < n && control; c++)
        mem_free(&control[c]);
    mem_free(&control);
    return s;
}

/* ---- steps */

static status measure_step(drift_periods *d, drift_step *step, runs *from, runs *to) {
    pairs p = {0};
    tell(d, step, "");
    status s = load_runs(d, 0, step->ends.from, from);
    if (!s.code)
        s = load_runs(d, 0, step->ends.to, to);
    if (!s.code)
        s = comm_agree(d->world, new_pairs(&p, d, from, to));
    if (!s.code)
        s = measure_pairs(&p);
    if (!s.code)
        s = judge_words(&p, &step->words);
    if (!s.code)
        s = mean_bins(&p, step);
    clear_pairs(&p);
    if (!s.code)
        d->turnover_chance = drift_turnover_chance(&from->points[0]);
    return s.code ? s : compare_controls(d, step);
}

/* A period's runs stay for the next step: it begins where the last one ended. */
static status measure_steps(drift_periods *d) {
    runs held[2] = {{.period = -1}, {.period = -1}};
    status s = status_ok();
    for (int i = 0; i < d->n_steps && !s.code; i++) {
        drift_step *step = &d->steps[i];
        if (held[1].period == step->ends.from) {
            const runs swapped = held[0];
            held[0] = held[1];
            held[1] = swapped;
        }
        s = measure_step(d, step, &held[0], &held[1]);
    }
    clear_runs(&held[0]);
    clear_runs(&held[1]);
    return s;
}

static status plan_steps(drift_periods *d) {
    const int n = d->groups.n_periods - 1;
    status s = mem_new(&d->steps, (size_t)n, sizeof *d->steps, "steps");
    for (; d->n_steps < n && !s.code; d->n_steps++) {
        const drift_ends ends = drift_ends_of(d->groups.reference, d->n_steps);
        d->steps[d->n_steps] =
            (drift_step){.ends = ends, .n_controls = drift_groups_controls(&d->groups, ends)};
    }
    return s;
}

/* ---- */

static status check_runs(const drift_periods *d) {
    for (int r = 1; r < d->words.n_runs; r++)
        if (d->words.runs[r].run.dim != d->words.runs[0].run.dim)
            return status_error(STATUS_INPUT,
                                "%s has %lld columns, %s %lld: displacement is between vectors of "
                                "one number of columns",
                                comparison_path(&d->words, 0), (long long)d->words.runs[0].run.dim,
                                comparison_path(&d->words, r), (long long)d->words.runs[r].run.dim);
    if (d->words.n < 2)
        return status_error(STATUS_INPUT,
                            "the runs share one word only: there is nothing to compare it with");
    return status_ok();
}

static status open_periods(drift_periods *d) {
    status s = drift_groups_read(&d->groups, d->o, d->world);
    if (!s.code)
        s = comm_agree(d->world, plan_steps(d));
    if (!s.code)
        s = comparison_open(&d->words, d->groups.n_runs, d->groups.paths, d->o, d->world);
    if (!s.code)
        s = check_runs(d);
    d->threads = common_threads(d->o);
    d->k = (int)d->o->neighbours;
    d->n_bins = s.code ? 0 : comparison_bins(d->words.n);
    return s;
}

status drift_periods_run(const options *o, const comm *world) {
    static const char *const shown[] = {"steps", "bins", "changed", NULL};
    static const char *const needless[] = {"clusters", "categories", NULL};
    drift_periods d = {.o = o, .world = world, .told = clock_seconds()};
    result r = {0};
    status s = options_refuse(o, needless, "more than one run");
    if (!s.code)
        s = open_periods(&d);
    if (!s.code)
        s = measure_steps(&d);
    if (!s.code && d.groups.n_sets == 1)
        log_info("no --control: changes have no p; docs/drift.md tells what a control is");
    if (!s.code)
        s = drift_periods_tabulate(&d, &r);
    if (!s.code)
        s = result_output(&r, o, C_DRIFT, shown, 0, world);
    result_clear(&r);
    for (int i = 0; i < d.n_steps; i++) {
        mem_free(&d.steps[i].words);
        mem_free(&d.steps[i].bins);
    }
    mem_free(&d.steps);
    comparison_close(&d.words);
    drift_groups_clear(&d.groups);
    return s;
}
