// SPDX-License-Identifier: Apache-2.0
/* stability: agreement between runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "align.h"
#include "commands.h"
#include "log.h"
#include "memory.h"
#include "overlap.h"
#include "random.h"
#include "result_output.h"
#include "stability_run.h"

/* ---- what is compared */

static status refuse_same(char *const *paths, int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (!strcmp(paths[i], paths[j]))
                return status_error(STATUS_USAGE, "%s is given twice; each run counts once",
                                    paths[i]);
    return status_ok();
}

static status open_runs(stability_run *run) {
    const options *o = run->o;
    const string_list *lists[] = {&o->inputs, &o->against, &o->reference};
    char **paths = NULL;
    int n = 0;
    run->n_first = o->inputs.n;
    run->n_runs = o->inputs.n + o->against.n;
    run->n_references = o->reference.n;
    if (run->n_runs < 2)
        return status_error(STATUS_USAGE, "two run files or more are needed, %d given",
                            run->n_runs);
    if (run->n_references > 2)
        return status_error(STATUS_USAGE, "--reference takes one run or two, %d given",
                            run->n_references);
    status s = mem_new(&paths, (size_t)(run->n_runs + run->n_references), sizeof *paths, "paths");
    for (int l = 0; l < 3 && !s.code; l++)
        for (int i = 0; i < lists[l]->n; i++)
            paths[n++] = lists[l]->items[i];
    if (!s.code)
        s = refuse_same(paths, run->n_runs);
    s = comm_agree(run->world, s);
    if (!s.code)
        s = comparison_open(&run->words, n, paths, o, run->world);
    mem_free(&paths);
    return s;
}

