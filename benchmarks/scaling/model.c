// SPDX-License-Identifier: Apache-2.0
/* What needs no simulation: the bytes that merging sends, by the model of touched rows, to be held
 * against what a real run says it sent; and the time of this machine to handle a row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>

#include "comm_internal.h"
#include "memory.h"
#include "merge.h"
#include "scaling.h"

enum { SIDES = 2, HEADER = 64, LINE = 16 }; /* bytes before a row; floats that rows are padded to */

static double record_bytes(const settings *s) {
    return HEADER + ceil(s->dim / LINE) * LINE * sizeof(float);
}

/* What merge.c sends from rank 0 for one round: the changes of its touched rows that others own,
 * and the folded rows of its own block to every other. */
static double round_bytes(const word_classes *w, const settings *s, double tokens) {
    const double others = s->nodes - 1, block = floor(s->words / s->nodes);
    double records = 0;
    for (int side = 0; side < SIDES; side++) {
        records += words_touched(w, side, block, s->words, tokens);
        records += others * words_touched(w, side, 0, block, tokens * s->nodes);
    }
    return records * record_bytes(s);
}

/* As train_hogwild.c: a round also ends with an epoch. */
static double round_end(const settings *s, int epoch, double begin) {
    static const double SMALLEST = 0.1;
    const double done = (epoch + begin) / s->epochs;
    const double part = done < s->ramp ? fmax(SMALLEST, done / s->ramp) : 1;
    return fmin(1, begin + part * s->epochs / s->merges);
}

void print_merging(const settings *s, const char *counts) {
    word_classes w;
    double bytes = 0;
    int merges = 0;
    word_classes_create(&w, s, counts);
    settings all = *s;
    if (counts)
        all.words = (double)w.n;
    for (int epoch = 0; epoch < s->epochs; epoch++) {
        double begin = 0;
        while (begin < 1) {
            const double end = round_end(s, epoch, begin);
            bytes += round_bytes(&w, &all, (end - begin) * s->tokens);
            begin = end;
            merges++;
        }
    }
    printf("{\"benchmark\": \"scaling\", \"model\": \"merging\", \"nodes\": %.0f, \"merges\": %d, "
           "\"sent_mib\": %.1f}\n",
           s->nodes, merges, bytes / 1048576);
    word_classes_destroy(&w);
}

/* ---- the time to handle a row */

typedef struct {
    double first, last; /* times of the first fold and behind the last */
} folding;

static void fold_row(void *context, int64_t row, float *const *changes, int n, size_t used) {
    folding *f = context;
    double square = 0;
    (void)row;
    if (f->first == 0)
        f->first = MPI_Wtime();
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < used; k++)
            square += (double)changes[i][k] * (double)changes[i][k];
    changes[0][0] += square > 1e300;
    f->last = MPI_Wtime();
}

void print_handling(const settings *s) {
    enum { ROWS = 200000, TIMES = 5 };
    comm alone = {.mpi = MPI_COMM_SELF, .size = 1};
    const replicas r = {
        .n = 1, .n_local = 1, .mine = &alone, .slices = 1, .n_peers = 1, .peers = &alone};
    const parallel one = {.n_threads = 1};
    const size_t used = (size_t)s->dim, width = (used + LINE - 1) / LINE * LINE;
    placement p;
    row_changes changes;
    merger *m;
    double best[3] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
    const placement_shape shape = {.n_rows = ROWS, .n_hot = ROWS, .width = width, .used = used};
    must(placement_create(&p, &r, &shape));
    must(mem_new(&p.rows, ROWS * width, sizeof(float), "rows"));
    must(mem_new(&p.touched, ROWS, 1, "marks"));
    must(changes_create(&changes, &p, 0, ROW_FLOAT32, 1, &one));
    must(merge_create(&m, &r, &one));
    for (int i = 0; i < TIMES; i++) {
        folding f = {0};
        memset(p.touched, 1, ROWS);
        const double begin = MPI_Wtime();
        changes_keep(&changes, 0);
        must(merge_run(m, &changes, NULL, fold_row, &f));
        const double end = MPI_Wtime();
        best[0] = fmin(best[0], (f.first - begin) / ROWS);
        best[1] = fmin(best[1], (f.last - f.first) / ROWS);
        best[2] = fmin(best[2], (end - f.last) / ROWS);
    }
    printf("{\"benchmark\": \"scaling\", \"model\": \"handling\", \"dim\": %.0f, "
           "\"pack\": %.3g, \"fold\": %.3g, \"apply\": %.3g}\n",
           s->dim, best[0], best[1], best[2]);
    merge_destroy(&m);
    changes_free(&changes);
    mem_free(&p.rows);
    mem_free(&p.touched);
    placement_free(&p);
}
