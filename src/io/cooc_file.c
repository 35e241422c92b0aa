// SPDX-License-Identifier: Apache-2.0
#include "cooc_file.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

static const int64_t BLOCK = 1 << 20; /* cells read at a time */

/* ---- the content hash: each kind of term has a key of its own */

static const uint64_t WORD_KEY = 0x8BB84B93962EACC9u, COUNT_KEY = 0x4B33A62ED433D4A3u,
                      HEADER_KEY = 0x4D5A2DA51DE1AA47u;

void cooc_hash_header(content_hash *h, const cooc_file_header *header, const wordlist *words,
                      const uint64_t *word_hashes) {
    const int64_t numbers[] = {header->n_words,  header->n_cells, header->n_nonzeros,
                               header->n_tokens, header->window,  header->denominator};
    for (int64_t i = 0; i < words->n; i++) {
        content_hash_add(h, WORD_KEY, (uint64_t)i, word_hashes[i]);
        content_hash_add(h, COUNT_KEY, (uint64_t)i, (uint64_t)words->counts[i]);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        content_hash_add(h, HEADER_KEY, i, (uint64_t)numbers[i]);
}

/* ---- writing */

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {{"cells", offsetof(cooc_file_header, n_cells)},
               {"nonzeros", offsetof(cooc_file_header, n_nonzeros)},
               {"tokens", offsetof(cooc_file_header, n_tokens)},
               {"window", offsetof(cooc_file_header, window)},
               {"denominator", offsetof(cooc_file_header, denominator)}};
static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {{"weighting", offsetof(cooc_file_header, weighting), 16},
             {"corpus_hash", offsetof(cooc_file_header, corpus_hash), 33},
             {CONTENT_HASH, offsetof(cooc_file_header, hash), 33}};
enum { N_NUMBERS = sizeof numbers / sizeof *numbers, N_TEXTS = sizeof texts / sizeof *texts };

static status set_attributes(h5_file *file, const cooc_file_header *header) {
    const double n = (double)header->n_words;
    status s = h5_set_real(file, "/", "density", (double)header->n_nonzeros / (n * n));
    for (int i = 0; i < N_NUMBERS && !s.code; i++) {
        int64_t value;
        memcpy(&value, (const char *)header + numbers[i].offset, sizeof value);
        s = h5_set_int(file, "/", numbers[i].name, value);
    }
    for (int i = 0; i < N_TEXTS - 1 && !s.code; i++) /* the hash comes at last */
        s = h5_set_text(file, "/", texts[i].name, (const char *)header + texts[i].offset);
    return s;
}

status cooc_file_create(h5_file **file, const char *path, const cooc_file_header *header,
                        const wordlist *words, const group *g) {
    const h5_type type = header->wide ? H5_U64 : H5_U32;
    const h5_dataset datasets[] = {
        {.name = "/rows", .type = H5_I64, .rows = header->n_words + 1, .checksum = true},
        {.name = "/columns", .type = H5_I32, .rows = header->n_cells, .checksum = true},
        {.name = "/weights", .type = type, .rows = header->n_cells, .checksum = true}};
    status s = h5_create(file, path, COOC_FILE_KIND, COOC_FILE_VERSION, g);
    if (!s.code)
        s = set_attributes(*file, header);
    if (!s.code)
        s = wordlist_write(words, *file, "/vocab/counts");
    for (int i = 0; i < 3 && !s.code; i++)
        s = h5_write_begin(*file, &datasets[i]);
    if (s.code)
        h5_discard(file);
    return s;
}

status cooc_file_write(h5_file *file, const cooc_file_header *header, const cooc_file_rows *rows) {
    const bool is_last = rows->n_rows && rows->row + rows->n_rows == header->n_words;
    const int64_t first = rows->n_rows ? rows->offsets[0] : 0;
    status s = h5_write_part(file, "/rows", rows->row, rows->n_rows + is_last, rows->offsets);
    if (!s.code)
        s = h5_write_part(file, "/columns", first, rows->n_cells, rows->columns);
    if (!s.code)
        s = h5_write_part(file, "/weights", first, rows->n_cells, rows->weights);
    return s;
}

status cooc_file_finish(h5_file *file, const content_hash *hash) {
    char text[33];
    content_hash_text(hash, text);
    status s = h5_write_end(file, status_ok());
    return s.code ? s : h5_set_text(file, "/", CONTENT_HASH, text);
}

/* ---- opening */

static status read_attributes(cooc_file *c) {
    status s = status_ok();
    for (int i = 0; i < N_NUMBERS && !s.code; i++) {
        int64_t value = 0;
        s = h5_get_int(c->file, "/", numbers[i].name, &value);
        memcpy((char *)&c->header + numbers[i].offset, &value, sizeof value);
    }
    for (int i = 0; i < N_TEXTS && !s.code; i++) {
        char *text = NULL;
        s = h5_get_text(c->file, "/", texts[i].name, &text);
        if (!s.code)
            snprintf((char *)&c->header + texts[i].offset, texts[i].size, "%s", text);
        mem_free(&text);
    }
    return s;
}

static status check_column(const cooc_file *c, const char *name, h5_type type, int64_t n) {
    int64_t rows = 0, columns = 0;
    status s = h5_shape(c->file, name, type, &rows, &columns);
    if (!s.code && (columns || rows != n))
        s = status_error(STATUS_INPUT, "%s: %s has %lld entries, not %lld; the file is damaged",
                         h5_path(c->file), name, (long long)rows, (long long)n);
    return s;
}

static status check_numbers(const cooc_file *c) {
    const cooc_file_header *h = &c->header;
    if (h->n_cells >= 0 && h->n_nonzeros >= h->n_cells && h->n_nonzeros <= 2 * h->n_cells &&
        h->n_tokens >= 0 && h->window >= 1 && h->denominator >= 1)
        return status_ok();
    return status_error(STATUS_INPUT,
                        "%s: its attributes do not fit together (cells %lld, nonzeros %lld, window "
                        "%lld, denominator %lld); the file is damaged",
                        h5_path(c->file), (long long)h->n_cells, (long long)h->n_nonzeros,
                        (long long)h->window, (long long)h->denominator);
}

/* The first row starts at 0 and the last one ends at C. */
static status check_ends(const cooc_file *c) {
    int64_t first = -1, last = -1;
    status s = h5_read(c->file, "/rows", H5_I64, 0, 1, &first, 1);
    if (!s.code)
        s = h5_read(c->file, "/rows", H5_I64, c->header.n_words, 1, &last, 1);
    if (!s.code && (first != 0 || last != c->header.n_cells))
        s = status_error(
            STATUS_INPUT, "%s: /rows runs from %lld to %lld for %lld cells; the file is damaged",
            h5_path(c->file), (long long)first, (long long)last, (long long)c->header.n_cells);
    return s;
}

static status read_header(cooc_file *c) {
    int64_t version = 0, rows, columns;
    status s = h5_get_int(c->file, "/", "format_version", &version);
    if (!s.code && version != COOC_FILE_VERSION)
        s = status_error(STATUS_INPUT,
                         "%s has version %lld of the format; this program reads version %d",
                         h5_path(c->file), (long long)version, COOC_FILE_VERSION);
    if (!s.code)
        s = read_attributes(c);
    if (!s.code)
        s = check_numbers(c);
    if (!s.code)
        s = wordlist_read(&c->words, c->file, "/vocab/counts");
    c->header.n_words = c->words.n;
    if (!s.code) {
        const status wide = h5_shape(c->file, "/weights", H5_U64, &rows, &columns);
        c->header.wide = !wide.code;
        if (wide.code != STATUS_INPUT)
            s = wide;
    }
    if (!s.code)
        s = check_column(c, "/rows", H5_I64, c->words.n + 1);
    if (!s.code)
        s = check_column(c, "/columns", H5_I32, c->header.n_cells);
    if (!s.code)
        s = check_column(c, "/weights", c->header.wide ? H5_U64 : H5_U32, c->header.n_cells);
    return s.code ? s : check_ends(c);
}

status cooc_file_open(cooc_file *c, const char *path, const group *g) {
    *c = (cooc_file){.file = NULL};
    status s = h5_open(&c->file, path, COOC_FILE_KIND, g);
    if (s.code)
        return s;
    s = group_agree(g, read_header(c));
    if (s.code)
        cooc_file_close(c);
    return s;
}

void cooc_file_close(cooc_file *c) {
    wordlist_clear(&c->words);
    h5_close(&c->file);
    *c = (cooc_file){.file = NULL};
}

/* ---- reading */

static status damaged(const cooc_file *c, const char *name, int64_t place, const char *what) {
    return status_error(STATUS_INPUT, "%s: %s[%lld] %s; the file is damaged", h5_path(c->file),
                        name, (long long)place, what);
}

status cooc_file_offsets(const cooc_file *c, int64_t begin, int64_t n, int64_t *out) {
    status s = h5_read(c->file, "/rows", H5_I64, begin, n, out, 1);
    for (int64_t k = 0; k < n && !s.code; k++) {
        const int64_t before = k ? out[k - 1] : out[0];
        if (out[k] < before || out[k] < 0 || out[k] > c->header.n_cells)
            s = damaged(c, "/rows", begin + k, "is below the one before or beyond the cells");
        else if (k && out[k] - before > begin + k)
            s = damaged(c, "/rows", begin + k, "makes the row longer than its triangle");
    }
    return s;
}

static status check_rows(const cooc_file *c, int64_t row, int64_t n_rows, const int64_t *offsets,
                         const int32_t *columns) {
    for (int64_t k = 0; k < n_rows; k++) {
        int64_t last = -1;
        for (int64_t cell = offsets[k]; cell < offsets[k + 1]; cell++) {
            const int32_t column = columns[cell - offsets[0]];
            if (column <= last || column > row + k)
                return damaged(c, "/columns", cell, "does not rise or is above the diagonal");
            last = column;
        }
    }
    return status_ok();
}

/* Weights of 32 bits are read into the second half of their room and widened from the front. */
static status read_weights(const cooc_file *c, int64_t begin, int64_t n, uint64_t *out) {
    if (c->header.wide)
        return h5_read(c->file, "/weights", H5_U64, begin, n, out, 1);
    const char *narrow = (const char *)out + (size_t)n * sizeof(uint32_t);
    status s =
        h5_read(c->file, "/weights", H5_U32, begin, n, (char *)out + (narrow - (char *)out), 1);
    for (int64_t k = 0; k < n && !s.code; k++) {
        uint32_t weight;
        memcpy(&weight, narrow + (size_t)k * sizeof weight, sizeof weight);
        out[k] = weight;
    }
    return s;
}

status cooc_file_read(const cooc_file *c, int64_t row, int64_t n_rows, const int64_t *offsets,
                      int32_t *columns, uint64_t *weights) {
    const int64_t first = offsets[0], n = offsets[n_rows] - first;
    status s = h5_read(c->file, "/columns", H5_I32, first, n, columns, 1);
    if (!s.code)
        s = check_rows(c, row, n_rows, offsets, columns);
    if (!s.code)
        s = read_weights(c, first, n, weights);
    for (int64_t k = 0; k < n && !s.code; k++)
        if (!weights[k])
            s = damaged(c, "/weights", first + k, "is zero");
    return s;
}

/* ---- checking */

typedef struct {
    int64_t *offsets; /* [V + 1] */
    int32_t *columns;
    uint64_t *weights;
    size_t columns_room, weights_room;
    content_hash hash;
    int64_t n_diagonal;
} checker;

/* Rows from `row` on with at most BLOCK cells, or one row. */
static int64_t block_end(const checker *x, int64_t row, int64_t n_words) {
    int64_t end = row + 1;
    while (end < n_words && x->offsets[end + 1] - x->offsets[row] <= BLOCK)
        end++;
    return end;
}

static status check_block(const cooc_file *c, checker *x, int64_t row, int64_t end) {
    const int64_t *offsets = x->offsets + row;
    const size_t n = (size_t)(x->offsets[end] - offsets[0]);
    status s = mem_grow(&x->columns, &x->columns_room, n, sizeof *x->columns, "a block of cells");
    if (!s.code)
        s = mem_grow(&x->weights, &x->weights_room, n, sizeof *x->weights, "a block of cells");
    if (!s.code)
        s = cooc_file_read(c, row, end - row, offsets, x->columns, x->weights);
    for (int64_t i = row, k = 0; i < end && !s.code; i++)
        for (; k < x->offsets[i + 1] - offsets[0]; k++) {
            cooc_hash_cell(&x->hash, i, x->columns[k], x->weights[k]);
            x->n_diagonal += x->columns[k] == i;
        }
    return s;
}

static status check_all(const cooc_file *c, checker *x) {
    const int64_t n = c->words.n;
    char found[33];
    uint64_t *hashes = NULL;
    status s = mem_new(&x->offsets, (size_t)n + 1, sizeof *x->offsets, "the rows");
    if (!s.code)
        s = cooc_file_offsets(c, 0, n + 1, x->offsets);
    for (int64_t row = 0, end; row < n && !s.code; row = end) {
        end = block_end(x, row, n);
        s = check_block(c, x, row, end);
    }
    if (!s.code)
        s = mem_new(&hashes, (size_t)n, sizeof *hashes, "hashes of the words");
    if (s.code)
        return s;
    wordlist_hash(&c->words, hashes);
    cooc_hash_header(&x->hash, &c->header, &c->words, hashes);
    mem_free(&hashes);
    content_hash_text(&x->hash, found);
    if (2 * c->header.n_cells - x->n_diagonal != c->header.n_nonzeros)
        return status_error(STATUS_INPUT,
                            "%s: %lld cells of %lld are on the diagonal, which does not fit "
                            "nonzeros %lld; the file is damaged",
                            h5_path(c->file), (long long)x->n_diagonal,
                            (long long)c->header.n_cells, (long long)c->header.n_nonzeros);
    if (strcmp(found, c->header.hash) != 0)
        return status_error(STATUS_INPUT,
                            "%s: its contents have hash %s, not %s as written; the file is damaged",
                            h5_path(c->file), found, c->header.hash);
    return status_ok();
}

status cooc_file_check(const cooc_file *c) {
    checker x = {.hash = {0, 0}};
    status s = check_all(c, &x);
    mem_free(&x.offsets);
    mem_free(&x.columns);
    mem_free(&x.weights);
    return s;
}