static int compare_draws(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* --queries: the n words with the lowest draws, so that the same seed asks for the same words. */
static status choose_queries(stability_run *run) {
    const int64_t n = run->words.n;
    const uint64_t key = random_key((uint64_t)run->o->seed, RANDOM_QUERY, 0);
    run->n_queries = run->o->queries && run->o->queries < n ? run->o->queries : n;
    uint64_t *draws = NULL;
    status s = mem_new(&run->queries, (size_t)run->n_queries, sizeof *run->queries, "words");
    if (!s.code)
        s = mem_new(&draws, (size_t)n, sizeof *draws, "words");
    for (int64_t i = 0; i < n && !s.code; i++)
        draws[i] = random_at(key, (uint64_t)i);
    if (!s.code) {
        qsort(draws, (size_t)n, sizeof *draws, compare_draws);
        const uint64_t highest = draws[run->n_queries - 1];
        int64_t chosen = 0;
        for (int64_t i = 0; i < n; i++) /* no two draws of a stream are equal */
            if (random_at(key, (uint64_t)i) <= highest)
                run->queries[chosen++] = (int32_t)i;
    }
    mem_free(&draws);
    return s;
}

static status choose_words(stability_run *run) {
    const options *o = run->o;
    const int64_t n = run->words.n;
    if (n < 2)
        return status_error(STATUS_INPUT,
                            "the runs share one word only: there are no neighbours to compare");
    run->threads = common_threads(o);
    run->k = o->neighbours < n - 1 ? (int)o->neighbours : (int)(n - 1);
    run->n_rsa = o->rsa < n ? o->rsa : n;
    run->n_bins = comparison_bins(n);
    status s = mem_new(&run->ends, (size_t)run->n_bins, sizeof *run->ends, "bins");
    for (int b = 0; b < run->n_bins && !s.code; b++) {
        int64_t begin;
        comparison_bin(n, b, &begin, &run->ends[b]);
    }
    return s.code ? s : choose_queries(run);
}

static status make_room(stability_run *run) {
    const size_t runs = (size_t)run->n_runs, spaces = runs + (size_t)run->n_references;
    const stability_settings settings = {.n_runs = run->n_runs,
                                         .n_first = run->n_first,
                                         .k = run->k,
                                         .n = run->n_queries,
                                         .queries = run->queries,
                                         .n_bins = run->n_bins,
                                         .ends = run->ends,
                                         .threads = run->threads};
    status s = mem_new(&run->spaces, spaces, sizeof *run->spaces, "runs");
    if (!s.code)
        s = mem_new(&run->small, runs, sizeof *run->small, "runs");
    if (!s.code)
        s = mem_new(&run->spectra, runs, sizeof *run->spectra, "runs");
    for (int m = 0; m < PAIR_MEASURES && !s.code; m++)
        s = mem_new(&run->pairs[m], runs * runs, sizeof *run->pairs[m], "pairs of runs");
    if (!s.code)
        s = mem_new(&run->displacement, (size_t)run->words.n, sizeof *run->displacement, "words");
    return s.code ? s : stability_open(&run->neighbours, &settings, run->world);
}

/* ---- measuring */

static void tell(stability_run *run, const char *what, int done, int all) {
    if (log_due(&run->told))
        log_progress("stability: %s %d of %d", what, done, all);
}

/* What concerns one run: its space, spectrum and neighbours. */
static status measure_run(stability_run *run, int r) {
    space rows = {0};
    unit_rows all = {0};
    status s = comparison_space(&run->words, r, (int)run->o->epoch, &rows);
    if (!s.code)
        s = agreement_prepare(&run->spaces[r], &rows, run->threads);
    if (!s.code && r < run->n_runs)
        s = comm_agree(run->world,
                       spectrum_from_singular(run->spaces[r].svd.values, run->spaces[r].svd.rank,
                                              rows.n, &run->spectra[r]));
    space_clear(&rows);
    if (!s.code && r < run->n_runs)
        s = space_gather(&run->spaces[r].rows, &all);
    if (!s.code && r < run->n_runs)
        s = comm_agree(run->world, stability_add(&run->neighbours, &all));
    mem_free(&all.rows);
    if (s.code || r >= run->n_runs || !run->n_rsa || run->n_rsa == run->words.n)
        return s;
    s = comparison_space_top(&run->words, r, (int)run->o->epoch, run->n_rsa, &rows);
    if (!s.code)
        s = agreement_prepare(&run->small[r], &rows, run->threads);
    space_clear(&rows);
    return s;
}

static void set_pair(stability_run *run, pair_measure m, int a, int b, double value) {
    run->pairs[m][a * run->n_runs + b] = run->pairs[m][b * run->n_runs + a] = value;
}

/* The rotation of a onto b; mean cosine and residual, and each word's part of the displacement. */
static status measure_alignment(stability_run *run, int a, int b, double *moved) {
    const space *x = &run->spaces[a].rows, *y = &run->spaces[b].rows;
    const align_settings settings = {ALIGN_PLAIN, run->threads};
    double sum = 0, defined = 0;
    alignment rotation = {0};
    if (x->dim != y->dim) {
        set_pair(run, PAIR_PROCRUSTES_COSINE, a, b, NAN);
        set_pair(run, PAIR_PROCRUSTES_RESIDUAL, a, b, NAN);
        run->unaligned = true;
        return status_ok();
    }
    status s = align_find(x, y, &settings, &rotation);
    if (!s.code)
        s = comm_agree(run->world, align_displacement(&rotation, x, y, run->threads, moved, NULL));
    const int pairs = run->n_runs * (run->n_runs - 1) / 2;
    for (int64_t i = 0; i < x->n_local && !s.code; i++) {
        run->displacement[x->begin + i] += moved[i] / pairs;
        defined += isfinite(moved[i]);
        sum += isfinite(moved[i]) ? 1 - moved[i] : 0;
    }
    if (!s.code) {
        sum = comm_sum_real(run->world, sum);
        defined = comm_sum_real(run->world, defined);
        set_pair(run, PAIR_PROCRUSTES_COSINE, a, b, sum / defined);
        set_pair(run, PAIR_PROCRUSTES_RESIDUAL, a, b, rotation.residual);
    }
    align_clear(&rotation);
    return s;
}

static agreement_settings settings_of(const stability_run *run, unsigned measures) {
    agreement_settings of = {
        .measures = measures, .alpha = run->o->eis_alpha, .threads = run->threads};
    for (int i = 0; i < 2 && run->n_references; i++)
        of.references[i] =
            &run->spaces[run->n_runs + (i < run->n_references ? i : run->n_references - 1)];
    return of;
}

enum {
    RSA = AGREEMENT_PEARSON | AGREEMENT_SPEARMAN,
    SPACES = AGREEMENT_EIS | AGREEMENT_OVERLAP | AGREEMENT_PIP | AGREEMENT_CKA
};

static agreement_space *rsa_space(stability_run *run, int r) {
    return run->n_rsa == run->words.n ? &run->spaces[r] : &run->small[r];
}

static status measure_pair(stability_run *run, int a, int b, double *moved) {
    const agreement_settings spaces = settings_of(run, SPACES), rsa = settings_of(run, RSA);
    agreement_values v, w = {.rsa_pearson = NAN, .rsa_spearman = NAN};
    status s = agreement_measure(&run->spaces[a], &run->spaces[b], &spaces, &v);
    if (!s.code && run->n_rsa)
        s = agreement_measure(rsa_space(run, a), rsa_space(run, b), &rsa, &w);
    if (s.code)
        return s;
    set_pair(run, PAIR_EIS, a, b, v.eis);
    set_pair(run, PAIR_EIGENSPACE_OVERLAP, a, b, v.eigenspace_overlap);
    set_pair(run, PAIR_PIP, a, b, v.pip);
    set_pair(run, PAIR_CKA, a, b, v.cka);
    set_pair(run, PAIR_RSA_PEARSON, a, b, w.rsa_pearson);
    set_pair(run, PAIR_RSA_SPEARMAN, a, b, w.rsa_spearman);
    return measure_alignment(run, a, b, moved);
}

static status measure_chance(stability_run *run) {
    const agreement_settings spaces = settings_of(run, SPACES);
    agreement_values v;
    status s = agreement_chance(&run->spaces[0], &run->spaces[1], &spaces, &v);
    for (int m = 0; m < PAIR_MEASURES; m++)
        run->chance[m] = NAN;
    run->chance[PAIR_OVERLAP] = overlap_chance(run->words.n, run->k);
    run->chance[PAIR_JACCARD] = overlap_jaccard_chance(run->words.n, run->k);
    run->chance[PAIR_RSA_PEARSON] = run->chance[PAIR_RSA_SPEARMAN] = 0;
    if (s.code)
        return s;
    run->chance[PAIR_EIS] = v.eis;
    run->chance[PAIR_EIGENSPACE_OVERLAP] = v.eigenspace_overlap;
    run->chance[PAIR_PIP] = v.pip;
    run->chance[PAIR_CKA] = v.cka;
    return s;
}

static status measure_pairs(stability_run *run) {
    double *moved;
    status s = comm_agree(
        run->world, mem_new(&moved, (size_t)run->spaces[0].rows.n_local, sizeof *moved, "words"));
    int done = 0;
    const int all = run->n_runs * (run->n_runs - 1) / 2;
    for (int a = 0; a < run->n_runs && !s.code; a++)
        for (int b = a + 1; b < run->n_runs && !s.code; b++) {
            s = measure_pair(run, a, b, moved);
            tell(run, "pair", ++done, all);
        }
    if (!s.code)
        comm_spread(run->world, run->displacement,
                    (size_t)run->words.n * sizeof *run->displacement);
    if (!s.code)
        s = measure_chance(run);
    mem_free(&moved);
    return s;
}

static status measure(stability_run *run) {
    status s = status_ok();
    for (int r = 0; r < run->n_runs + run->n_references && !s.code; r++) {
        tell(run, "run", r + 1, run->n_runs + run->n_references);
        s = measure_run(run, r);
    }
    if (!s.code)
        s = stability_measure(&run->neighbours);
    if (s.code)
        return s;
    const size_t pairs = (size_t)run->n_runs * (size_t)run->n_runs,
                 all = (size_t)run->n_bins * pairs;
    memcpy(run->pairs[PAIR_OVERLAP], run->neighbours.overlap + all, pairs * sizeof(double));
    memcpy(run->pairs[PAIR_JACCARD], run->neighbours.jaccard + all, pairs * sizeof(double));
    return measure_pairs(run);
}

/* ---- */

static void close_run(stability_run *run) {
    for (int r = 0; r < run->n_runs + run->n_references && run->spaces; r++)
        agreement_clear(&run->spaces[r]);
    for (int r = 0; r < run->n_runs && run->small; r++)
        agreement_clear(&run->small[r]);
    for (int r = 0; r < run->n_runs && run->spectra; r++)
        spectrum_clear(&run->spectra[r]);
    for (int m = 0; m < PAIR_MEASURES; m++)
        mem_free(&run->pairs[m]);
    mem_free(&run->spaces);
    mem_free(&run->small);
    mem_free(&run->spectra);
    mem_free(&run->displacement);
    mem_free(&run->queries);
    mem_free(&run->ends);
    stability_close(&run->neighbours);
    comparison_close(&run->words);
}

status command_stability(const options *o, const comm *world) {
    static const char *const shown[] = {"measures", "bins", "least_stable", NULL};
    stability_run run = {.o = o, .world = world, .told = clock_seconds()};
    result r = {0};
    status s = *o->output ? common_check_output(o, world) : status_ok();
    if (!s.code)
        s = open_runs(&run);
    if (!s.code)
        s = comm_agree(world, choose_words(&run));
    if (!s.code)
        s = comm_agree(world, make_room(&run));
    if (!s.code)
        s = measure(&run);
    if (!s.code)
        s = comm_agree(world, stability_tabulate(&run, &r));
    if (!s.code)
        s = result_output(&r, o, C_STABILITY, shown, 20, world);
    result_clear(&r);
    close_run(&run);
    return s;
}
