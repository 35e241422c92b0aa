// SPDX-License-Identifier: Apache-2.0
/* HDF5 files by several ranks: any tiling of the rows gives the same contents, and a failure of
 * one rank or a full disk is the same failure on all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "comm.h"
#include "corpus_file.h"
#include "h5.h"
#include "memory.h"
#include "run_file.h"
#include "support.h"

#define KIND "wordshard test"

static comm *world; /* CUnit passes no context to a test */

/* The same path on every rank, in rank 0's folder. */
static const char *shared_path(const char *name) {
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    if (comm_rank(world) == 0)
        snprintf(path, 512, "%s", test_path(name));
    comm_broadcast(world, 0, path, 512);
    return path;
}

static int64_t begin_of(int64_t n, int rank) {
    return n * rank / comm_size(world);
}

static float value_at(int64_t row, int64_t column) {
    return (float)(row * 1000 + column);
}

static void check_ok(status s) {
    if (s.code)
        fprintf(stderr, "rank %d: %s\n", comm_rank(world), s.message);
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

static void write_table(h5_file *f, const h5_dataset *d, int64_t begin, int64_t n, size_t stride) {
    float *rows;
    status s = mem_new(&rows, (size_t)n * stride, sizeof *rows, "rows");
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d->columns; j++)
            rows[i * (int64_t)stride + j] = value_at(begin + i, j);
    check_ok(h5_write(f, d, begin, n, rows, stride));
    mem_free(&rows);
}

static int64_t count_different(h5_file *f, const h5_dataset *d) {
    float *rows;
    int64_t different = 0;
    status s = mem_new(&rows, (size_t)(d->rows * d->columns), sizeof *rows, "rows");
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    s = h5_read(f, d->name, H5_F32, 0, d->rows, rows, (size_t)d->columns);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    for (int64_t i = 0; i < d->rows; i++)
        for (int64_t j = 0; j < d->columns; j++)
            different += rows[i * d->columns + j] != value_at(i, j);
    mem_free(&rows);
    return different;
}

static void ranks_write_one_table_together(void) {
    const group g = comm_group(world);
    const char *path = shared_path("table.h5");
    h5_file *f = NULL;
    check_ok(h5_create(&f, path, KIND, 1, &g));
    const h5_dataset tables[] = {{"/even", H5_F32, 5003, 100, true},
                                 {"/plain", H5_F32, 5003, 100, false},
                                 {"/last", H5_F32, 2000, 30, true},
                                 {"/small", H5_F32, 1, 3, true}};
    for (int t = 0; t < 4; t++) {
        int64_t begin = begin_of(tables[t].rows, g.rank);
        int64_t end = begin_of(tables[t].rows, g.rank + 1);
        if (t == 2) /* everything from the last rank, nothing from the others */
            begin = g.rank == g.size - 1 ? 0 : tables[t].rows, end = tables[t].rows;
        write_table(f, &tables[t], begin, end - begin, (size_t)tables[t].columns + 4);
    }
    CU_ASSERT_EQUAL(count_different(f, &tables[0]), 0);
    check_ok(h5_commit(&f));
    check_ok(h5_open(&f, path, KIND, &g));
    for (int t = 0; t < 4; t++)
        CU_ASSERT_EQUAL(count_different(f, &tables[t]), 0);
    h5_close(&f);
}

static void ranks_write_blocks_on_their_own(void) {
    enum { N = 100000, BLOCK = 777 };
    const group g = comm_group(world);
    const char *path = shared_path("blocks.h5");
    h5_file *f = NULL;
    check_ok(h5_create(&f, path, KIND, 1, &g));
    const h5_dataset ids = {"/ids", H5_I32, N, 0, false};
    const h5_dataset others = {"/others", H5_I32, N, 0, false};
    check_ok(h5_write_begin(f, &ids));
    check_ok(h5_write_begin(f, &others));
    int32_t block[BLOCK];
    int bad = 0;
    for (int64_t at = g.rank * BLOCK; at < N; at += (int64_t)g.size * BLOCK) {
        int64_t n = N - at < BLOCK ? N - at : BLOCK;
        for (int64_t i = 0; i < n; i++)
            block[i] = (int32_t)(at + i);
        bad += h5_write_rows(f, "/ids", at, n, block).code != STATUS_OK;
        bad += h5_write_rows(f, "/others", at, n, block).code != STATUS_OK;
    }
    CU_ASSERT_EQUAL(bad, 0);
    check_ok(h5_write_end(f, status_ok()));
    check_ok(h5_commit(&f));
    check_ok(h5_open(&f, path, KIND, &g));
    int32_t *all;
    int64_t n;
    check_ok(h5_read_all(f, "/others", H5_I32, &all, &n));
    for (int64_t i = 0; i < n; i++)
        bad += all[i] != i;
    CU_ASSERT_TRUE(n == N && bad == 0);
    mem_free(&all);
    h5_close(&f);
}

