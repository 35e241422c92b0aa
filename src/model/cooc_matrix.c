// SPDX-License-Identifier: Apache-2.0
#include "cooc_matrix.h"

#include <string.h>

#include "cooc_row.h"
#include "memory.h"

static const char WHAT[] = "co-occurrences";

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

/* ---- several as one */

status cooc_matrix_new(cooc_matrix *m, int64_t n_words, int64_t denominator, int64_t begin,
                       int64_t end, int64_t cells) {
    const size_t room = cells ? (size_t)cells : 1;
    size_t columns = 0, weights = 0; /* mem_grow, because it does not write zeros first */
    *m = (cooc_matrix){.n_words = n_words, .begin = begin, .end = end, .denominator = denominator};
    status s = mem_new(&m->offsets, (size_t)(end - begin) + 1, sizeof *m->offsets, WHAT);
    if (!s.code)
        s = mem_grow(&m->columns, &columns, room, sizeof *m->columns, WHAT);
    if (!s.code)
        s = mem_grow(&m->weights, &weights, room, sizeof *m->weights, WHAT);
    if (s.code)
        cooc_matrix_clear(m);
    return s;
}

int64_t cooc_matrix_bytes(int64_t rows, int64_t cells) {
    return (rows + 1) * (int64_t)sizeof(int64_t) +
           cells * (int64_t)(sizeof(int32_t) + sizeof(uint32_t));
}

status cooc_matrix_slice(cooc_matrix *out, const cooc_matrix *m, int64_t begin, int64_t end) {
    const int64_t *offsets = m->offsets + (begin - m->begin);
    const int64_t first = offsets[0], cells = offsets[end - begin] - first;
    const int64_t h = find_high(m, first), n_high = find_high(m, first + cells) - h;
    status s = cooc_matrix_new(out, m->n_words, m->denominator, begin, end, cells);
    if (!s.code && n_high)
        s = mem_new(&out->high, (size_t)n_high, sizeof *out->high, WHAT);
    if (s.code) {
        cooc_matrix_clear(out);
        return s;
    }
    for (int64_t i = 0; i <= end - begin; i++)
        out->offsets[i] = offsets[i] - first;
    memcpy(out->columns, m->columns + first, (size_t)cells * sizeof *out->columns);
    memcpy(out->weights, m->weights + first, (size_t)cells * sizeof *out->weights);
    for (; out->n_high < n_high; out->n_high++)
        out->high[out->n_high] =
            (cooc_high){m->high[h + out->n_high].cell - first, m->high[h + out->n_high].high};
    return s;
}

static void append(cooc_matrix *m, const cooc_matrix *part) {
    const int64_t first = part->begin - m->begin, cells = m->offsets[first];
    const int64_t more = cooc_matrix_cells(part);
    for (int64_t i = 0; i <= part->end - part->begin; i++)
        m->offsets[first + i] = cells + part->offsets[i];
    memcpy(m->columns + cells, part->columns, (size_t)more * sizeof *m->columns);
    memcpy(m->weights + cells, part->weights, (size_t)more * sizeof *m->weights);
    for (int64_t h = 0; h < part->n_high; h++)
        m->high[m->n_high++] = (cooc_high){cells + part->high[h].cell, part->high[h].high};
}

status cooc_matrix_join(cooc_matrix *m, cooc_matrix *parts, int64_t n_parts) {
    int64_t cells = 0, n_high = 0;
    for (int64_t p = 0; p < n_parts; p++) {
        cells += cooc_matrix_cells(&parts[p]);
        n_high += parts[p].n_high;
    }
    status s = cooc_matrix_new(m, parts[0].n_words, parts[0].denominator, parts[0].begin,
                               parts[n_parts - 1].end, cells);
    if (!s.code)
        s = mem_new(&m->high, (size_t)n_high, sizeof *m->high, WHAT);
    for (int64_t p = 0; p < n_parts; p++) {
        if (!s.code)
            append(m, &parts[p]);
        cooc_matrix_clear(&parts[p]);
    }
    if (s.code)
        cooc_matrix_clear(m);
    return s;
}

static void add_row(cooc_row *row, const cooc_matrix *m, int64_t i, int64_t *h) {
    const int64_t first = m->offsets[i - m->begin], end = m->offsets[i - m->begin + 1];
    for (int64_t c = first; c < end; c++)
        cooc_row_add(row, m->columns[c], m->weights[c]);
    for (; *h < m->n_high && m->high[*h].cell < end; ++*h)
        cooc_row_add(row, m->columns[m->high[*h].cell], (uint64_t)m->high[*h].high << 32);
}

status cooc_matrix_put(cooc_matrix *m, int64_t i, cooc_row *row) {
    const int64_t first = m->offsets[i - m->begin];
    const int64_t n = cooc_row_columns(row, m->columns + first);
    status s = status_ok();
    for (int64_t c = first; c < first + n && !s.code; c++) {
        const uint64_t sum = row->sums[m->columns[c]];
        row->sums[m->columns[c]] = 0;
        m->weights[c] = (uint32_t)sum;
        if (sum >> 32) {
            s = mem_grow(&m->high, &m->high_room, (size_t)m->n_high + 1, sizeof *m->high, WHAT);
            if (!s.code)
                m->high[m->n_high++] = (cooc_high){c, (uint32_t)(sum >> 32)};
        }
    }
    m->offsets[i - m->begin + 1] = first + n;
    return s;
}

status cooc_matrix_add(cooc_matrix *m, const cooc_matrix *parts, int64_t n_parts) {
    cooc_row row = {0};
    int64_t cells = 0, *high = NULL;
    for (int64_t p = 0; p < n_parts; p++)
        cells += cooc_matrix_cells(&parts[p]);
    status s = cooc_matrix_new(m, parts[0].n_words, parts[0].denominator, parts[0].begin,
                               parts[0].end, cells);
    if (!s.code)
        s = mem_new(&high, (size_t)n_parts, sizeof *high, WHAT);
    if (!s.code)
        s = cooc_row_init(&row, m->n_words);
    for (int64_t i = m->begin; i < m->end && !s.code; i++) {
        for (int64_t p = 0; p < n_parts; p++)
            add_row(&row, &parts[p], i, &high[p]);
        s = cooc_matrix_put(m, i, &row);
    }
    cooc_row_clear(&row);
    mem_free(&high);
    if (s.code)
        cooc_matrix_clear(m);
    return s;
}
