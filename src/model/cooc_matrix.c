// SPDX-License-Identifier: Apache-2.0
#include "cooc_matrix.h"

#include "memory.h"

int64_t cooc_matrix_cells(const cooc_matrix *m) {
    return m->offsets ? m->offsets[m->end - m->begin] : 0;
}

int64_t cooc_matrix_longest(const cooc_matrix *m) {
    int64_t longest = 0;
    for (int64_t i = 0; i < m->end - m->begin; i++)
        if (m->offsets[i + 1] - m->offsets[i] > longest)
            longest = m->offsets[i + 1] - m->offsets[i];
    return longest;
}

/* First of the high parts at or after a cell. */
static int64_t find_high(const cooc_matrix *m, int64_t cell) {
    int64_t low = 0, high = m->n_high;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (m->high[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t cooc_matrix_weights(const cooc_matrix *m, int64_t i, const int32_t **columns,
                            uint64_t *weights) {
    const int64_t first = m->offsets[i - m->begin], end = m->offsets[i - m->begin + 1];
    *columns = m->columns + first;
    for (int64_t c = first; c < end; c++)
        weights[c - first] = m->weights[c];
    for (int64_t h = find_high(m, first); h < m->n_high && m->high[h].cell < end; h++)
        weights[m->high[h].cell - first] |= (uint64_t)m->high[h].high << 32;
    return end - first;
}

int64_t cooc_matrix_row(const cooc_matrix *m, int64_t i, const int32_t **columns, double *values) {
    const int64_t first = m->offsets[i - m->begin], end = m->offsets[i - m->begin + 1];
    const double unit = (double)m->denominator;
    *columns = m->columns + first;
    for (int64_t c = first; c < end; c++)
        values[c - first] = m->weights[c] / unit;
    for (int64_t h = find_high(m, first); h < m->n_high && m->high[h].cell < end; h++) {
        const int64_t c = m->high[h].cell;
        values[c - first] = (double)((uint64_t)m->high[h].high << 32 | m->weights[c]) / unit;
    }
    return end - first;
}

void cooc_matrix_clear(cooc_matrix *m) {
    mem_free(&m->offsets);
    mem_free(&m->columns);
    mem_free(&m->weights);
    mem_free(&m->high);
    *m = (cooc_matrix){0};
}
