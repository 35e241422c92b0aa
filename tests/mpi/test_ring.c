// SPDX-License-Identifier: Apache-2.0
/* Blocks that travel round the ranks; np 1, 2, 3, 4. */
#include "comm.h"
#include "memory.h"
#include "ring.h"
#include "support.h"

enum { MOST_GROUPS = 12, SIZE = 70000 };

static comm *world;

static void every_group_has_one_owner(void) {
    for (int k = 1; k <= 20; k++)
        for (int ranks = 1; ranks <= 25; ranks++)
            for (int rank = 0, next = 0; rank < ranks; rank++) {
                int first, n;
                ring_share(k, rank, ranks, &first, &n);
                CU_ASSERT_EQUAL(first, next);
                next = first + n;
                for (int g = first; g < next; g++)
                    CU_ASSERT_EQUAL(ring_owner(k, g, ranks), rank);
                CU_ASSERT(rank < ranks - 1 || next == k);
            }
}

static void memory_of_blocks_beyond_32_bits_is_told(void) {
    const double block = 0x1p40;
    CU_ASSERT_EQUAL(ring_bytes(8, (size_t)1 << 40, 0, 1), 8 * block);
    CU_ASSERT_EQUAL(ring_bytes(8, (size_t)1 << 40, 0, 4), 4 * block); /* two more than its own */
    CU_ASSERT_EQUAL(ring_bytes(8, ((size_t)1 << 40) - 63, 3, 4), 4 * block);
    CU_ASSERT_EQUAL(ring_bytes(2, (size_t)1 << 40, 0, 4), 0);
}

/* A block holds its group, the steps it has seen, and a number that depends on their order. */
typedef struct {
    int64_t group, steps;
    uint64_t history;
} block;

static uint64_t extend(uint64_t history, int centre, int step) {
    return history * 31 + (uint64_t)(centre * 7 + step);
}

/* All buckets of this rank, step by step, but from step `halts` on none; done[n]: steps of each
 * group that are done, before and then. */
static void run_epoch(ring *r, int k, int first, int n, int halts, int *done) {
    int whole[MOST_GROUPS] = {0};
    for (int step = 0; step < k; step++)
        for (int a = first; a < first + n; a++) {
            ring_steps here = {0, 0};
            const int lead = a > first ? step + 1 : step;
            while (ring_moves(r) && a == first + n - 1 &&
                   (here = ring_move(r, (ring_steps){lead, whole[0]})).all <= step)
                continue;
            const int next = a + 1 < first + n ? a + 1 : first;
            const bool others =
                step == 0 || (ring_moves(r) && a == first + n - 1 ? here.whole > step
                                                                  : whole[next - first] >= step);
            const int i = a - first;
            if (whole[i] == step && others && step < done[i]) {
                whole[i]++;
            } else if (whole[i] == step && others && step < halts) {
                block *b = ring_block(r, a, step);
                CU_ASSERT_EQUAL(b->group, (a + step) % k);
                b->history = extend(b->history, a, step);
                b->steps++;
                whole[i]++;
                const char *tail = (char *)b;
                CU_ASSERT_EQUAL(tail[SIZE - 1 - b->group], (char)b->group);
            }
            if (a == first && ring_moves(r))
                ring_move(r, (ring_steps){step + 1, whole[0]});
        }
    ring_end(r, n ? whole[0] : 0);
    for (int i = 0; i < n; i++)
        done[i] = whole[i];
}

static void check_home(ring *r, int k, int first, int n, int epochs) {
    for (int a = first; a < first + n; a++) {
        const block *b = ring_block(r, a, 0);
        uint64_t history = 0;
        for (int e = 0; e < epochs; e++)
            for (int step = 0; step < k; step++)
                history = extend(history, (a + k - step) % k, step);
        CU_ASSERT_EQUAL(b->group, a);
        CU_ASSERT_EQUAL(b->steps, (int64_t)epochs * k);
        CU_ASSERT_EQUAL(b->history, history);
    }
}

static ring *make_ring(int k, int first, int n) {
    size_t bytes[MOST_GROUPS];
    ring *r;
    for (int g = 0; g < k; g++)
        bytes[g] = (size_t)(SIZE - g);
    CU_ASSERT_EQUAL_FATAL(ring_create(&r, world, k, bytes).code, STATUS_OK);
    for (int a = first; a < first + n; a++) {
        block *b = ring_block(r, a, 0);
        b->group = a;
        ((char *)b)[SIZE - 1 - a] = (char)a;
    }
    return r;
}

static void blocks_see_the_centres_in_turn_and_come_home(void) {
    enum { EPOCHS = 3 };
    for (int k = 1; k <= MOST_GROUPS; k++) {
        int first, n;
        ring_share(k, comm_rank(world), comm_size(world), &first, &n);
        ring *r = make_ring(k, first, n);
        for (int e = 0; e < EPOCHS; e++) {
            int done[MOST_GROUPS] = {0};
            run_epoch(r, k, first, n, k, done);
        }
        check_home(r, k, first, n, EPOCHS);
        CU_ASSERT_EQUAL(ring_bytes_sent(r) > 0, ring_moves(r));
        ring_destroy(&r);
    }
}

/* Each rank breaks off somewhere else, as it would that has not heard of it yet. */
static void broken_epochs_go_on_as_if_nothing_had_been(void) {
    enum { EPOCHS = 3 };
    for (int k = 1; k <= MOST_GROUPS; k++) {
        int first, n, pauses = 0;
        ring_share(k, comm_rank(world), comm_size(world), &first, &n);
        ring *r = make_ring(k, first, n);
        for (int e = 0; e < EPOCHS; e++) {
            int done[MOST_GROUPS] = {0}, left = 1;
            for (int turn = 1; left; turn++) {
                run_epoch(r, k, first, n, turn * (2 + (comm_rank(world) + e) % 3), done);
                left = 0;
                for (int i = 0; i < n; i++)
                    left |= done[i] < k;
                left = (int)comm_max(world, left);
                pauses += left;
            }
        }
        check_home(r, k, first, n, EPOCHS);
        CU_ASSERT(k < 5 || pauses >= EPOCHS);
        ring_destroy(&r);
    }
}

static void nothing_is_left_behind(void) {
    CU_ASSERT_EQUAL(mem_live_blocks(), 0);
}

int main(int argc, char **argv) {
    static const test_case cases[] = {
        {"every_group_has_one_owner", every_group_has_one_owner},
        {"memory_of_blocks_beyond_32_bits_is_told", memory_of_blocks_beyond_32_bits_is_told},
        {"blocks_see_the_centres_in_turn_and_come_home",
         blocks_see_the_centres_in_turn_and_come_home},
        {"broken_epochs_go_on_as_if_nothing_had_been", broken_epochs_go_on_as_if_nothing_had_been},
        {"nothing_is_left_behind", nothing_is_left_behind},
    };
    world = comm_start(&argc, &argv);
    int failed = test_run("ring", cases, sizeof cases / sizeof *cases, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
