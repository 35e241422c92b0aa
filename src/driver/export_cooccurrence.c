// SPDX-License-Identifier: Apache-2.0
#include "export_cooccurrence.h"

#include "cooc_file.h"
#include "log.h"
#include "memory.h"
#include "out_file.h"

static const int64_t BLOCK = 1 << 20; /* cells read at a time, unless a row has more */

/* As GloVe's programs read and write it (Pennington et al. 2014, cooccur.c). */
typedef struct {
    int32_t word1, word2;
    double value;
} record;

typedef struct {
    const cooc_file *file;
    out_file out;
    int64_t *offsets; /* [V + 1] */
    int32_t *columns;
    uint64_t *weights;
    record *records;
    size_t columns_room, weights_room, records_room;
} session;

static size_t make_records(const session *x, int64_t row, int64_t end) {
    const double unit = (double)x->file->header.denominator;
    size_t n = 0;
    for (int64_t i = row, c = 0; i < end; i++)
        for (; c < x->offsets[i + 1] - x->offsets[row]; c++) {
            const int32_t a = (int32_t)i + 1, b = x->columns[c] + 1;
            const double value = (double)x->weights[c] / unit;
            x->records[n++] = (record){a, b, value};
            if (a != b)
                x->records[n++] = (record){b, a, value};
        }
    return n;
}

static status export_rows(session *x, int64_t row, int64_t end) {
    const size_t n = (size_t)(x->offsets[end] - x->offsets[row]);
    status s = mem_grow(&x->columns, &x->columns_room, n, sizeof *x->columns, "a block of cells");
    if (!s.code)
        s = mem_grow(&x->weights, &x->weights_room, n, sizeof *x->weights, "a block of cells");
    if (!s.code)
        s = mem_grow(&x->records, &x->records_room, 2 * n, sizeof *x->records, "a block of cells");
    if (!s.code)
        s = cooc_file_read(x->file, row, end - row, x->offsets + row, x->columns, x->weights);
    if (s.code)
        return s;
    const size_t n_records = make_records(x, row, end);
    return out_write(&x->out, (const char *)x->records, n_records * sizeof *x->records);
}

static status export_all(session *x, const char *output) {
    const int64_t n = x->file->words.n;
    status s = out_open(&x->out, output, "");
    if (!s.code)
        s = mem_new(&x->offsets, (size_t)n + 1, sizeof *x->offsets, "the rows");
    if (!s.code)
        s = cooc_file_offsets(x->file, 0, n + 1, x->offsets);
    for (int64_t row = 0, end; row < n && !s.code; row = end) {
        end = row + 1;
        while (end < n && x->offsets[end + 1] - x->offsets[row] <= BLOCK)
            end++;
        s = export_rows(x, row, end);
    }
    if (!s.code)
        s = out_sync(&x->out);
    return s.code ? s : out_rename(&x->out);
}

static status export_file(const cooc_file *c, const char *output) {
    session x = {.file = c, .out.descriptor = -1};
    status s = export_all(&x, output);
    out_clear(&x.out);
    mem_free(&x.offsets);
    mem_free(&x.columns);
    mem_free(&x.weights);
    mem_free(&x.records);
    return s;
}

status export_cooccurrence(const options *o, const char *path, const comm *world) {
    static const char *const of_runs[] = {"table", "epoch", NULL};
    const group g = comm_group(world);
    cooc_file c;
    status s = options_refuse(o, of_runs, "co-occurrence counts");
    if (!s.code && o->export_format != FORMAT_AUTO && o->export_format != FORMAT_GLOVE_COOCCURRENCE)
        s = status_error(STATUS_USAGE,
                         "%s holds co-occurrence counts; their only --format is glove-cooccurrence",
                         path);
    if (!s.code)
        s = cooc_file_open(&c, path, &g);
    if (s.code)
        return s;
    if (comm_rank(world) == 0)
        s = export_file(&c, o->output);
    if (!s.code)
        log_info("%s: %lld records of GloVe's cooccur", o->output, (long long)c.header.n_nonzeros);
    cooc_file_close(&c);
    return comm_agree(world, s);
}
