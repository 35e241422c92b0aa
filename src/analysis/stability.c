// SPDX-License-Identifier: Apache-2.0
#include "stability.h"

#include <math.h>
#include <string.h>

#include "intervals.h"
#include "memory.h"
#include "overlap.h"
#include "rows.h"

status stability_open(stability *s, const stability_settings *of, const comm *world) {
    *s = (stability){.of = *of, .world = world};
    rows_share(world, of->n, &s->begin, &s->n_local);
    const size_t pairs = (size_t)of->n_runs * (size_t)of->n_runs, bins = (size_t)of->n_bins + 1;
    status made = mem_new(&s->lists, (size_t)of->n_runs * (size_t)s->n_local * (size_t)of->k,
                          sizeof *s->lists, "neighbours of the runs");
    if (!made.code)
        made = mem_new(&s->overlap, bins * pairs, sizeof *s->overlap, "pairs of runs");
    if (!made.code)
        made = mem_new(&s->jaccard, bins * pairs, sizeof *s->jaccard, "pairs of runs");
    if (!made.code)
        made = mem_new(&s->bin_words, bins, sizeof *s->bin_words, "bins");
    return made;
}

void stability_close(stability *s) {
    mem_free(&s->lists);
    mem_free(&s->overlap);
    mem_free(&s->jaccard);
    mem_free(&s->bin_words);
    mem_free(&s->words);
}

status stability_add(stability *s, const unit_rows *all) {
    int32_t *to = s->lists + (int64_t)s->n_added * s->n_local * s->of.k;
    s->n_added++;
    return overlap_lists(all, s->n_local, s->of.queries + s->begin, s->of.k, s->of.threads, to);
}

/* ---- words, and counts of them */

/* Of the words here, by bin and pair: how many have so many neighbours in common. */
typedef struct {
    int64_t *shared;       /* [n_bins][n_runs][n_runs][k + 1], above the diagonal */
    int64_t *of_all;       /* [k + 1][n_runs * k + 1]: in all runs, in any */
    double *pairs;         /* [n_runs][n_runs] of one word */
    int32_t *lists;        /* [n_runs][k] of one word */
    stability_word *words; /* [n_local] */
} tallies;

static size_t shared_size(const stability *s) {
    return (size_t)s->of.n_bins * (size_t)s->of.n_runs * (size_t)s->of.n_runs *
           ((size_t)s->of.k + 1);
}

static size_t of_all_size(const stability *s) {
    return ((size_t)s->of.k + 1) * ((size_t)s->of.n_runs * (size_t)s->of.k + 1);
}

static status tallies_create(tallies *t, const stability *s) {
    const size_t runs = (size_t)s->of.n_runs;
    *t = (tallies){0};
    status made = mem_new(&t->shared, shared_size(s), sizeof *t->shared, "counts of words");
    if (!made.code)
        made = mem_new(&t->of_all, of_all_size(s), sizeof *t->of_all, "counts of words");
    if (!made.code)
        made = mem_new(&t->pairs, runs * runs, sizeof *t->pairs, "pairs of runs");
    if (!made.code)
        made = mem_new(&t->lists, runs * (size_t)s->of.k, sizeof *t->lists, "neighbours");
    if (!made.code)
        made = mem_new(&t->words, (size_t)s->n_local, sizeof *t->words, "words");
    return made;
}

static void tallies_clear(tallies *t) {
    mem_free(&t->shared);
    mem_free(&t->of_all);
    mem_free(&t->pairs);
    mem_free(&t->lists);
    mem_free(&t->words);
}

static int bin_of(const stability *s, int32_t row) {
    int bin = 0;
    while (bin + 1 < s->of.n_bins && row >= s->of.ends[bin])
        bin++;
    return bin;
}

static stability_word judge(const stability *s, const double *pairs) {
    const int n = s->of.n_runs, first = s->of.n_first;
    const bool two = first < n;
    const interval own = interval_clip(
        interval_of_groups(first, n, pairs, two ? INTERVAL_WITHIN : INTERVAL_FIRST), 0, 1);
    stability_word w = {own.mean, own.sd, own.low, own.high, NAN, NAN, NAN, NAN};
    if (two) {
        const interval excess = interval_of_groups(first, n, pairs, INTERVAL_EXCESS);
        w.between = interval_of_groups(first, n, pairs, INTERVAL_BETWEEN).mean;
        w.excess = excess.mean;
        w.excess_low = excess.low;
        w.excess_high = excess.high;
    }
    return w;
}

