// SPDX-License-Identifier: Apache-2.0
#include "embedding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"

enum {
    WINDOW = 1024, /* rows read at a time */
    FLOATS = 16    /* rows are padded to a multiple of these: a cache line */
};

/* ---- words */

static bool is_word(const wordlist *words, const wordindex *index, int32_t id) {
    static const char *const left_out[] = {"</s>", "<unk>"};
    size_t length;
    const char *word = wordlist_word(words, id, &length);
    if (wordindex_find(index, word, length) != id)
        return false; /* another spelling of an earlier word */
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (wordindex_find(index, left_out[i], strlen(left_out[i])) == id)
            return false;
    return true;
}

static status number_words(embedding *e, bool fold) {
    const wordlist *words = &e->run.words;
    status s = wordindex_create(&e->index, words, fold);
    if (!s.code)
        s = mem_new(&e->ids, (size_t)words->n, sizeof *e->ids, "the order of the words");
    if (!s.code)
        s = mem_new(&e->places, (size_t)words->n, sizeof *e->places, "the order of the words");
    for (int32_t id = 0; id < words->n && !s.code; id++) {
        e->places[id] = -1;
        if (!is_word(words, e->index, id))
            continue;
        e->places[id] = (int32_t)e->n;
        e->ids[e->n++] = id;
    }
    return s;
}

status embedding_open(embedding *e, const char *path, const options *o, const comm *world) {
    *e = (embedding){.table = o->table, .epoch = (int)o->epoch};
    group g = comm_group(world);
    status s = run_file_open(&e->run, path, &g);
    return s.code ? s : comm_agree(world, number_words(e, o->letters == CASE_IGNORE));
}

void embedding_close(embedding *e) {
    wordindex_destroy(&e->index);
    mem_free(&e->ids);
    mem_free(&e->places);
    run_file_close(&e->run);
}

int32_t embedding_find(const embedding *e, const char *word) {
    int32_t id = wordindex_find(e->index, word, strlen(word));
    return id < 0 ? -1 : e->places[id];
}

const char *embedding_word(const embedding *e, int32_t place, size_t *length) {
    return wordlist_word(&e->run.words, e->ids[place], length);
}

int64_t embedding_top(const embedding *e, const options *o) {
    return o->top && o->top < e->n ? o->top : e->n;
}

/* ---- rows */

status embedding_read(const run_file *run, int table, int epoch, int64_t begin, int64_t n,
                      float *out, size_t stride, float *sum) {
    const char *first = table == TABLE_CONTEXT ? "context" : "vectors";
    status s = run_file_read(run, first, epoch, begin, n, out, stride);
    if (s.code || table != TABLE_SUM)
        return s;
    s = run_file_read(run, "context", epoch, begin, n, sum, stride);
    for (size_t i = 0; i < (size_t)n * stride && !s.code; i++)
        out[i] += sum[i];
    return s;
}

status embedding_refuse_infinite(const run_file *run, int64_t id, const float *row) {
    for (int64_t j = 0; j < run->dim; j++)
        if (!isfinite(row[j])) {
            size_t length;
            const char *word = wordlist_word(&run->words, id, &length);
            return status_error(STATUS_INPUT,
                                "%s: the vector of %.*s is not finite; the training diverged or "
                                "the file is damaged",
                                h5_path(run->file), length > 80 ? 80 : (int)length, word);
        }
    return status_ok();
}

/* A row wanted: its word id, and where it goes. */
typedef struct {
    int32_t id;
    int64_t to;
} wanted;

static int compare_wanted(const void *a, const void *b) {
    int32_t x = ((const wanted *)a)->id, y = ((const wanted *)b)->id;
    return (x > y) - (x < y);
}

/* Rows list[0..n), sorted by id, through windows of the file. */
static status fetch(const embedding *e, int64_t n, const wanted *list, float *window, float *out,
                    size_t stride) {
    for (int64_t i = 0, end; i < n; i = end) {
        const int32_t begin = list[i].id;
        for (end = i + 1; end < n && list[end].id - begin < WINDOW; end++)
            ;
        int64_t span = list[end - 1].id - begin + 1;
        status s = embedding_read(&e->run, e->table, e->epoch, begin, span, window, stride,
                                  window + WINDOW * stride);
        for (int64_t j = i; j < end && !s.code; j++) {
            float *to = out + (size_t)list[j].to * stride;
            memcpy(to, window + (size_t)(list[j].id - begin) * stride, stride * sizeof *to);
            s = embedding_refuse_infinite(&e->run, list[j].id, to);
        }
        if (s.code)
            return s;
    }
    return status_ok();
}

status embedding_copy(const embedding *e, int64_t n, const int32_t *places, int64_t first,
                      float *out, size_t stride) {
    wanted *list = NULL;
    float *window = NULL;
    status s = mem_new(&list, (size_t)n, sizeof *list, "a list of words");
    if (!s.code)
        s = mem_new(&window, 2 * WINDOW * stride, sizeof *window, "vectors");
    if (!s.code) {
        for (int64_t i = 0; i < n; i++)
            list[i] = (wanted){e->ids[places ? places[i] : first + i], i};
        qsort(list, (size_t)n, sizeof *list, compare_wanted);
        s = fetch(e, n, list, window, out, stride);
    }
    mem_free(&list);
    mem_free(&window);
    return s;
}

status embedding_rows(const embedding *e, int64_t n, const int32_t *places, int64_t first,
                      unit_rows *rows) {
    const size_t dim = (size_t)e->run.dim, stride = (dim + FLOATS - 1) / FLOATS * FLOATS;
    *rows = (unit_rows){.n = n, .dim = e->run.dim, .stride = stride};
    float *out;
    status s = mem_new(&out, (size_t)n * stride, sizeof *out, "vectors");
    rows->rows = out;
    if (!s.code)
        s = embedding_copy(e, n, places, first, out, stride);
    for (int64_t i = 0; i < n && !s.code; i++)
        neighbours_normalise(out + (size_t)i * stride, rows->dim);
    return s;
}

/* ---- telling about it */

const char *embedding_table_name(int table) {
    static const char *const names[] = {"vectors", "context", "sum"};
    return names[table];
}

json_t *embedding_json(const embedding *e, const char *command, const options *o) {
    return json_pack("{s:s, s:o, s:s, s:I, s:s, s:I, s:I}", "command", command, "run",
                     output_text(h5_path(e->run.file)), "table", embedding_table_name(o->table),
                     "epoch", (json_int_t)o->epoch, "case",
                     o->letters == CASE_IGNORE ? "ignore" : "match", "words", (json_int_t)e->n,
                     "columns", (json_int_t)e->run.dim);
}
