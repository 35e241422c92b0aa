// SPDX-License-Identifier: Apache-2.0
#include "drift_epochs.h"

#include <math.h>

#include "align.h"
#include "categories.h"
#include "clusters.h"
#include "commands.h"
#include "drift.h"
#include "evaluation.h"
#include "memory.h"
#include "result_output.h"

enum { CLUSTERED = 1000 /* words, the most frequent */ };

/* An epoch while it is compared. */
typedef struct {
    space rows; /* as they are */
    drift_point point;
    double *norms; /* [n_local] */
} snapshot;

static void clear_snapshot(snapshot *x) {
    space_clear(&x->rows);
    drift_point_clear(&x->point);
    mem_free(&x->norms);
    *x = (snapshot){0};
}

/* ---- one epoch */

static status find_clusters(drift_epochs *d, int epoch) {
    space top = {0}, unit = {0};
    unit_rows all = {0};
    int32_t *classes = NULL;
    categories_result found;
    status s = comparison_space_top(&d->words, 0, epoch, d->n_clustered, &top);
    if (!s.code)
        s = comm_agree(d->world, space_unit(&top, &unit));
    if (!s.code)
        s = space_gather(&unit, &all);
    if (!s.code) /* no classes are known: all words are of the same */
        s = comm_agree(d->world,
                       mem_new(&classes, (size_t)d->n_clustered, sizeof *classes, "classes"));
    if (!s.code)
        s = categories_cluster(d->world, &all, d->n_clusters, classes, 1, d->threads, &found,
                               d->clusters + (int64_t)(epoch - 1) * d->n_clustered);
    mem_free(&classes);
    mem_free(&all.rows);
    space_clear(&unit);
    space_clear(&top);
    return s;
}

/* Mean over the files of --categories. */
static status measure_purity(const drift_epochs *d, int epoch, double *purity) {
    const string_list *files = &d->o->categories;
    embedding e = d->words.runs[0];
    status s = status_ok();
    e.epoch = epoch;
    *purity = files->n ? 0 : NAN;
    for (int i = 0; i < files->n && !s.code; i++) {
        evaluation v;
        s = comm_agree(d->world, evaluation_read(&v, EVALSET_CATEGORIES, files->items[i]));
        if (!s.code)
            s = evaluation_measure(&v, &e, NULL, d->o, d->world);
        *purity += v.value / files->n;
        evaluation_clear(&v);
    }
    return s;
}

static status load(drift_epochs *d, int epoch, snapshot *x) {
    drift_epoch *of = &d->epochs[epoch - 1];
    status s = comparison_space(&d->words, 0, epoch, &x->rows);
    if (!s.code)
        s = drift_point_create(&x->point, &x->rows, d->k, d->threads);
    if (!s.code)
        s = comm_agree(d->world, mem_new(&x->norms, (size_t)x->rows.n_local, sizeof *x->norms,
                                         "lengths of vectors"));
    if (!s.code)
        s = spectrum_find(&x->point.unit, false, d->threads, &of->eigenvalues);
    if (!s.code)
        s = find_clusters(d, epoch);
    if (!s.code)
        s = measure_purity(d, epoch, &of->purity);
    if (s.code)
        return s;
    double sum = 0;
    drift_norms(&x->rows, x->norms);
    for (int64_t i = 0; i < x->rows.n_local; i++)
        sum += x->norms[i];
    of->norm = comm_sum_real(d->world, sum) / (double)x->rows.n;
    d->turnover_chance = drift_turnover_chance(&x->point);
    return s;
}

/* ---- two epochs */

enum { DISPLACEMENT, ALIGNED, EUCLIDEAN, EUCLIDEAN_ALIGNED, TURNOVER, SHIFT, COLUMNS };

static status measure_positions(const drift_epochs *d, const snapshot *a, const snapshot *b,
                                double *const *columns) {
    const align_settings settings = {ALIGN_PLAIN, d->threads};
    alignment rotation = {0};
    status s = align_find(&a->point.unit, &b->point.unit, &settings, &rotation);
    if (!s.code)
        s = align_displacement(&rotation, &a->rows, &b->rows, d->threads, columns[ALIGNED],
                               columns[EUCLIDEAN_ALIGNED]);
    if (!s.code)
        s = align_displacement(NULL, &a->rows, &b->rows, d->threads, columns[DISPLACEMENT],
                               columns[EUCLIDEAN]);
    align_clear(&rotation);
    return comm_agree(d->world, s);
}

static status measure_shift(const drift_epochs *d, const snapshot *a, const snapshot *b,
                            double *out) {
    unit_rows all[2] = {{.n = 0}, {.n = 0}};
    status s = space_gather(&a->point.unit, &all[0]);
    if (!s.code)
        s = space_gather(&b->point.unit, &all[1]);
    if (!s.code)
        drift_shift(&a->point, &b->point, &all[0], &all[1], d->threads, out);
    mem_free(&all[0].rows);
    mem_free(&all[1].rows);
    return s;
}

/* Collective. stride->words of every rank from the columns. */
static status gather_moves(const drift_epochs *d, const snapshot *a, const snapshot *b,
                           double *const *columns, drift_stride *stride) {
    const int64_t n = a->rows.n_local;
    drift_move *mine;
    int64_t bytes;
    status s = comm_agree(d->world, mem_new(&mine, (size_t)n, sizeof *mine, "words"));
    for (int64_t i = 0; i < n && !s.code; i++)
        mine[i] = (drift_move){.displacement = columns[DISPLACEMENT][i],
                               .displacement_aligned = columns[ALIGNED][i],
                               .euclidean = columns[EUCLIDEAN][i],
                               .euclidean_aligned = columns[EUCLIDEAN_ALIGNED][i],
                               .norm = b->norms[i],
                               .norm_change = b->norms[i] - a->norms[i],
                               .turnover = columns[TURNOVER][i],
                               .shift = columns[SHIFT][i]};
    if (!s.code)
        s = comm_concatenate(d->world, mine, n * (int64_t)sizeof *mine, &stride->words, &bytes);
    mem_free(&mine);
    return s;
}

