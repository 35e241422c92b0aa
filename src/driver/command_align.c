// SPDX-License-Identifier: Apache-2.0
/* align: the mapping that takes the vectors of one run onto those of another, and how far the two
 * are alike. */
#include <math.h>
#include <string.h>

#include "align_run.h"
#include "commands.h"
#include "memory.h"
#include "overlap.h"
#include "result_output.h"

static status check(const options *o) {
    if (o->inputs.n != 2)
        return status_error(STATUS_USAGE,
                            "align takes two run files, the one to be mapped and the one to map it "
                            "onto; %d given",
                            o->inputs.n);
    return status_ok();
}

static status make_room(align_run *run) {
    status s = status_ok();
    for (int c = 0; c < MOVED_COLUMNS && !s.code; c++)
        s = mem_new(&run->moved[c], (size_t)run->words.n, sizeof(double), "words");
    return s;
}

static void undefine(align_run *run, moved_column c) {
    for (int64_t i = 0; i < run->words.n; i++)
        run->moved[c][i] = NAN;
}

/* ---- neighbours */

/* Each rank asks for its part of the words. */
static status find_neighbours(align_run *run, const space *s, int32_t *lists) {
    unit_rows all;
    int32_t *queries = NULL;
    status made = space_gather(s, &all);
    if (made.code)
        return made;
    made = mem_new(&queries, (size_t)s->n_local, sizeof *queries, "words");
    for (int64_t i = 0; i < s->n_local && !made.code; i++)
        queries[i] = (int32_t)(s->begin + i);
    if (!made.code)
        made = overlap_lists(&all, s->n_local, queries, run->k, run->threads, lists);
    mem_free(&queries);
    mem_free(&all.rows);
    return comm_agree(run->world, made);
}

static status measure_neighbours(align_run *run, const agreement_space *both) {
    const space *x = &both[0].rows;
    const size_t size = (size_t)x->n_local * (size_t)run->k;
    int32_t *lists[2] = {NULL, NULL};
    double *overlap = run->moved[MOVED_OVERLAP];
    if (!run->k) {
        undefine(run, MOVED_OVERLAP);
        return status_ok();
    }
    status s = mem_new(&lists[0], size, sizeof **lists, "neighbours");
    if (!s.code)
        s = mem_new(&lists[1], size, sizeof **lists, "neighbours");
    s = comm_agree(run->world, s);
    for (int i = 0; i < 2 && !s.code; i++)
        s = find_neighbours(run, &both[i].rows, lists[i]);
    for (int64_t i = 0; i < x->n_local && !s.code; i++)
        overlap[x->begin + i] =
            (double)overlap_shared(lists[0] + i * run->k, lists[1] + i * run->k, run->k) / run->k;
    if (!s.code)
        comm_spread(run->world, overlap, (size_t)x->n * sizeof *overlap);
    mem_free(&lists[0]);
    mem_free(&lists[1]);
    return s;
}

/* ---- spaces */

static status prepare(const align_run *run, int i, const space *rows, agreement_space *a) {
    const status s = agreement_prepare(a, rows, run->threads);
    if (s.code != STATUS_INPUT)
        return s;
    return status_error(s.code, "%s: %s", comparison_path(&run->words, i), s.message);
}

/* RSA may be asked of fewer words than the other measures. */
static status measure_rsa(align_run *run, agreement_space *both) {
    const agreement_settings settings = {.measures = AGREEMENT_PEARSON | AGREEMENT_SPEARMAN,
                                         .threads = run->threads};
    agreement_space small[2] = {0};
    agreement_values v;
    status s = status_ok();
    for (int i = 0; i < 2 && run->n_rsa < run->words.n && !s.code; i++) {
        space rows = {0};
        s = comparison_space_top(&run->words, i, (int)run->o->epoch, run->n_rsa, &rows);
        if (!s.code)
            s = prepare(run, i, &rows, &small[i]);
        space_clear(&rows);
    }
    agreement_space *chosen = run->n_rsa < run->words.n ? small : both;
    if (!s.code)
        s = agreement_measure(&chosen[0], &chosen[1], &settings, &v);
    if (!s.code) {
        run->values.rsa_pearson = v.rsa_pearson;
        run->values.rsa_spearman = v.rsa_spearman;
    }
    agreement_clear(&small[0]);
    agreement_clear(&small[1]);
    return s;
}

