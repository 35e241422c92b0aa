// SPDX-License-Identifier: Apache-2.0
#include "cooc_share.h"

#include <stdbool.h>
#include <string.h>

#include "exchange.h"
#include "memory.h"

void cooc_share_cut(const int64_t *cells, int64_t begin, int64_t n, int size, int64_t *cuts) {
    int64_t total = 0, sum = 0, row = 0;
    for (int64_t i = 0; i < n; i++)
        total += cells[i];
    cuts[0] = begin;
    for (int r = 1; r <= size; r++) {
        const double end = (double)total * r / size;
        while (row < n && (r == size || (double)sum + 0.5 * (double)cells[row] < end))
            sum += cells[row++];
        cuts[r] = begin + row;
    }
}

/* ---- what came from the ranks */

typedef struct {
    int64_t *sizes; /* of the rows, [ranks][n_rows] */
    int32_t *columns;
    uint32_t *weights;
    cooc_high *high;
    cooc_matrix *parts; /* [ranks] views into them */
    int64_t *offsets;   /* [ranks][n_rows + 1] */
} received;

static void clear_received(received *x) {
    mem_free(&x->sizes);
    mem_free(&x->columns);
    mem_free(&x->weights);
    mem_free(&x->high);
    mem_free(&x->parts);
    mem_free(&x->offsets);
}

/* Cells of m that lie before a row; rows outside of m have none. */
static int64_t cells_before(const cooc_matrix *m, int64_t row) {
    if (row <= m->begin)
        return 0;
    return m->offsets[(row < m->end ? row : m->end) - m->begin];
}

/* Collective. Sizes of the rows of cuts' parts. */
static status send_sizes(const cooc_matrix *m, const int64_t *cuts, const comm *world,
                         received *x) {
    const int size = comm_size(world);
    const int64_t n = cuts[size] - cuts[0];
    int64_t *sizes = NULL, *bytes = NULL;
    status s = mem_new(&sizes, (size_t)n, sizeof *sizes, "sizes of rows");
    if (!s.code)
        s = mem_new(&bytes, 2 * (size_t)size, sizeof *bytes, "sizes of messages");
    s = comm_agree(world, s);
    for (int64_t i = 0; i < n && !s.code; i++)
        sizes[i] = cells_before(m, cuts[0] + i + 1) - cells_before(m, cuts[0] + i);
    for (int r = 0; r < size && !s.code; r++)
        bytes[r] = (cuts[r + 1] - cuts[r]) * (int64_t)sizeof *sizes;
    if (!s.code)
        s = exchange_bytes(world, sizes, bytes, &x->sizes, bytes + size);
    mem_free(&sizes);
    mem_free(&bytes);
    return s;
}

/* Collective. The elements of one array of cells, bytes each, freed when they are sent. */
static status send_cells(const cooc_matrix *m, const int64_t *cuts, const comm *world, void *array,
                         int64_t element, void *out) {
    const int size = comm_size(world);
    int64_t *bytes = NULL;
    void *data;
    status s =
        comm_agree(world, mem_new(&bytes, 2 * (size_t)size, sizeof *bytes, "sizes of messages"));
    memcpy(&data, array, sizeof data);
    for (int r = 0; r < size && !s.code; r++)
        bytes[r] = (cells_before(m, cuts[r + 1]) - cells_before(m, cuts[r])) * element;
    if (!s.code)
        s = exchange_bytes(world, data, bytes, out, bytes + size);
    mem_free(&bytes);
    mem_free(array);
    return s;
}

/* Collective. Cells are numbered from the first that goes to the same rank. */
static status send_high(cooc_matrix *m, const int64_t *cuts, const comm *world, received *x,
                        int64_t *n_received) {
    const int size = comm_size(world);
    int64_t *bytes = NULL, h = 0;
    status s =
        comm_agree(world, mem_new(&bytes, 2 * (size_t)size, sizeof *bytes, "sizes of messages"));
    for (int r = 0; r < size && !s.code; r++) {
        const int64_t first = cells_before(m, cuts[r]), end = cells_before(m, cuts[r + 1]);
        for (; h < m->n_high && m->high[h].cell < end; h++) {
            m->high[h].cell -= first;
            bytes[r] += (int64_t)sizeof *m->high;
        }
    }
    if (!s.code)
        s = exchange_bytes(world, m->high, bytes, &x->high, bytes + size);
    for (int r = 0; r < size && !s.code; r++)
        n_received[r] = bytes[size + r] / (int64_t)sizeof *m->high;
    mem_free(&bytes);
    mem_free(&m->high);
    return s;
}

