// SPDX-License-Identifier: Apache-2.0
#include "cooc_run.h"

#include <unistd.h>

#include "memory.h"
#include "scratch.h"
#include "stop.h"

enum { READ_PAIRS = 1 << 13 }; /* of each run at a time */

/* ---- writing */

status cooc_run_open(cooc_run *r, const char *folder) {
    *r = (cooc_run){.fd = -1, .folder = folder};
    status s = mem_new(&r->buffer, COOC_RUN_BUFFER, sizeof *r->buffer, "rows for a scratch file");
    if (!s.code)
        s = scratch_open(folder, &r->fd);
    if (s.code)
        cooc_run_close(r);
    return s;
}

static status flush(cooc_run *r) {
    const size_t bytes = r->filled * sizeof *r->buffer;
    status s = stop_check("writing scratch files");
    if (!s.code)
        s = scratch_write(r->fd, r->folder, r->buffer, bytes, r->bytes);
    r->bytes += (int64_t)bytes;
    r->filled = 0;
    return s;
}

static status put(cooc_run *r, uint32_t a, uint32_t b) {
    r->buffer[r->filled++] = (cooc_pair){a, b};
    return r->filled == COOC_RUN_BUFFER ? flush(r) : status_ok();
}

/* h: the first of the matrix's high parts that belongs to row i or a later one; moves on. */
static status write_row(cooc_run *r, const cooc_matrix *m, int64_t i, int64_t *h) {
    const int64_t first = m->offsets[i - m->begin], end = m->offsets[i - m->begin + 1];
    int64_t high_end = *h;
    if (first == end)
        return status_ok();
    while (high_end < m->n_high && m->high[high_end].cell < end)
        high_end++;
    status s = put(r, (uint32_t)i, (uint32_t)(end - first));
    if (!s.code)
        s = put(r, (uint32_t)(high_end - *h), 0);
    for (int64_t c = first; c < end && !s.code; c++)
        s = put(r, (uint32_t)m->columns[c], m->weights[c]);
    for (; *h < high_end && !s.code; ++*h)
        s = put(r, (uint32_t)m->columns[m->high[*h].cell], m->high[*h].high);
    return s;
}

status cooc_run_write(cooc_run *r, const cooc_matrix *m) {
    int64_t h = 0;
    status s = status_ok();
    for (int64_t i = m->begin; i < m->end && !s.code; i++)
        s = write_row(r, m, i, &h);
    return s;
}

status cooc_run_finish(cooc_run *r) {
    status s = flush(r);
    mem_free(&r->buffer);
    return s;
}

void cooc_run_close(cooc_run *r) {
    if (r->fd >= 0)
        close(r->fd);
    mem_free(&r->buffer);
    *r = (cooc_run){.fd = -1};
}

/* ---- reading */

typedef struct {
    const cooc_run *run;
    cooc_pair *pairs; /* [READ_PAIRS] */
    size_t at, n;
    int64_t place; /* of what is not read yet, bytes */
    int64_t row;   /* the next one; V when there is none */
    uint32_t cells;
} cursor;

struct cooc_merge {
    cursor *cursors; /* [n] */
    int n;
    int64_t n_words, denominator;
    cooc_row sum;
};

static status next(cursor *c, cooc_pair *pair) {
    if (c->at == c->n) {
        const int64_t left = (c->run->bytes - c->place) / (int64_t)sizeof *pair;
        if (!left)
            return status_error(STATUS_IO, "a scratch file in %s ends too early", c->run->folder);
        c->n = left < READ_PAIRS ? (size_t)left : READ_PAIRS;
        c->at = 0;
        status s = stop_check("merging scratch files");
        if (!s.code)
            s = scratch_read(c->run->fd, c->run->folder, c->pairs, c->n * sizeof *pair, c->place);
        if (s.code)
            return s;
        c->place += (int64_t)(c->n * sizeof *pair);
    }
    *pair = c->pairs[c->at++];
    return status_ok();
}

static status next_row(cursor *c, int64_t n_words) {
    cooc_pair pair = {0, 0};
    c->row = n_words;
    if (c->at == c->n && c->place == c->run->bytes)
        return status_ok();
    status s = next(c, &pair);
    c->row = pair.a;
    c->cells = pair.b;
    return s;
}

static status add_row(cursor *c, cooc_row *sum) {
    cooc_pair pair = {0, 0}, counts = {0, 0};
    status s = next(c, &counts);
    for (uint32_t k = 0; k < c->cells && !s.code; k++)
        if (!(s = next(c, &pair)).code)
            cooc_row_add(sum, (int32_t)pair.a, pair.b);
    for (uint32_t k = 0; !s.code && k < counts.a; k++)
        if (!(s = next(c, &pair)).code)
            cooc_row_add(sum, (int32_t)pair.a, (uint64_t)pair.b << 32);
    return s;
}

status cooc_merge_open(cooc_merge **out, const cooc_run *runs, int n, int64_t n_words,
                       int64_t denominator) {
    status s = mem_new(out, 1, sizeof **out, "merging of rows");
    if (s.code)
        return s;
    cooc_merge *m = *out;
    m->n_words = n_words;
    m->denominator = denominator;
    s = mem_new(&m->cursors, (size_t)n, sizeof *m->cursors, "merging of rows");
    if (!s.code)
        s = cooc_row_init(&m->sum, n_words);
    for (; m->n < n && !s.code; m->n++) {
        cursor *c = &m->cursors[m->n];
        c->run = &runs[m->n];
        s = mem_new(&c->pairs, READ_PAIRS, sizeof *c->pairs, "merging of rows");
        if (!s.code)
            s = next_row(c, n_words);
    }
    if (s.code)
        cooc_merge_close(out);
    return s;
}

void cooc_merge_close(cooc_merge **out) {
    cooc_merge *m = *out;
    if (!m)
        return;
    for (int i = 0; i < m->n; i++)
        mem_free(&m->cursors[i].pairs);
    mem_free(&m->cursors);
    cooc_row_clear(&m->sum);
    mem_free(out);
}

int64_t cooc_merge_bytes(int n, int64_t n_words) {
    return n * (int64_t)(sizeof(cursor) + READ_PAIRS * sizeof(cooc_pair)) + cooc_row_bytes(n_words);
}

status cooc_merge_read(cooc_merge *m, int64_t begin, int64_t end, int64_t cells, cooc_matrix *out) {
    status s = cooc_matrix_new(out, m->n_words, m->denominator, begin, end, cells);
    for (int64_t i = begin; i < end && !s.code; i++) {
        for (int k = 0; k < m->n && !s.code; k++)
            if (m->cursors[k].row == i) {
                s = add_row(&m->cursors[k], &m->sum);
                if (!s.code)
                    s = next_row(&m->cursors[k], m->n_words);
            }
        if (!s.code)
            s = cooc_matrix_put(out, i, &m->sum);
    }
    if (s.code)
        cooc_matrix_clear(out);
    return s;
}