static void fill_word(const void *context, int64_t begin, int64_t n, char *out) {
    (void)context;
    for (int64_t i = 0; i < n; i++) {
        char text[16];
        memcpy(out + i * 40, text, (size_t)snprintf(text, 16, "w%lld", (long long)(begin + i)));
    }
}

/* Chunks that several ranks and several calls share: pieces go to the ranks in turn. */
static void ranks_write_a_column_piece_by_piece(void) {
    enum { ROWS = 900001, PIECE = 70001 };
    const group g = comm_group(world);
    const char *path = shared_path("pieces.h5");
    const h5_dataset d = {"/column", H5_U64, ROWS, 0, true}, empty = {"/empty", H5_U32, 0, 0, true};
    uint64_t *x;
    h5_file *f = NULL;
    check_ok(mem_new(&x, ROWS, sizeof *x, "a column"));
    for (uint64_t i = 0; i < ROWS; i++)
        x[i] = i * 0x9E3779B97F4A7C15u;
    check_ok(h5_create(&f, path, KIND, 1, &g));
    check_ok(h5_write_begin(f, &d));
    check_ok(h5_write_begin(f, &empty));
    for (int64_t first = 0; first < ROWS; first += (int64_t)PIECE * g.size) {
        int64_t begin = first + (int64_t)PIECE * g.rank, end = begin + PIECE;
        begin = begin < ROWS ? begin : ROWS;
        end = end < ROWS ? end : ROWS;
        check_ok(h5_write_part(f, "/column", begin, end - begin, x + begin));
        check_ok(h5_write_part(f, "/empty", 0, 0, NULL));
    }
    CU_ASSERT_EQUAL(h5_write_part(f, "/column", ROWS, g.rank == 0, x).code, STATUS_INTERNAL);
    check_ok(h5_write_end(f, status_ok()));
    check_ok(h5_commit(&f));
    check_ok(h5_open(&f, path, KIND, &g));
    uint64_t *back;
    int64_t n = 0;
    check_ok(h5_read_all(f, "/column", H5_U64, &back, &n));
    CU_ASSERT_EQUAL_FATAL(n, ROWS);
    CU_ASSERT_EQUAL(memcmp(back, x, ROWS * sizeof *x), 0);
    h5_close(&f);
    mem_free(&back);
    mem_free(&x);
}

static void strings_and_attributes_come_from_all_ranks(void) {
    const group g = comm_group(world);
    const char *path = shared_path("strings.h5");
    h5_file *f = NULL;
    check_ok(h5_create(&f, path, KIND, 1, &g));
    check_ok(h5_write_strings(f, "/words", 500000, 40, fill_word, NULL));
    check_ok(h5_link(f, "/words", "/a/words"));
    char name[32];
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "option-%d", i);
        check_ok(h5_set_text(f, "/provenance/options", name, "some value"));
    }
    check_ok(h5_commit(&f));
    check_ok(h5_open(&f, path, KIND, &g));
    check_ok(h5_verify(f, "/a/words"));
    char *value;
    check_ok(h5_get_text(f, "/provenance/options", "option-59", &value));
    CU_ASSERT_STRING_EQUAL(value, "some value");
    mem_free(&value);
    h5_close(&f);
}

static void make_words(wordlist *w, int64_t n) {
    check_ok(wordlist_init(w, n, n * 8));
    for (int64_t i = 0; i < n; i++) {
        char *at = (char *)w->bytes + w->offsets[i];
        w->offsets[i + 1] = w->offsets[i] + snprintf(at, 8, "w%lld", (long long)i);
        w->counts[i] = n - i;
    }
}

static void runs_keep_a_snapshot_of_each_epoch(void) {
    enum { V = 3001, DIM = 50, STRIDE = 64 };
    const group g = comm_group(world);
    const char *path = shared_path("run.h5");
    wordlist words;
    make_words(&words, V);
    h5_file *f = NULL;
    float *rows;
    int64_t begin = begin_of(V, g.rank), n = begin_of(V, g.rank + 1) - begin;
    check_ok(mem_new(&rows, V * STRIDE, sizeof *rows, "rows"));
    check_ok(run_file_create(&f, path, &words, &g));
    run_epoch epochs[2] = {{.loss = 3, .words = 10}, {.loss = 2, .words = 10}};
    for (int epoch = 1; epoch <= 2; epoch++) {
        for (int64_t i = 0; i < n * STRIDE; i++)
            rows[i] = (float)((begin * STRIDE + i) * epoch);
        check_ok(run_file_write_epoch(f, epoch, "vectors", V, DIM, begin, n, rows, STRIDE));
    }
    check_ok(run_file_link_final(f, 2, "vectors"));
    check_ok(run_file_write_training(f, 2, epochs));
    check_ok(h5_commit(&f));
    run_file run;
    check_ok(run_file_open(&run, path, &g));
    CU_ASSERT_TRUE(run.dim == DIM && run.n_epochs == 2 && run.words.n == V);
    for (int epoch = 0; epoch <= 2; epoch++) {
        status s = run_file_read(&run, "vectors", epoch, 0, V, rows, STRIDE);
        CU_ASSERT_EQUAL(s.code, STATUS_OK);
        int different = 0, factor = epoch == 1 ? 1 : 2;
        for (int64_t i = 0; i < V * STRIDE; i++)
            different += rows[i] != (i % STRIDE < DIM ? (float)(i * factor) : 0.0f);
        CU_ASSERT_EQUAL(different, 0);
    }
    check_ok(run_file_check(&run));
    run_file_close(&run);
    wordlist_clear(&words);
    mem_free(&rows);
}

