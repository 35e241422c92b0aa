// SPDX-License-Identifier: Apache-2.0
/* Groups of words and the flow of buckets over threads. */
#include <stdatomic.h>
#include <string.h>

#include "memory.h"
#include "random.h"
#include "strata.h"
#include "support.h"

enum { WORDS = 5000 };

static int64_t weights[WORDS];

static void make_weights(void) {
    for (int i = 0; i < WORDS; i++)
        weights[i] = 100000 / (i + 1);
}

static void groups_tile_the_words_in_both_orders(void) {
    static const int ks[] = {1, 2, 7, 64, 6000};
    make_weights();
    for (size_t c = 0; c < sizeof ks / sizeof *ks; c++) {
        strata s;
        CU_ASSERT_EQUAL_FATAL(strata_create(&s, WORDS, ks[c], weights, 5).code, STATUS_OK);
        CU_ASSERT_EQUAL(s.first[ks[c]], WORDS);
        for (int i = 0; i < WORDS; i++) {
            CU_ASSERT_EQUAL_FATAL(s.by_id[s.first[s.group[i]] + s.place[i]], i);
            CU_ASSERT_EQUAL_FATAL(s.by_chance[s.first[s.group[i]] + s.chance[i]], i);
        }
        for (int g = 0; g < ks[c]; g++)
            for (int64_t k = s.first[g] + 1; k < s.first[g + 1]; k++)
                CU_ASSERT(s.by_id[k] > s.by_id[k - 1]);
        strata_clear(&s);
    }
}

static void groups_are_equally_heavy(void) {
    strata s;
    int64_t total = 0, most = 0;
    make_weights();
    CU_ASSERT_EQUAL_FATAL(strata_create(&s, WORDS, 8, weights, 5).code, STATUS_OK);
    for (int g = 0; g < 8; g++) {
        int64_t sum = 0;
        for (int64_t k = s.first[g]; k < s.first[g + 1]; k++)
            sum += weights[s.by_id[k]];
        total += sum;
        most = sum > most ? sum : most;
    }
    CU_ASSERT((double)most <= 1.001 * (double)total / 8);
    strata_clear(&s);
}