/* Views of what came from each rank. */
static status view_parts(const cooc_matrix *m, int64_t begin, int64_t end, int size,
                         const int64_t *n_high, received *x) {
    const int64_t n = end - begin;
    int64_t cell = 0, high = 0;
    status s = mem_new(&x->parts, (size_t)size, sizeof *x->parts, "received rows");
    if (!s.code)
        s = mem_new(&x->offsets, (size_t)size * (size_t)(n + 1), sizeof *x->offsets,
                    "received rows");
    for (int r = 0; r < size && !s.code; r++) {
        int64_t *offsets = x->offsets + r * (n + 1);
        for (int64_t i = 0; i < n; i++)
            offsets[i + 1] = offsets[i] + x->sizes[r * n + i];
        x->parts[r] = (cooc_matrix){.n_words = m->n_words,
                                    .begin = begin,
                                    .end = end,
                                    .offsets = offsets,
                                    .columns = x->columns + cell,
                                    .weights = x->weights + cell,
                                    .high = x->high + high,
                                    .n_high = n_high[r],
                                    .denominator = m->denominator};
        cell += offsets[n];
        high += n_high[r];
    }
    return s;
}

/* Collective. Rows [cuts[r], cuts[r + 1]) of all ranks' matrices, added up, go to rank r. */
static status redistribute(cooc_matrix *m, const int64_t *cuts, const comm *world) {
    const int rank = comm_rank(world), size = comm_size(world);
    received x = {0};
    int64_t *n_high = NULL;
    cooc_matrix sum = {0};
    status s = comm_agree(world, mem_new(&n_high, (size_t)size, sizeof *n_high, "sizes"));
    if (!s.code)
        s = send_sizes(m, cuts, world, &x);
    if (!s.code)
        s = send_high(m, cuts, world, &x, n_high);
    if (!s.code)
        s = send_cells(m, cuts, world, &m->columns, sizeof *m->columns, &x.columns);
    if (!s.code)
        s = send_cells(m, cuts, world, &m->weights, sizeof *m->weights, &x.weights);
    if (!s.code)
        s = comm_agree(world, view_parts(m, cuts[rank], cuts[rank + 1], size, n_high, &x));
    if (!s.code)
        s = comm_agree(world, cooc_matrix_add(&sum, x.parts, size));
    mem_free(&n_high);
    clear_received(&x);
    cooc_matrix_clear(m);
    if (s.code)
        cooc_matrix_clear(&sum);
    *m = sum;
    return s;
}

/* Collective. Cells of each row, of all ranks. */
static void count_cells(const cooc_matrix *m, int64_t begin, int64_t n, const comm *world,
                        int64_t *cells) {
    for (int64_t i = 0; i < n; i++)
        cells[i] = cells_before(m, begin + i + 1) - cells_before(m, begin + i);
    comm_sum_all(world, cells, n);
}

/* Collective. Whether every rank has its rows. */
static bool is_cut_so(const cooc_matrix *m, const int64_t *cuts, const comm *world) {
    const int rank = comm_rank(world);
    return comm_min(world, m->begin == cuts[rank] && m->end == cuts[rank + 1]);
}

status cooc_share(cooc_matrix *m, const comm *world) {
    const int size = comm_size(world);
    const int64_t begin = m->begin, n = m->end - m->begin;
    int64_t *cells = NULL, *cuts = NULL;
    if (size == 1)
        return status_ok();
    status s = mem_new(&cells, (size_t)n, sizeof *cells, "sizes of rows");
    if (!s.code)
        s = mem_new(&cuts, (size_t)size + 1, sizeof *cuts, "the ranks' rows");
    s = comm_agree(world, s);
    /* The sum over the ranks overestimates rows that several of them have: cut a second time by
     * what came out. */
    for (int round = 0; round < 2 && !s.code; round++) {
        count_cells(m, begin, n, world, cells);
        cooc_share_cut(cells, begin, n, size, cuts);
        if (round && is_cut_so(m, cuts, world))
            break;
        s = redistribute(m, cuts, world);
    }
    mem_free(&cells);
    mem_free(&cuts);
    if (s.code)
        cooc_matrix_clear(m);
    return s;
}