/* ---- failures */

static void one_ranks_failure_is_everybodys(void) {
    const group g = comm_group(world);
    const char *path = shared_path("failed.h5");
    h5_file *f = NULL;
    check_ok(h5_create(&f, path, KIND, 1, &g));
    const h5_dataset ids = {"/ids", H5_I32, 100, 0, false};
    check_ok(h5_write_begin(f, &ids));
    bool last = g.rank == g.size - 1;
    status mine = last ? status_error(STATUS_INPUT, "bad line") : status_ok();
    CU_ASSERT_EQUAL(h5_write_end(f, mine).code, STATUS_INPUT);
    h5_discard(&f);
    comm_barrier(world);
    CU_ASSERT_FALSE(is_there(path));
    CU_ASSERT_EQUAL(h5_create(&f, shared_path("no/folder.h5"), KIND, 1, &g).code, STATUS_IO);
    CU_ASSERT_PTR_NULL(f);
    status s = h5_open(&f, shared_path("absent.h5"), KIND, &g);
    CU_ASSERT_EQUAL(s.code, STATUS_IO);
    for (int k = 0; k < 12; k++) { /* one rank has no memory */
        mem_refuse_after(last ? k : -1);
        const h5_dataset d = {"/a/b", H5_I32, g.size, 0, true};
        const int32_t rank = g.rank;
        s = h5_create(&f, path, KIND, 1, &g);
        if (!s.code)
            s = h5_write(f, &d, g.rank, 1, &rank, 1);
        if (!s.code)
            s = h5_commit(&f);
        mem_refuse_after(-1);
        h5_discard(&f);
        int64_t code = (int64_t)s.code;
        CU_ASSERT_EQUAL(comm_max(world, code), comm_min(world, code));
    }
}

static void full_disks_are_the_same_failure_on_all_ranks(void) {
    const group g = comm_group(world);
    const char *disk = shared_path("disk");
    int64_t mounted = 0;
    if (g.rank == 0)
        mounted = mkdir(disk, 0700) == 0 && mount("tmpfs", disk, "tmpfs", 0, "size=2m") == 0;
    if (!comm_max(world, mounted)) {
        if (g.rank == 0)
            printf("full disk: skipped, it needs the right to mount\n");
        return;
    }
    const char *path = shared_path("disk/full.h5");
    char *data;
    check_ok(mem_new(&data, 4 << 20, 1, "data"));
    for (int checksum = 0; checksum < 2; checksum++) {
        h5_file *f = NULL;
        check_ok(h5_create(&f, path, KIND, 1, &g));
        const h5_dataset small = {"/small", H5_U8, 1 << 20, 0, checksum};
        const h5_dataset large = {"/large", H5_U8, 4 << 20, 0, checksum};
        int64_t begin = begin_of(small.rows, g.rank), end = begin_of(small.rows, g.rank + 1);
        check_ok(h5_write(f, &small, begin, end - begin, data, 1));
        begin = begin_of(large.rows, g.rank), end = begin_of(large.rows, g.rank + 1);
        status s = h5_write(f, &large, begin, end - begin, data, 1);
        CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
        CU_ASSERT_PTR_NOT_NULL(strstr(s.message, path));
        h5_discard(&f);
        comm_barrier(world);
        CU_ASSERT_FALSE(is_there(path));
    }
    mem_free(&data);
    comm_barrier(world);
    if (g.rank == 0)
        CU_ASSERT_EQUAL(umount(disk), 0);
}

int main(int argc, char **argv) {
    world = comm_start(&argc, &argv);
    static const test_case cases[] = {
        {"ranks_write_one_table_together", ranks_write_one_table_together},
        {"ranks_write_blocks_on_their_own", ranks_write_blocks_on_their_own},
        {"ranks_write_a_column_piece_by_piece", ranks_write_a_column_piece_by_piece},
        {"strings_and_attributes_come_from_all_ranks", strings_and_attributes_come_from_all_ranks},
        {"runs_keep_a_snapshot_of_each_epoch", runs_keep_a_snapshot_of_each_epoch},
        {"one_ranks_failure_is_everybodys", one_ranks_failure_is_everybodys},
        {"full_disks_are_the_same_failure_on_all_ranks",
         full_disks_are_the_same_failure_on_all_ranks},
    };
    int failed = test_run("h5 parallel", cases, sizeof cases / sizeof *cases, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