static void the_key_changes_the_shuffle_alone(void) {
    strata a, b;
    int same = 0;
    make_weights();
    CU_ASSERT_EQUAL_FATAL(strata_create(&a, WORDS, 4, weights, 5).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(strata_create(&b, WORDS, 4, weights, 6).code, STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(a.by_id, b.by_id, WORDS * sizeof *a.by_id), 0);
    for (int i = 0; i < WORDS; i++)
        same += a.chance[i] == b.chance[i];
    CU_ASSERT(same < 30);
    strata_clear(&a);
    strata_clear(&b);
}

static void groups_are_dealt_anew(void) {
    strata a, b;
    int same = 0;
    make_weights();
    CU_ASSERT_EQUAL_FATAL(strata_create(&a, WORDS, 7, weights, 5).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(strata_create(&b, WORDS, 7, weights, 5).code, STATUS_OK);
    strata_deal(&a, 1);
    strata_deal(&b, 2);
    CU_ASSERT_EQUAL(a.first[7], WORDS);
    for (int g = 0; g < 7; g++) {
        CU_ASSERT_EQUAL(strata_size(&a, g), WORDS / 7 + (g < WORDS % 7));
        CU_ASSERT_EQUAL(strata_size(&a, g), strata_size(&b, g));
    }
    for (int i = 0; i < WORDS; i++) {
        CU_ASSERT_EQUAL_FATAL(a.by_id[a.first[a.group[i]] + a.place[i]], i);
        CU_ASSERT_EQUAL_FATAL(a.by_chance[a.first[a.group[i]] + a.chance[i]], i);
        for (int j = i / 7 * 7; j < i; j++)
            CU_ASSERT(a.group[i] != a.group[j]);
        same += a.group[i] == b.group[i];
    }
    CU_ASSERT(same > WORDS / 7 * 8 / 10 && same < WORDS / 7 * 12 / 10);
    strata_deal(&b, 1);
    CU_ASSERT_EQUAL(memcmp(a.by_id, b.by_id, WORDS * sizeof *a.by_id), 0);
    strata_clear(&a);
    strata_clear(&b);
}

/* ---- the flow */

enum { K = 12 };

typedef struct {
    int trained[K][K];   /* by centre and step: how often */
    int centre_steps[K]; /* steps that a centre group has seen */
    int last_centre[K];  /* the last centre group that trained with a context group; K = none */
    atomic_int centres[K], contexts[K]; /* threads at work on a group */
    atomic_int errors;
    int n, moved, asked, runs;
} flow_record;

static void expect(flow_record *r, int holds) {
    if (!holds)
        atomic_fetch_add(&r->errors, 1);
}

static bool train(void *context, int centre, int step, int thread) {
    flow_record *r = context;
    const int other = (centre + step) % K;
    (void)thread;
    expect(r, atomic_fetch_add(&r->centres[centre], 1) == 0);
    expect(r, atomic_fetch_add(&r->contexts[other], 1) == 0);
    expect(r, r->centre_steps[centre]++ == step);
    if (r->n == K && step > 0)
        expect(r, r->last_centre[other] == (centre + 1) % K);
    r->last_centre[other] = centre;
    r->trained[centre][step]++;
    atomic_fetch_sub(&r->contexts[other], 1);
    atomic_fetch_sub(&r->centres[centre], 1);
    return true;
}

/* Contexts of the last group come one step after the first group has done one. */
static strata_steps move(void *context, strata_steps finished) {
    flow_record *r = context;
    r->moved++;
    return (strata_steps){.all = finished.all + 2, .whole = finished.whole + 2};
}

/* Break off soon, but later every time. */
static bool halts(void *context) {
    flow_record *r = context;
    return ++r->asked > 30 * (r->runs + 1);
}

/* One epoch in as many parts as it takes. */
static void run_flow(flow_record *r, int first, int n, int threads, bool breaks) {
    int done[K] = {0}, least = 0;
    strata_flow *f;
    memset(r, 0, sizeof *r);
    r->n = n;
    const strata_epoch e = {.n_groups = K,
                            .first = first,
                            .n = n,
                            .n_threads = threads,
                            .done = done,
                            .context = r,
                            .train = train,
                            .move = n < K ? move : NULL,
                            .halts = breaks ? halts : NULL};
    CU_ASSERT_EQUAL_FATAL(strata_flow_create(&f, n).code, STATUS_OK);
    for (; least < K; r->runs++) {
        r->asked = 0;
        strata_run(f, &e);
        least = K;
        for (int a = 0; a < n; a++) {
            CU_ASSERT_EQUAL(done[a], r->centre_steps[first + a]);
            least = done[a] < least ? done[a] : least;
        }
    }
    strata_flow_destroy(&f);
}

static void each_bucket_is_trained_once_in_its_turn(void) {
    static flow_record r;
    int most = 0;
    for (int threads = 1; threads <= 4; threads++)
        for (int way = 0; way < 4; way++) {
            const int first = way & 1 ? 3 : 0, n = way & 1 ? 5 : K;
            run_flow(&r, first, n, threads, way & 2);
            CU_ASSERT_EQUAL(atomic_load(&r.errors), 0);
            CU_ASSERT_EQUAL(r.moved > 0, n < K);
            CU_ASSERT(way & 2 || r.runs == 1);
            most = r.runs > most ? r.runs : most;
            for (int a = 0; a < K; a++)
                for (int s = 0; s < K; s++)
                    CU_ASSERT_EQUAL(r.trained[a][s], a >= first && a < first + n);
        }
    CU_ASSERT(most > 2);
}

static status make_and_clear(void *context) {
    strata s;
    strata_flow *f = NULL;
    (void)context;
    status st = strata_create(&s, WORDS, 8, weights, 5);
    if (!st.code)
        st = strata_flow_create(&f, 8);
    strata_flow_destroy(&f);
    strata_clear(&s);
    return st;
}

static void every_refused_block_is_reported(void) {
    CU_ASSERT(test_each_refusal(make_and_clear, NULL) >= 9);
}

int main(void) {
    static const test_case cases[] = {
        {"groups_tile_the_words_in_both_orders", groups_tile_the_words_in_both_orders},
        {"groups_are_equally_heavy", groups_are_equally_heavy},
        {"the_key_changes_the_shuffle_alone", the_key_changes_the_shuffle_alone},
        {"groups_are_dealt_anew", groups_are_dealt_anew},
        {"each_bucket_is_trained_once_in_its_turn", each_bucket_is_trained_once_in_its_turn},
        {"every_refused_block_is_reported", every_refused_block_is_reported},
    };
    return test_run("strata", cases, sizeof cases / sizeof *cases, 0);
}
