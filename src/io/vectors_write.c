// SPDX-License-Identifier: Apache-2.0
/* Vector files: the writing half of vectors.h. */
#include "vectors.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "out_file.h"

enum {
    NUMBER_BYTES = 18, /* blank + "%.9g" of a float: -1.17549435e-38 and some room */
    HEADER_BYTES = 192,
    NPY_ALIGNMENT = 64
};

struct vectors_writer {
    vectors_format format;
    const wordlist *words;
    int64_t dim;
    out_file table, names; /* names: only for npy */
};

const char *vectors_format_name(vectors_format format) {
    static const char *const names[] = {"auto", "word2vec-bin", "word2vec-text", "glove", "npy"};
    return names[format];
}

vectors_format vectors_format_of(const char *path) {
    static const struct {
        const char *ending;
        vectors_format format;
    } endings[] = {{".bin", VECTORS_WORD2VEC_BIN},
                   {".txt", VECTORS_WORD2VEC_TEXT},
                   {".vec", VECTORS_WORD2VEC_TEXT},
                   {".glove", VECTORS_GLOVE},
                   {".npy", VECTORS_NPY}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i].ending))
            return endings[i].format;
    return VECTORS_AUTO;
}

/* ---- contents */

/* NumPy 1.0: magic, version, length of the header, a Python dict, blanks up to a multiple of 64. */
static size_t npy_header(char *out, int64_t rows, int64_t columns) {
    enum { BEFORE = 10 };
    char dict[HEADER_BYTES - BEFORE];
    int n =
        snprintf(dict, sizeof dict,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }",
                 rows, columns);
    size_t length = BEFORE + (size_t)n + 1;
    length = (length + NPY_ALIGNMENT - 1) / NPY_ALIGNMENT * NPY_ALIGNMENT;
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (char)((length - BEFORE) & 0xFF);
    out[9] = (char)((length - BEFORE) >> 8);
    memset(out + BEFORE, ' ', length - BEFORE);
    memcpy(out + BEFORE, dict, (size_t)n);
    out[length - 1] = '\n';
    return length;
}

static status write_header(vectors_writer *w) {
    char header[HEADER_BYTES];
    size_t n = 0;
    if (w->format == VECTORS_NPY)
        n = npy_header(header, w->words->n, w->dim);
    else if (w->format != VECTORS_GLOVE)
        n = (size_t)snprintf(header, sizeof header, "%" PRId64 " %" PRId64 "\n", w->words->n,
                             w->dim);
    return out_write(&w->table, header, n);
}

static status write_names(vectors_writer *w) {
    vectors_buffer b = {0};
    status s = status_ok();
    for (int64_t i = 0; i < w->words->n && !s.code; i++) {
        size_t n;
        const char *word = wordlist_word(w->words, i, &n);
        if ((s = mem_grow(&b.bytes, &b.room, b.n + n + 1, 1, "words to write")).code)
            break;
        memcpy(b.bytes + b.n, word, n);
        b.bytes[b.n + n] = '\n';
        b.n += n + 1;
        if (b.n >= (1 << 20) || i + 1 == w->words->n) {
            s = out_write(&w->names, b.bytes, b.n);
            b.n = 0;
        }
    }
    mem_free(&b.bytes);
    return s;
}

status vectors_create(vectors_writer **w, const char *path, vectors_format format,
                      const wordlist *words, int64_t dim) {
    status s = mem_new(w, 1, sizeof **w, "a vector file");
    if (s.code)
        return s;
    **w = (vectors_writer){.format = format,
                           .words = words,
                           .dim = dim,
                           .table.descriptor = -1,
                           .names.descriptor = -1};
    s = out_open(&(*w)->table, path, "");
    if (!s.code)
        s = write_header(*w);
    if (!s.code && format == VECTORS_NPY) {
        s = out_open(&(*w)->names, path, ".words.txt");
        if (!s.code)
            s = write_names(*w);
    }
    if (s.code)
        vectors_discard(w);
    return s;
}

static char *encode_text(char *at, const char *word, size_t length, const float *row, int64_t dim) {
    memcpy(at, word, length);
    at += length;
    for (int64_t j = 0; j < dim; j++)
        at += snprintf(at, NUMBER_BYTES, " %.9g", (double)row[j]);
    *at++ = '\n';
    return at;
}

static char *encode_binary(char *at, const char *word, size_t length, const float *row,
                           int64_t dim) {
    memcpy(at, word, length);
    at += length;
    *at++ = ' ';
    memcpy(at, row, (size_t)dim * sizeof *row);
    at += (size_t)dim * sizeof *row;
    *at++ = '\n';
    return at;
}

status vectors_encode(const vectors_writer *w, int64_t begin, int64_t n, const float *rows,
                      size_t stride, vectors_buffer *out) {
    size_t columns = (size_t)w->dim,
           words = (size_t)(w->words->offsets[begin + n] - w->words->offsets[begin]),
           most = words + (size_t)n * (columns * NUMBER_BYTES + 2);
    out->n = 0;
    status s = mem_grow(&out->bytes, &out->room, most, 1, "rows to write");
    if (s.code)
        return s;
    char *at = out->bytes;
    for (int64_t i = 0; i < n; i++) {
        size_t length;
        const char *word = wordlist_word(w->words, begin + i, &length);
        const float *row = rows + (size_t)i * stride;
        if (w->format == VECTORS_NPY) {
            memcpy(at, row, columns * sizeof *row);
            at += columns * sizeof *row;
        } else if (w->format == VECTORS_WORD2VEC_BIN) {
            at = encode_binary(at, word, length, row, w->dim);
        } else {
            at = encode_text(at, word, length, row, w->dim);
        }
    }
    out->n = (size_t)(at - out->bytes);
    return s;
}

status vectors_append(vectors_writer *w, const vectors_buffer *encoded) {
    return out_write(&w->table, encoded->bytes, encoded->n);
}

status vectors_commit(vectors_writer **w) {
    bool has_names = (*w)->format == VECTORS_NPY;
    status s = out_sync(&(*w)->table);
    if (!s.code && has_names)
        s = out_sync(&(*w)->names);
    if (!s.code && has_names)
        s = out_rename(&(*w)->names);
    if (!s.code)
        s = out_rename(&(*w)->table);
    vectors_discard(w);
    return s;
}

void vectors_discard(vectors_writer **w) {
    if (!*w)
        return;
    out_clear(&(*w)->table);
    out_clear(&(*w)->names);
    mem_free(w);
}
