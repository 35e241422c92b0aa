// SPDX-License-Identifier: Apache-2.0
/* Replicas that train spans and are merged, wherever their rows live, against a naive table; np 1,
 * 2, 3, 4. */
#include <math.h>
#include <string.h>

#include "memory.h"
#include "merge.h"
#include "random.h"
#include "support.h"

static comm *world;

enum { ROWS = 23, USED = 5, WIDTH = 16, SPANS = 4 };

static void fold_sum(void *context, int64_t row, float *const *changes, int n, size_t used) {
    (void)context;
    (void)row;
    for (int i = 1; i < n; i++)
        for (size_t k = 0; k < used; k++)
            changes[0][k] += changes[i][k];
}

/* Whether replica g touches a row in a span, and by how much column k changes: exact in float and,
 * as small whole numbers, in bfloat16. */
static bool touches(int g, int span, int row) {
    return (g * 7 + row * 3 + span * 5) % 4 != 0;
}

static float change(int g, int span, int row, int k) {
    return (float)((g + row + k + span) % 4);
}

static float start(int row, int k) {
    return (float)(row + k);
}

static float expected(int n_replicas, int n_spans, int row, int k) {
    float sum = start(row, k);
    for (int span = 0; span < n_spans; span++)
        for (int g = 0; g < n_replicas; g++)
            sum += touches(g, span, row) ? change(g, span, row, k) : 0;
    return sum;
}

/* What threads would do, in an order that they might have. */
static void run_in_parts(int n_threads, int64_t n, parallel_work work, void *context) {
    for (int part = n_threads - 1; part >= 0; part--)
        work(context, n * part / n_threads, n * (part + 1) / n_threads, part);
}

typedef struct {
    replicas r;
    placement p;
    pull *pull;
    row_changes changes;
    merger *merger;
    shared_block rows, marks;
    int wrong;
} fixture;

static bool merges(const fixture *f) {
    return comm_rank(f->r.mine) < f->r.slices;
}

static void set_start(fixture *f) {
    const placement *p = &f->p;
    for (int row = 0; row < p->shape.n_hot && comm_rank(f->r.mine) == 0; row++)
        for (int k = 0; k < USED; k++) {
            p->base[row * WIDTH + k] = start(row, k);
            p->rows[row * WIDTH + k] = start(row, k);
        }
    for (int64_t i = 0; placement_is_cut(p) && i < placement_owned(p); i++) {
        int64_t id;
        float *row = placement_owned_row(p, i, &id);
        for (int k = 0; id >= p->shape.n_hot && k < USED; k++)
            row[k] = start((int)id, k);
    }
}

static void create(fixture *f, int n_replicas, int n_hot, row_format format) {
    *f = (fixture){0};
    CU_ASSERT_EQUAL_FATAL(replicas_create(&f->r, world, n_replicas).code, STATUS_OK);
    const placement_shape shape = {
        .n_rows = ROWS, .n_hot = n_hot, .room = ROWS - n_hot, .width = WIDTH, .used = USED};
    CU_ASSERT_FATAL(!placement_create(&f->p, &f->r, &shape).code);
    CU_ASSERT_FATAL(!shared_create(&f->rows, f->r.mine, ROWS * WIDTH * 4, "rows").code);
    CU_ASSERT_FATAL(!shared_create(&f->marks, f->r.mine, ROWS, "marks").code);
    f->p.rows = f->rows.data;
    f->p.touched = f->marks.data;
    const parallel threads = {.n_threads = 3, .run = run_in_parts};
    CU_ASSERT_FATAL(!changes_create(&f->changes, &f->p, 0, format, 1, &threads).code);
    CU_ASSERT_FATAL(!merge_create(&f->merger, &f->r, &threads).code);
    if (placement_is_cut(&f->p))
        CU_ASSERT_FATAL(!pull_create(&f->pull, &f->p).code);
    set_start(f);
    shared_sync(&f->p.base_block, f->r.mine);
}

static void clear(fixture *f) {
    shared_free(&f->rows);
    shared_free(&f->marks);
    pull_destroy(&f->pull);
    merge_destroy(&f->merger);
    changes_free(&f->changes);
    placement_free(&f->p);
    replicas_clear(&f->r);
}

static void ask(fixture *f, int span) {
    if (!placement_is_cut(&f->p))
        return;
    for (int g = 0; g < f->r.n_local; g++)
        for (int row = 0; row < ROWS; row++)
            if (touches(f->r.first + g, span, row))
                f->p.wanted[row] = 1;
    CU_ASSERT_FATAL(!placement_plan(&f->p).code);
    if (merges(f))
        CU_ASSERT_FATAL(!pull_begin(f->pull).code);
}

static void train_replica(fixture *f, int replica, int span) {
    const int32_t *slots = placement_slots(&f->p);
    for (int row = 0; row < ROWS; row++) {
        const int slot = slots ? slots[row] : row;
        if (!touches(replica, span, row))
            continue;
        for (int k = 0; k < USED; k++) {
            float *x = &f->p.rows[slot * WIDTH + k];
            f->wrong += *x != expected(f->r.n, span, row, k);
            *x += change(replica, span, row, k);
        }
        f->p.touched[slot] = 1;
    }
}

/* Every local replica finds what all had after the last merge, whoever was here before it. */
static void train(fixture *f, int span) {
    for (int g = 0; g < f->r.n_local; g++) {
        if (comm_rank(f->r.mine) == 0)
            train_replica(f, f->r.first + g, span);
        shared_sync(&f->rows, f->r.mine);
        if (merges(f))
            changes_keep(&f->changes, g);
    }
}

