// SPDX-License-Identifier: Apache-2.0
#include "ppmi.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "memory.h"
#include "sparse_rows.h"

enum { MOST_BITS = 30, SUM_BITS = 62 };

status ppmi_create(ppmi *p, const ppmi_settings *settings, int64_t n_words) {
    *p = (ppmi){.set = *settings, .n_words = n_words};
    const size_t n = (size_t)n_words;
    status s = mem_new(&p->factors, n, sizeof *p->factors, "weights of the words");
    if (!s.code)
        s = mem_new(&p->sums, n, sizeof *p->sums, "margins of the co-occurrences");
    if (!s.code)
        s = mem_new(&p->bias, n, sizeof *p->bias, "margins of the co-occurrences");
    if (s.code) {
        ppmi_clear(p);
        return s;
    }
    for (int64_t i = 0; i < n_words; i++)
        p->factors[i] = 1;
    return s;
}

void ppmi_clear(ppmi *p) {
    mem_free(&p->factors);
    mem_free(&p->sums);
    mem_free(&p->bias);
    *p = (ppmi){0};
}

/* ---- margins */

/* Row i gets the cells of its row. */
static void add_rows(ppmi *p, const cooc_matrix *m, int n_threads) {
#pragma omp parallel for default(none) shared(p, m) num_threads(n_threads) schedule(dynamic, 64)
    for (int64_t i = m->begin; i < m->end; i++) {
        int64_t sum = 0;
        for (int64_t c = m->offsets[i - m->begin]; c < m->offsets[i - m->begin + 1]; c++)
            sum += (int64_t)m->weights[c] * p->factors[m->columns[c]];
        p->sums[i] += sum;
    }
}

/* Row j gets the cells of column j: a thread has a range of columns to itself. */
static void add_columns(ppmi *p, const cooc_matrix *m, int n_threads) {
    const int n_ranges = sparse_ranges(n_threads);
#pragma omp parallel for default(none) shared(p, m) firstprivate(n_ranges) num_threads(n_threads)  \
    schedule(dynamic, 1)
    for (int r = 0; r < n_ranges; r++) {
        const int64_t low = sparse_range(p->n_words, r, n_ranges),
                      high = sparse_range(p->n_words, r + 1, n_ranges);
        for (int64_t i = m->begin; i < m->end; i++) {
            const int64_t first = m->offsets[i - m->begin], end = m->offsets[i - m->begin + 1];
            const int64_t factor = p->factors[i];
            int64_t c = first + sparse_find(m->columns + first, end - first, low);
            for (; c < end && m->columns[c] < high; c++)
                if (m->columns[c] != i)
                    p->sums[m->columns[c]] += (int64_t)m->weights[c] * factor;
        }
    }
}

/* What the low 32 bits of the weights lack. */
static void add_high(ppmi *p, const cooc_matrix *m) {
    int64_t i = m->begin;
    for (int64_t h = 0; h < m->n_high; h++) {
        const int64_t cell = m->high[h].cell, part = (int64_t)m->high[h].high << 32;
        while (m->offsets[i - m->begin + 1] <= cell)
            i++;
        const int64_t j = m->columns[cell];
        p->sums[i] += part * p->factors[j];
        if (i != j)
            p->sums[j] += part * p->factors[i];
    }
}

void ppmi_add(ppmi *p, const cooc_matrix *m, int n_threads) {
    p->denominator = (double)m->denominator;
    add_rows(p, m, n_threads);
    add_columns(p, m, n_threads);
    add_high(p, m);
}

/* s <= 1, so a sum with q grows to at most 2^bits times that without. */
static int free_bits(const ppmi *p) {
    int64_t most = 1;
    for (int64_t i = 0; i < p->n_words; i++)
        most = p->sums[i] > most ? p->sums[i] : most;
    int used = 0;
    while (most >> used)
        used++;
    return SUM_BITS - used < MOST_BITS ? SUM_BITS - used : MOST_BITS;
}

void ppmi_weigh(ppmi *p) {
    double total = 0;
    for (int64_t i = 0; i < p->n_words; i++)
        total += (double)p->sums[i];
    p->bits = free_bits(p);
    for (int64_t i = 0; i < p->n_words; i++) {
        const double part = p->set.weights * total / (double)p->sums[i];
        const double s = p->sums[i] ? fmin(1, sqrt(part) + part) : 1;
        const int64_t q = llround(ldexp(s, p->bits));
        p->factors[i] = q > 0 ? q : 1;
    }
    memset(p->sums, 0, (size_t)p->n_words * sizeof *p->sums);
}

void ppmi_finish(ppmi *p) {
    double total = 0;
    for (int64_t i = 0; i < p->n_words; i++) {
        const double s = ldexp((double)p->factors[i], -p->bits);
        const double row = s * ldexp((double)p->sums[i], -p->bits) / p->denominator;
        total += pow(row, p->set.smoothing) * (row > 0);
        p->bias[i] = row > 0 ? (1 + p->set.smoothing) * log(row) / 2 - log(s) : 0;
    }
    for (int64_t i = 0; i < p->n_words; i++)
        p->bias[i] -= p->sums[i] ? log(total) / 2 : 0;
}

/* ---- cells */

void ppmi_values(const ppmi *p, const cooc_matrix *m, float *values, int n_threads) {
    const float unit = (float)(log(p->denominator) + log(p->set.shift));
#pragma omp parallel for default(none) shared(p, m, values) firstprivate(unit)                     \
    num_threads(n_threads) schedule(dynamic, 64)
    for (int64_t i = m->begin; i < m->end; i++) {
        const float mine = (float)p->bias[i] + unit;
        for (int64_t c = m->offsets[i - m->begin]; c < m->offsets[i - m->begin + 1]; c++) {
            const float x = logf((float)m->weights[c]) - mine - (float)p->bias[m->columns[c]];
            values[c] = x > 0 ? x : 0;
        }
    }
    int64_t i = m->begin;
    for (int64_t h = 0; h < m->n_high; h++) {
        const int64_t c = m->high[h].cell;
        while (m->offsets[i - m->begin + 1] <= c)
            i++;
        const uint64_t weight = (uint64_t)m->high[h].high << 32 | m->weights[c];
        const double x = log((double)weight) - unit - p->bias[i] - p->bias[m->columns[c]];
        values[c] = x > 0 ? (float)x : 0;
    }
}