static status measure_stride(drift_epochs *d, const snapshot *a, const snapshot *b,
                             drift_stride *stride) {
    double *columns[COLUMNS] = {NULL};
    status s = status_ok();
    for (int i = 0; i < COLUMNS && !s.code; i++)
        s = mem_new(&columns[i], (size_t)a->rows.n_local, sizeof *columns[i], "words");
    s = comm_agree(d->world, s);
    if (!s.code)
        s = measure_positions(d, a, b, columns);
    if (!s.code)
        s = measure_shift(d, a, b, columns[SHIFT]);
    if (!s.code) {
        drift_turnover(&a->point, &b->point, columns[TURNOVER]);
        s = gather_moves(d, a, b, columns, stride);
    }
    for (int i = 0; i < COLUMNS; i++)
        mem_free(&columns[i]);
    return s;
}

/* The first epoch stays until the last is there. */
static status measure(drift_epochs *d) {
    snapshot first = {0}, held[2] = {first, first};
    const int n = d->n_epochs;
    status s = load(d, 1, &first);
    for (int t = 2; t <= n && !s.code; t++) {
        snapshot *next = &held[t % 2];
        const snapshot *last = t > 2 ? &held[(t - 1) % 2] : &first;
        clear_snapshot(next);
        s = load(d, t, next);
        d->strides[t - 2] = (drift_stride){.from = t - 1, .to = t};
        if (!s.code)
            s = measure_stride(d, last, next, &d->strides[t - 2]);
    }
    d->strides[n - 1] = (drift_stride){.from = 1, .to = n};
    if (!s.code)
        s = measure_stride(d, &first, &held[n % 2], &d->strides[n - 1]);
    clear_snapshot(&first);
    clear_snapshot(&held[0]);
    clear_snapshot(&held[1]);
    for (int t = 0; t < n && !s.code; t++)
        s = clusters_rand(d->n_clustered, d->n_clusters, d->clusters + t * d->n_clustered,
                          d->clusters + (n - 1) * d->n_clustered, &d->epochs[t].agreement);
    return comm_agree(d->world, s);
}

/* ---- */

static status check_epochs(const drift_epochs *d) {
    const run_file *run = &d->words.runs[0].run;
    const char *path = comparison_path(&d->words, 0);
    if (d->n_epochs < 2)
        return status_error(STATUS_INPUT,
                            "%s has %s: two are needed; train with --snapshots all and more "
                            "epochs, or give the runs of several periods",
                            path, d->n_epochs ? "the snapshot of one epoch" : "no epochs");
    for (int t = 1; t <= d->n_epochs; t++)
        if (!run_file_has(run, d->o->table == TABLE_CONTEXT ? "context" : "vectors", t))
            return status_error(STATUS_INPUT, "%s: the snapshot of epoch %d of %d has no %s", path,
                                t, d->n_epochs,
                                d->o->table == TABLE_CONTEXT ? "context vectors" : "vectors");
    return d->words.n < 2 ? status_error(STATUS_INPUT, "%s: one word has no neighbours", path)
                          : status_ok();
}

static status open_epochs(drift_epochs *d) {
    status s = comparison_open(&d->words, 1, d->o->inputs.items, d->o, d->world);
    if (s.code)
        return s;
    d->n_epochs = d->words.runs[0].run.n_epochs;
    d->threads = common_threads(d->o);
    d->k = (int)d->o->neighbours;
    s = check_epochs(d);
    if (s.code)
        return s;
    const size_t epochs = (size_t)d->n_epochs;
    d->n_clustered = d->words.n < CLUSTERED ? d->words.n : CLUSTERED;
    d->n_clusters =
        d->o->drift_clusters < d->n_clustered ? (int)d->o->drift_clusters : (int)d->n_clustered;
    s = mem_new(&d->epochs, epochs, sizeof *d->epochs, "epochs");
    if (!s.code)
        s = mem_new(&d->strides, epochs, sizeof *d->strides, "epochs");
    if (!s.code)
        s = mem_new(&d->clusters, epochs * (size_t)d->n_clustered, sizeof *d->clusters, "clusters");
    return comm_agree(d->world, s);
}

static void close_epochs(drift_epochs *d) {
    for (int t = 0; t < d->n_epochs; t++) {
        if (d->epochs)
            spectrum_clear(&d->epochs[t].eigenvalues);
        if (d->strides)
            mem_free(&d->strides[t].words);
    }
    mem_free(&d->epochs);
    mem_free(&d->strides);
    mem_free(&d->clusters);
    comparison_close(&d->words);
}

status drift_epochs_run(const options *o, const comm *world) {
    static const char *const shown[] = {"epochs", "bins", "moved", NULL};
    static const char *const needless[] = {"to", "change", "fdr", "adjust", NULL};
    drift_epochs d = {.o = o, .world = world};
    result r = {0};
    status s = options_refuse(o, needless, "one run, whose epochs are compared");
    if (!s.code)
        s = open_epochs(&d);
    if (!s.code)
        s = measure(&d);
    if (!s.code)
        s = comm_agree(world, drift_epochs_tabulate(&d, &r));
    if (!s.code)
        s = result_output(&r, o, C_DRIFT, shown, 0, world);
    result_clear(&r);
    close_epochs(&d);
    return s;
}
