// SPDX-License-Identifier: Apache-2.0
/* Ranks: agreement, exchange, shared memory, replicas; np 1, 2, 3, 4. */
#include <stdio.h>
#include <string.h>

#include "comm.h"
#include "exchange_pieces.h"
#include "memory.h"
#include "notice.h"
#include "ordered_sum.h"
#include "replicas.h"
#include "shared.h"
#include "support.h"

static comm *world;

static void the_lowest_failing_rank_speaks_for_all(void) {
    status mine = status_ok();
    if (comm_rank(world) >= comm_size(world) / 2)
        mine = status_error(STATUS_INPUT, "rank %d", comm_rank(world));
    status s = comm_agree(world, mine);
    char expected[32];
    snprintf(expected, sizeof expected, "rank %d", comm_size(world) / 2);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_STRING_EQUAL(s.message, expected);
    CU_ASSERT_EQUAL(comm_agree(world, status_ok()).code, STATUS_OK);
}

static void exchange_delivers_every_byte_in_rank_order(void) {
    const int n = comm_size(world), me = comm_rank(world);
    static char send[64 * 64];
    static int64_t to[64], from[64];
    size_t at = 0;
    for (int r = 0; r < n; r++) {
        to[r] = (me + 2 * r) % 5;
        for (int64_t i = 0; i < to[r]; i++)
            send[at++] = (char)(10 * me + r);
    }
    char *got;
    CU_ASSERT_EQUAL_FATAL(exchange_bytes(world, send, to, &got, from).code, STATUS_OK);
    at = 0;
    for (int r = 0; r < n; r++) {
        CU_ASSERT_EQUAL(from[r], (r + 2 * me) % 5);
        for (int64_t i = 0; i < from[r]; i++)
            CU_ASSERT_EQUAL(got[at++], (char)(10 * r + me));
    }
    mem_free(&got);
}

/* What more than 2^31 bytes would do: many messages for one pair of ranks, and none of them full.
 */
static void messages_longer_than_a_piece_arrive_whole(void) {
    enum { PIECE = 64, LONGEST = 5 * PIECE };
    const int n = comm_size(world), me = comm_rank(world);
    static unsigned char send[64 * LONGEST];
    static int64_t to[64], from[64];
    size_t at = 0, capacity = 0;
    for (int r = 0; r < n; r++) {
        to[r] = (me + r) % 3 == 0 ? 0 : (me + r) % 3 == 1 ? 2 * PIECE : LONGEST - 7;
        for (int64_t i = 0; i < to[r]; i++)
            send[at++] = (unsigned char)(i * 11 + 5 * me + r);
    }
    unsigned char *got = NULL;
    CU_ASSERT_EQUAL_FATAL(exchange_in_pieces(world, send, to, &got, &capacity, from, PIECE).code,
                          STATUS_OK);
    at = 0;
    for (int r = 0; r < n; r++)
        for (int64_t i = 0; i < from[r]; i++)
            CU_ASSERT_EQUAL(got[at++], (unsigned char)(i * 11 + 5 * r + me));
    mem_free(&got);
}