static status measure_spaces(align_run *run, agreement_space *both) {
    const agreement_settings settings = {.measures = AGREEMENT_CHEAP & ~AGREEMENT_PEARSON,
                                         .alpha = run->o->eis_alpha,
                                         .threads = run->threads};
    status s = agreement_measure(&both[0], &both[1], &settings, &run->values);
    if (!s.code)
        s = agreement_chance(&both[0], &both[1], &settings, &run->chance);
    if (!s.code && run->n_rsa)
        s = measure_rsa(run, both);
    return s.code ? s : measure_neighbours(run, both);
}

/* ---- the mapping */

/* How far each word is from itself in x and y; a NULL: before the mapping. */
static status measure_words(align_run *run, const alignment *a, const space *x, const space *y,
                            moved_column c) {
    double *moved = run->moved[c];
    const status s =
        comm_agree(run->world, align_displacement(a, x, y, run->threads, moved + x->begin, NULL));
    if (!s.code)
        comm_spread(run->world, moved, (size_t)x->n * sizeof *moved);
    return s;
}

static status find_map(align_run *run, const space *x, const space *y) {
    const align_settings settings = {(align_method)run->o->align_method, run->threads};
    status s = align_find(x, y, &settings, &run->map);
    if (!s.code)
        s = measure_words(run, NULL, x, y, MOVED_PLAIN);
    return s.code ? s : measure_words(run, &run->map, x, y, MOVED_MAPPED);
}

static status measure(align_run *run) {
    space raw[2] = {0};
    agreement_space both[2] = {0};
    status s = status_ok();
    for (int i = 0; i < 2 && !s.code; i++) {
        s = comparison_space(&run->words, i, (int)run->o->epoch, &raw[i]);
        if (!s.code)
            s = prepare(run, i, &raw[i], &both[i]);
    }
    const bool unit = run->o->align_rows == ROWS_UNIT;
    if (!s.code && run->is_mapped)
        s = find_map(run, unit ? &both[0].rows : &raw[0], unit ? &both[1].rows : &raw[1]);
    space_clear(&raw[0]);
    space_clear(&raw[1]);
    if (!s.code)
        s = measure_spaces(run, both);
    agreement_clear(&both[0]);
    agreement_clear(&both[1]);
    return s;
}

/* ---- */

static status open_runs(align_run *run) {
    const options *o = run->o;
    status s = comparison_open(&run->words, 2, o->inputs.items, o, run->world);
    if (s.code)
        return s;
    const int64_t n = run->words.n,
                  columns[] = {run->words.runs[0].run.dim, run->words.runs[1].run.dim};
    run->threads = common_threads(o);
    run->k = (int)(o->neighbours < n - 1 ? o->neighbours : n - 1);
    run->n_rsa = o->rsa < n ? o->rsa : n;
    run->is_mapped = columns[0] == columns[1];
    if (!run->is_mapped && *o->output)
        return status_error(STATUS_INPUT,
                            "%s has %lld columns and %s %lld: a rotation keeps their number; "
                            "without -o they are compared by what does not need it",
                            o->inputs.items[0], (long long)columns[0], o->inputs.items[1],
                            (long long)columns[1]);
    return comm_agree(run->world, make_room(run));
}

static void close_run(align_run *run) {
    for (int c = 0; c < MOVED_COLUMNS; c++)
        mem_free(&run->moved[c]);
    align_clear(&run->map);
    comparison_close(&run->words);
}

/* -o is the mapped run, so that the result goes to --csv and standard output only. */
static status put_out(const align_run *run, result *r) {
    static const char *const shown[] = {"measures", "most_moved", NULL};
    char nothing[] = "";
    options without = *run->o;
    without.output = nothing;
    return result_output(r, &without, C_ALIGN, shown, 20, run->world);
}

status command_align(const options *o, const comm *world) {
    align_run run = {.o = o, .world = world};
    result r = {0};
    status s = check(o);
    if (!s.code && *o->output)
        s = common_check_output(o, world);
    if (!s.code)
        s = open_runs(&run);
    if (!s.code)
        s = measure(&run);
    if (!s.code)
        s = comm_agree(world, align_tabulate(&run, &r));
    if (!s.code && *o->output)
        s = align_write(&run);
    if (!s.code)
        s = put_out(&run, &r);
    result_clear(&r);
    close_run(&run);
    return s;
}
