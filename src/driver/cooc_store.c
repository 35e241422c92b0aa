// SPDX-License-Identifier: Apache-2.0
#include "cooc_store.h"

#include "memory.h"

static int64_t bytes_of(const cooc_matrix *m) {
    return cooc_matrix_bytes(m->end - m->begin, cooc_matrix_cells(m)) +
           m->n_high * (int64_t)sizeof *m->high;
}

static status refuse(const cooc_store *x, int64_t need) {
    char asked[32], limit[32];
    return status_error(STATUS_SPACE,
                        "the co-occurrences need more memory than --memory leaves for them (%s so "
                        "far, %s at most); count them with `wordshard cooccur`, which uses scratch "
                        "files, or give more",
                        mem_format(asked, (double)need), mem_format(limit, (double)x->budget));
}

/* ---- runs */

static void note_cells(cooc_store *x, const cooc_matrix *m) {
    for (int64_t i = m->begin; i < m->end; i++)
        x->cells[i] += m->offsets[i - m->begin + 1] - m->offsets[i - m->begin];
}

static status write_rows(cooc_store *x, cooc_run *run, const cooc_matrix *m) {
    const int64_t before = run->bytes;
    note_cells(x, m);
    status s = cooc_run_write(run, m);
    x->spilled += run->bytes - before;
    return s;
}

/* Rows from `row` on that have together at most this many cells in the runs, or one row. */
static int64_t rows_end(const cooc_store *x, int64_t row, int64_t most, int64_t *cells) {
    int64_t end = row;
    *cells = 0;
    do {
        const int64_t more = x->cells[end] < end + 1 ? x->cells[end] : end + 1;
        if (end > row && *cells + more > most)
            break;
        *cells += more;
        end++;
    } while (end < x->n_words);
    return end;
}

static status copy_runs(cooc_store *x, cooc_merge *merge, cooc_run *to) {
    status s = status_ok();
    for (int64_t row = 0, end, cells; row < x->n_words && !s.code; row = end) {
        cooc_matrix rows;
        end = rows_end(x, row, COOC_RUN_BUFFER, &cells);
        s = cooc_merge_read(merge, row, end, cells, &rows);
        for (int64_t i = row; i < end; i++)
            x->cells[i] = 0;
        if (!s.code)
            s = write_rows(x, to, &rows);
        cooc_matrix_clear(&rows);
    }
    return s;
}

/* All runs become one. */
static status merge_runs(cooc_store *x) {
    cooc_merge *merge = NULL;
    cooc_run all;
    status s = cooc_run_open(&all, x->folder);
    if (!s.code)
        s = cooc_merge_open(&merge, x->runs, x->n_runs, x->n_words, x->denominator);
    if (!s.code)
        s = copy_runs(x, merge, &all);
    cooc_merge_close(&merge);
    if (!s.code)
        s = cooc_run_finish(&all);
    if (s.code) {
        cooc_run_close(&all);
        return s;
    }
    for (int i = 0; i < x->n_runs; i++)
        cooc_run_close(&x->runs[i]);
    x->runs[0] = all;
    x->n_runs = 1;
    return s;
}

static status open_run(cooc_store *x) {
    status s = status_ok();
    if (!x->cells)
        s = mem_new(&x->cells, (size_t)x->n_words, sizeof *x->cells, "sizes of rows");
    if (!s.code && x->n_runs == COOC_RUNS)
        s = merge_runs(x);
    if (!s.code)
        s = cooc_run_open(&x->runs[x->n_runs], x->folder);
    x->n_runs += !s.code;
    return s;
}

static status finish_run(cooc_store *x) {
    cooc_run *run = &x->runs[x->n_runs - 1];
    const int64_t before = run->bytes;
    status s = cooc_run_finish(run);
    x->spilled += run->bytes - before;
    return s;
}

static status spill_held(cooc_store *x) {
    if (!x->held.offsets)
        return status_ok();
    status s = open_run(x);
    if (!s.code)
        s = write_rows(x, &x->runs[x->n_runs - 1], &x->held);
    if (!s.code)
        s = finish_run(x);
    cooc_matrix_clear(&x->held);
    x->held_bytes = 0;
    return s;
}

/* The parts so far, and those that follow, go to a run. */
static status spill_parts(cooc_store *x) {
    status s = open_run(x);
    x->writing = !s.code;
    for (int64_t p = 0; p < x->n_parts; p++) {
        if (!s.code)
            s = write_rows(x, &x->runs[x->n_runs - 1], &x->parts[p]);
        cooc_matrix_clear(&x->parts[p]);
    }
    x->n_parts = x->parts_bytes = 0;
    return s;
}

/* ---- what comes in */

static status keep(cooc_store *x, cooc_matrix *part) {
    status s = mem_grow(&x->parts, &x->parts_room, (size_t)x->n_parts + 1, sizeof *x->parts,
                        "batches of rows");
    if (s.code)
        return s;
    x->parts_bytes += bytes_of(part);
    x->parts[x->n_parts++] = *part;
    *part = (cooc_matrix){0};
    return s;
}

status cooc_store_add(cooc_store *x, cooc_matrix *part) {
    const int64_t more = bytes_of(part);
    status s = status_ok();
    if (!x->writing && x->held_bytes + x->parts_bytes + more > x->budget) {
        if (!x->folder)
            return refuse(x, x->held_bytes + x->parts_bytes + more);
        s = spill_held(x);
        if (!s.code && x->parts_bytes + more > x->budget)
            s = spill_parts(x);
    }
    if (!s.code && x->writing)
        s = write_rows(x, &x->runs[x->n_runs - 1], part);
    else if (!s.code)
        s = keep(x, part);
    cooc_matrix_clear(part);
    return s;
}

/* The chunk's rows are added to those that are held. */
static status hold(cooc_store *x) {
    cooc_matrix both[2] = {x->held, {0}}, sum;
    status s = cooc_matrix_join(&both[1], x->parts, x->n_parts);
    mem_trim();
    x->n_parts = x->parts_bytes = 0;
    if (!s.code && !x->held.offsets) {
        x->held = both[1];
    } else if (!s.code) {
        s = cooc_matrix_add(&sum, both, 2);
        cooc_matrix_clear(&both[1]);
        if (s.code)
            return s;
        cooc_matrix_clear(&x->held);
        x->held = sum;
    }
    x->held_bytes = s.code ? 0 : bytes_of(&x->held);
    return s;
}

status cooc_store_end_chunk(cooc_store *x) {
    if (!x->writing)
        return x->n_parts ? hold(x) : status_ok();
    x->writing = false;
    return finish_run(x);
}

status cooc_store_spill(cooc_store *x) {
    status s = spill_held(x);
    if (!s.code && x->n_runs == 0)
        s = open_run(x); /* an empty one, so that there is something to read */
    if (!s.code && x->runs[x->n_runs - 1].buffer)
        s = finish_run(x);
    return s;
}

void cooc_store_clear(cooc_store *x) {
    cooc_matrix_clear(&x->held);
    for (int64_t p = 0; p < x->n_parts; p++)
        cooc_matrix_clear(&x->parts[p]);
    mem_free(&x->parts);
    for (int i = 0; i < x->n_runs; i++)
        cooc_run_close(&x->runs[i]);
    mem_free(&x->cells);
    *x = (cooc_store){0};
}