static void merge(fixture *f, bool has_next) {
    const bool pulled = has_next && placement_is_cut(&f->p);
    shared_sync(&f->p.base_block, f->r.mine);
    if (pulled && merges(f))
        pull_end(f->pull);
    CU_ASSERT_FATAL(
        !merge_run(f->merger, &f->changes, pulled ? f->pull : NULL, fold_sum, NULL).code);
    shared_sync(&f->p.base_block, f->r.mine);
    if (pulled)
        placement_turn(&f->p);
}

/* Every row has one owner, who has what all replicas made of it. */
static void check_owned(fixture *f) {
    int64_t n = 0;
    for (; n < placement_owned(&f->p); n++) {
        int64_t id;
        const float *row = placement_owned_row(&f->p, n, &id);
        for (int k = 0; k < USED; k++)
            f->wrong += row[k] != expected(f->r.n, SPANS, (int)id, k);
    }
    CU_ASSERT_EQUAL(comm_sum(world, n), ROWS);
}

static void train_and_merge(int n_replicas, int n_hot, row_format format) {
    fixture f;
    create(&f, n_replicas, n_hot, format);
    ask(&f, 0);
    if (f.pull) {
        if (merges(&f))
            pull_end(f.pull);
        placement_turn(&f.p);
    }
    for (int span = 0; span < SPANS; span++) {
        const bool has_next = span + 1 < SPANS;
        if (has_next)
            ask(&f, span + 1);
        if (f.pull)
            pull_move(f.pull);
        train(&f, span);
        merge(&f, has_next);
    }
    check_owned(&f);
    CU_ASSERT_EQUAL(f.wrong, 0);
    clear(&f);
}

static void where_rows_live_does_not_change_what_becomes_of_them(void) {
    static const int hot[] = {0, 1, 9, ROWS};
    for (int n = 1; n <= 9; n++)
        for (int i = 0; i < 4; i++)
            train_and_merge(n, hot[i], ROW_FLOAT32);
}

static void rounded_messages_leave_all_replicas_alike(void) {
    for (int n = 1; n <= 5; n++) {
        train_and_merge(n, 0, ROW_BFLOAT16);
        train_and_merge(n, ROWS, ROW_BFLOAT16);
    }
}

static void too_many_rows_for_the_room_are_refused(void) {
    fixture f;
    create(&f, 2, 9, ROW_FLOAT32);
    f.p.shape.room = 3;
    for (int row = 9; row < 13; row++)
        f.p.wanted[row] = 1;
    CU_ASSERT_EQUAL(placement_plan(&f.p).code, STATUS_SPACE);
    clear(&f);
}

/* ---- rounding */

static void rounding_at_random_keeps_the_mean(void) {
    enum { N = 20000 };
    const float value = 1 + 0x1p-10f; /* an eighth of the way from 1 to the next bfloat16 */
    char record[64];
    double sum = 0;
    int other = 0;
    for (int i = 0; i < N; i++) {
        float out;
        row_record_write(record, ROW_BFLOAT16, i, &value, 1, random_at(7, (uint64_t)i));
        CU_ASSERT_EQUAL(row_record_row(record), i);
        row_record_read(record, ROW_BFLOAT16, &out, 1);
        other += out != 1 && out != 1 + 0x1p-7f;
        sum += out;
    }
    CU_ASSERT_EQUAL(other, 0);
    /* a step is 2^-7 and taken with probability 1/8: five standard errors of the mean */
    CU_ASSERT_DOUBLE_EQUAL(sum / N, (double)value, 5 * 0x1p-7 * sqrt(0.125 * 0.875 / N));
}

static void rounding_leaves_what_is_no_number(void) {
    const float values[] = {INFINITY, -INFINITY, NAN, 0, -0.5f};
    float out[5];
    char record[64];
    row_record_write(record, ROW_BFLOAT16, 1, values, 5, 99);
    row_record_read(record, ROW_BFLOAT16, out, 5);
    CU_ASSERT(isinf(out[0]) && out[0] > 0);
    CU_ASSERT(isinf(out[1]) && out[1] < 0);
    CU_ASSERT(isnan(out[2]));
    CU_ASSERT_EQUAL(out[3], 0);
    CU_ASSERT_EQUAL(out[4], -0.5f);
    CU_ASSERT_EQUAL(row_record_bytes(ROW_BFLOAT16, 5) - row_record_bytes(ROW_BFLOAT16, 0), 10);
}

static void nothing_is_left_behind(void) {
    CU_ASSERT_EQUAL(mem_live_blocks(), 0);
}

int main(int argc, char **argv) {
    static const test_case cases[] = {
        {"where_rows_live_does_not_change_what_becomes_of_them",
         where_rows_live_does_not_change_what_becomes_of_them},
        {"rounded_messages_leave_all_replicas_alike", rounded_messages_leave_all_replicas_alike},
        {"too_many_rows_for_the_room_are_refused", too_many_rows_for_the_room_are_refused},
        {"rounding_at_random_keeps_the_mean", rounding_at_random_keeps_the_mean},
        {"rounding_leaves_what_is_no_number", rounding_leaves_what_is_no_number},
        {"nothing_is_left_behind", nothing_is_left_behind},
    };
    world = comm_start(&argc, &argv);
    int failed = test_run("merge", cases, sizeof cases / sizeof *cases, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