static void tally_word(const stability *s, tallies *t, int64_t word) {
    const int runs = s->of.n_runs, k = s->of.k;
    const int bin = bin_of(s, s->of.queries[s->begin + word]);
    int64_t *shared = t->shared + (int64_t)bin * runs * runs * (k + 1);
    int in_all, in_any;
    for (int r = 0; r < runs; r++)
        memcpy(t->lists + r * k, s->lists + ((int64_t)r * s->n_local + word) * k,
               (size_t)k * sizeof *t->lists);
    for (int a = 0; a < runs; a++)
        for (int b = a + 1; b < runs; b++) {
            const int both = overlap_shared(t->lists + a * k, t->lists + b * k, k);
            shared[(a * runs + b) * (k + 1) + both]++;
            t->pairs[a * runs + b] = t->pairs[b * runs + a] = (double)both / k;
        }
    overlap_of_all(runs, t->lists, k, k, &in_all, &in_any);
    t->of_all[in_all * ((int64_t)runs * k + 1) + in_any]++;
    t->words[word] = judge(s, t->pairs);
}

/* ---- means */

static void set_pair(const stability *s, double *table, int bin, int a, int b, double value) {
    const int64_t runs = s->of.n_runs;
    table[(bin * runs + a) * runs + b] = table[(bin * runs + b) * runs + a] = value;
}

/* Means over the words of a bin, from how many share so many neighbours. */
static int64_t mean_pair(const stability *s, int bin, int a, int b, const int64_t *counts) {
    int64_t words = 0, shared = 0;
    double jaccard = 0;
    for (int i = 0; i <= s->of.k; i++) {
        words += counts[i];
        shared += i * counts[i];
        jaccard += (double)counts[i] * i / (2 * s->of.k - i);
    }
    set_pair(s, s->overlap, bin, a, b, (double)shared / ((double)words * s->of.k));
    set_pair(s, s->jaccard, bin, a, b, jaccard / (double)words);
    return words;
}

static void mean_pairs(stability *s, const int64_t *shared, int64_t *all) {
    const int runs = s->of.n_runs, k = s->of.k, bins = s->of.n_bins;
    for (int a = 0; a < runs; a++)
        for (int b = a + 1; b < runs; b++) {
            memset(all, 0, ((size_t)k + 1) * sizeof *all);
            for (int bin = 0; bin < bins; bin++) {
                const int64_t *counts = shared + (((int64_t)bin * runs + a) * runs + b) * (k + 1);
                for (int i = 0; i <= k; i++)
                    all[i] += counts[i];
                s->bin_words[bin] = mean_pair(s, bin, a, b, counts);
            }
            s->bin_words[bins] = mean_pair(s, bins, a, b, all);
        }
}

static double mean_of_all(const stability *s, const int64_t *of_all) {
    const int64_t most = (int64_t)s->of.n_runs * s->of.k;
    double sum = 0;
    for (int in_all = 0; in_all <= s->of.k; in_all++)
        for (int64_t in_any = 1; in_any <= most; in_any++)
            sum += (double)of_all[in_all * (most + 1) + in_any] * in_all / (double)in_any;
    return sum / (double)s->of.n;
}

status stability_measure(stability *s) {
    tallies t;
    int64_t *all = NULL, bytes;
    status made = tallies_create(&t, s);
    if (!made.code)
        made = mem_new(&all, (size_t)s->of.k + 1, sizeof *all, "counts of words");
    made = comm_agree(s->world, made);
    if (!made.code) {
        for (int64_t i = 0; i < s->n_local; i++)
            tally_word(s, &t, i);
        comm_sum_all(s->world, t.shared, (int64_t)shared_size(s));
        comm_sum_all(s->world, t.of_all, (int64_t)of_all_size(s));
        mean_pairs(s, t.shared, all);
        s->jaccard_of_all = mean_of_all(s, t.of_all);
        made = comm_concatenate(s->world, t.words, s->n_local * (int64_t)sizeof *t.words, &s->words,
                                &bytes);
    }
    mem_free(&all);
    tallies_clear(&t);
    return made;
}