static void gathering_by_broadcasts_gives_what_one_call_gives(void) {
    const int n = comm_size(world), me = comm_rank(world);
    char mine[300], *once = NULL, *many = NULL;
    size_t room_once = 0, room_many = 0;
    int64_t total_once, total_many, bytes = me == 1 ? 0 : 100 + 50 * me;
    memset(mine, 'a' + me, sizeof mine);
    CU_ASSERT_EQUAL_FATAL(exchange_gather(world, mine, bytes, &once, &room_once, &total_once).code,
                          STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(
        exchange_gather_most(world, mine, bytes, &many, &room_many, &total_many, 99).code,
        STATUS_OK);
    CU_ASSERT_EQUAL(total_once, comm_sum(world, bytes));
    CU_ASSERT_EQUAL_FATAL(total_many, total_once);
    CU_ASSERT(!memcmp(once, many, (size_t)total_once));
    CU_ASSERT_EQUAL(once[total_once - 1], 'a' + (n == 2 ? 0 : n - 1));
    mem_free(&once);
    mem_free(&many);
}

static void arrays_are_summed_element_by_element(void) {
    int64_t x[1000];
    for (int64_t i = 0; i < 1000; i++)
        x[i] = i + comm_rank(world) * (INT64_C(1) << 40);
    comm_sum_all(world, x, 1000);
    const int64_t n = comm_size(world);
    for (int64_t i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(x[i], n * i + n * (n - 1) / 2 * (INT64_C(1) << 40));
    comm_sum_all(world, x, 0);
}

static void least_of_each_element_is_found(void) {
    const int n = comm_size(world), me = comm_rank(world);
    int64_t x[1000];
    for (int64_t i = 0; i < 1000; i++)
        x[i] = i % n == me ? -i : INT64_MAX - i;
    comm_min_all(world, x, 1000);
    for (int64_t i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(x[i], -i);
}

/* 1 is lost beside 1e8 in float, so only one order gives the expected sum; more than one piece. */
static void sums_of_floats_are_taken_in_the_order_of_ranks(void) {
    enum { N = (1 << 20) + 1003 };
    const int n = comm_size(world), me = comm_rank(world);
    ordered_sum *o;
    float *x;
    CU_ASSERT_EQUAL_FATAL(ordered_sum_create(&o, world).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(mem_new(&x, N, sizeof *x, "floats").code, STATUS_OK);
    for (int i = 0; i < N; i++)
        x[i] = me == 0 ? 1e8f : me == 1 ? -1e8f : (float)(i % 7);
    ordered_sum_run(o, x, N);
    int wrong = 0;
    for (int i = 0; i < N; i++)
        wrong += x[i] != (n == 1 ? 1e8f : (float)((n - 2) * (i % 7)));
    CU_ASSERT_EQUAL(wrong, 0);
    ordered_sum_destroy(&o);
    mem_free(&x);
}

static void one_rank_out_of_memory_stops_all_alike(void) {
    static int64_t to[64], from[64];
    memset(to, 0, sizeof to);
    char *got;
    if (comm_rank(world) == comm_size(world) - 1)
        mem_refuse_after(0);
    status s = exchange_bytes(world, NULL, to, &got, from);
    mem_refuse_after(-1);
    CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
    mem_free(&got);
}

static void shared_memory_is_the_same_for_all(void) {
    shared_block b;
    CU_ASSERT_EQUAL_FATAL(shared_create(&b, world, 1000, "a test").code, STATUS_OK);
    int *x = b.data;
    CU_ASSERT_EQUAL((uintptr_t)b.data % 64, 0);
    CU_ASSERT_EQUAL(x[comm_rank(world)], 0);
    shared_sync(&b, world);
    x[comm_rank(world)] = 100 + comm_rank(world);
    shared_sync(&b, world);
    for (int r = 0; r < comm_size(world); r++)
        CU_ASSERT_EQUAL(x[r], 100 + r);
    shared_sync(&b, world);
    shared_free(&b);
    status s = shared_create(&b, world, (size_t)1 << 60, "a test");
    CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
}

static void every_replica_has_a_place(void) {
    static const int wanted[] = {0, 1, 2, 3, 4, 5, 7, 16};
    for (int i = 0; i < 8; i++) {
        replicas r;
        status s = replicas_create(&r, world, wanted[i]);
        CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
        CU_ASSERT_EQUAL(r.n, wanted[i] ? wanted[i] : 1);
        CU_ASSERT(r.n_local >= 1 && r.first >= 0 && r.first + r.n_local <= r.n);
        CU_ASSERT(r.n_local == 1 || comm_size(r.mine) == 1);
        int64_t led = comm_rank(r.mine) == 0 ? r.n_local : 0;
        CU_ASSERT_EQUAL(comm_sum(world, led), r.n);
        CU_ASSERT(r.slices >= 1 && r.slices <= comm_size(r.mine));
        replicas_clear(&r);
    }
}

/* Whoever gives it, and however many do; words under way are waited for. */
static void a_word_of_any_rank_comes_to_all(void) {
    for (int givers = 1; givers <= comm_size(world); givers++) {
        notice *n = NULL;
        CU_ASSERT_EQUAL_FATAL(notice_create(&n, world).code, STATUS_OK);
        CU_ASSERT_FALSE(notice_came(n));
        comm_barrier(world);
        if (comm_rank(world) >= comm_size(world) - givers)
            notice_give(n);
        while (!notice_came(n)) {
        }
        CU_ASSERT_TRUE(notice_came(n));
        notice_destroy(&n);
        CU_ASSERT_PTR_NULL(n);
    }
    notice *unused = NULL;
    CU_ASSERT_EQUAL(notice_create(&unused, world).code, STATUS_OK);
    notice_destroy(&unused);
}

/* What one process computes for a job is what the job finds. */
static void replicas_are_as_foreseen(void) {
    static const int wanted[] = {0, 1, 2, 3, 4, 5, 7, 16};
    for (int i = 0; i < 8; i++) {
        replicas r, f;
        CU_ASSERT_EQUAL_FATAL(replicas_create(&r, world, wanted[i]).code, STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(replicas_foresee(&f, comm_size(world), 1, wanted[i]).code, STATUS_OK);
        CU_ASSERT_EQUAL(f.n, r.n);
        CU_ASSERT_EQUAL(f.n_local, comm_max(world, r.n_local));
        CU_ASSERT_EQUAL(f.slices, r.slices);
        CU_ASSERT_EQUAL(f.n_peers, r.n_peers);
        const bool is_fullest = r.n_local == f.n_local;
        CU_ASSERT(f.n_sharing >= comm_min(world, is_fullest ? r.n_sharing : INT32_MAX));
        CU_ASSERT(f.n_sharing <= comm_max(world, is_fullest ? r.n_sharing : 0));
        replicas_clear(&r);
    }
    replicas many;
    CU_ASSERT_EQUAL(replicas_foresee(&many, 8, 4, 0).code, STATUS_OK);
    CU_ASSERT(many.n == 4 && many.n_local == 1 && many.n_sharing == 2 && many.n_peers == 4);
    CU_ASSERT_EQUAL(replicas_foresee(&many, 8, 4, 3).code, STATUS_USAGE);
}

static void nothing_is_left_behind(void) {
    CU_ASSERT_EQUAL(mem_live_blocks(), 0);
}

int main(int argc, char **argv) {
    static const test_case cases[] = {
        {"the_lowest_failing_rank_speaks_for_all", the_lowest_failing_rank_speaks_for_all},
        {"exchange_delivers_every_byte_in_rank_order", exchange_delivers_every_byte_in_rank_order},
        {"messages_longer_than_a_piece_arrive_whole", messages_longer_than_a_piece_arrive_whole},
        {"gathering_by_broadcasts_gives_what_one_call_gives",
         gathering_by_broadcasts_gives_what_one_call_gives},
        {"arrays_are_summed_element_by_element", arrays_are_summed_element_by_element},
        {"least_of_each_element_is_found", least_of_each_element_is_found},
        {"sums_of_floats_are_taken_in_the_order_of_ranks",
         sums_of_floats_are_taken_in_the_order_of_ranks},
        {"one_rank_out_of_memory_stops_all_alike", one_rank_out_of_memory_stops_all_alike},
        {"shared_memory_is_the_same_for_all", shared_memory_is_the_same_for_all},
        {"every_replica_has_a_place", every_replica_has_a_place},
        {"a_word_of_any_rank_comes_to_all", a_word_of_any_rank_comes_to_all},
        {"replicas_are_as_foreseen", replicas_are_as_foreseen},
        {"nothing_is_left_behind", nothing_is_left_behind},
    };
    world = comm_start(&argc, &argv);
    int failed = test_run("dist", cases, sizeof cases / sizeof *cases, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
