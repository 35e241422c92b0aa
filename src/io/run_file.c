// SPDX-License-Identifier: Apache-2.0
#include "run_file.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

enum { NAME = 64, WORD_BYTES = 256 };

/* "/vectors" or "/epochs/0001/vectors" */
static const char *table_name(char text[NAME], const char *table, int epoch) {
    if (epoch)
        snprintf(text, NAME, "/epochs/%04d/%s", epoch, table);
    else
        snprintf(text, NAME, "/%s", table);
    return text;
}

/* ---- reading */

static status check_table(const run_file *run, const char *name, int64_t *dim) {
    int64_t rows;
    status s = h5_shape(run->file, name, H5_F32, &rows, dim);
    if (s.code)
        return s;
    if (*dim < 1 || rows != run->words.n)
        return status_error(STATUS_INPUT,
                            "%s: %s has %lld rows of %lld columns for %lld words; the file is "
                            "damaged",
                            h5_path(run->file), name, (long long)rows, (long long)*dim,
                            (long long)run->words.n);
    if (run->dim && *dim != run->dim)
        return status_error(STATUS_INPUT,
                            "%s: %s has %lld columns and /vectors has %lld; the file is damaged",
                            h5_path(run->file), name, (long long)*dim, (long long)run->dim);
    return s;
}

static void count_group(void *context, const char *name, char kind) {
    int *n = context;
    (void)name;
    *n += kind == 'g';
}

static status read_header(run_file *run) {
    int64_t version, dim;
    status s = h5_get_int(run->file, "/", "format_version", &version);
    if (!s.code && version != RUN_FILE_VERSION)
        s = status_error(STATUS_INPUT,
                         "%s has version %lld of the format; this program reads version %d",
                         h5_path(run->file), (long long)version, RUN_FILE_VERSION);
    if (!s.code)
        s = wordlist_read(&run->words, run->file, "/counts");
    if (!s.code)
        s = check_table(run, "/vectors", &run->dim);
    if (!s.code && h5_exists(run->file, "/context"))
        s = check_table(run, "/context", &dim);
    if (!s.code && h5_exists(run->file, "/epochs"))
        s = h5_each_member(run->file, "/epochs", count_group, &run->n_epochs);
    return s;
}

status run_file_open(run_file *run, const char *path, const group *g) {
    *run = (run_file){.file = NULL};
    status s = h5_open(&run->file, path, RUN_FILE_KIND, g);
    if (s.code)
        return s;
    s = group_agree(g, read_header(run));
    if (s.code)
        run_file_close(run);
    return s;
}

void run_file_close(run_file *run) {
    wordlist_clear(&run->words);
    h5_close(&run->file);
    *run = (run_file){.file = NULL};
}

bool run_file_has(const run_file *run, const char *table, int epoch) {
    char name[NAME];
    return h5_exists(run->file, table_name(name, table, epoch));
}

status run_file_read(const run_file *run, const char *table, int epoch, int64_t begin, int64_t n,
                     float *out, size_t stride) {
    char name[NAME];
    int64_t dim;
    table_name(name, table, epoch);
    if (!h5_exists(run->file, name))
        return epoch ? status_error(STATUS_INPUT, "%s has no %s of epoch %d (it has %d snapshots)",
                                    h5_path(run->file), table, epoch, run->n_epochs)
                     : status_error(STATUS_INPUT, "%s has no table /%s", h5_path(run->file), table);
    status s = check_table(run, name, &dim);
    if (!s.code)
        s = h5_read(run->file, name, H5_F32, begin, n, out, stride);
    if (s.code)
        return s;
    for (int64_t i = 0; i < n && stride > (size_t)dim; i++)
        memset(out + (size_t)i * stride + dim, 0, (stride - (size_t)dim) * sizeof *out);
    return s;
}

status run_file_check(const run_file *run) {
    return h5_verify_tree(run->file, "/");
}

/* ---- writing */

/* Bytes of a word that /words shows: whole characters, at most WORD_BYTES. */
static size_t shown_length(const char *word, size_t length) {
    if (length <= WORD_BYTES)
        return length;
    length = WORD_BYTES;
    while (length > 0 && ((unsigned char)word[length] & 0xC0) == 0x80)
        length--;
    return length;
}

typedef struct {
    const wordlist *words;
    size_t width; /* of the longest word as shown */
    int64_t n_cut;
} shown_words;

static void measure_words(shown_words *shown) {
    shown->width = 1;
    for (int64_t i = 0; i < shown->words->n; i++) {
        size_t length;
        const char *word = wordlist_word(shown->words, i, &length);
        size_t left = shown_length(word, length);
        shown->width = left > shown->width ? left : shown->width;
        shown->n_cut += left < length;
    }
}

static void fill_words(const void *context, int64_t begin, int64_t n, char *out) {
    const shown_words *shown = context;
    for (int64_t i = 0; i < n; i++) {
        size_t length;
        const char *word = wordlist_word(shown->words, begin + i, &length);
        memcpy(out + (size_t)i * shown->width, word, shown_length(word, length));
    }
}

static status write_words(h5_file *file, const wordlist *words) {
    shown_words shown = {.words = words};
    measure_words(&shown);
    status s = wordlist_write(words, file, "/counts");
    if (!s.code)
        s = h5_write_strings(file, "/words", words->n, shown.width, fill_words, &shown);
    if (!s.code)
        s = h5_set_int(file, "/words", "cut_words", shown.n_cut);
    return s;
}

status run_file_create(h5_file **file, const char *path, const wordlist *words, const group *g) {
    status s = h5_create(file, path, RUN_FILE_KIND, RUN_FILE_VERSION, g);
    if (s.code)
        return s;
    s = write_words(*file, words);
    if (s.code)
        h5_discard(file);
    return s;
}

static status write_table(h5_file *file, const char *name, int64_t n_words, int64_t dim,
                          int64_t begin, int64_t n, const float *rows, size_t stride) {
    const h5_dataset d = {
        .name = name, .type = H5_F32, .rows = n_words, .columns = dim, .checksum = true};
    return h5_write(file, &d, begin, n, rows, stride);
}

status run_file_write_epoch(h5_file *file, int epoch, const char *table, int64_t n_rows,
                            int64_t dim, int64_t begin, int64_t n, const float *rows,
                            size_t stride) {
    char name[NAME];
    return write_table(file, table_name(name, table, epoch), n_rows, dim, begin, n, rows, stride);
}

status run_file_write_tree(h5_file *file, int64_t n_nodes, const int32_t *branches) {
    const h5_dataset d = {
        .name = "/tree", .type = H5_I32, .rows = n_nodes, .columns = 2, .checksum = true};
    return h5_write(file, &d, 0, h5_group(file)->rank == 0 ? n_nodes : 0, branches, 2);
}

status run_file_link_final(h5_file *file, int epoch, const char *table) {
    char from[NAME], to[NAME];
    return h5_link(file, table_name(from, table, epoch), table_name(to, table, 0));
}

status run_file_write_final(h5_file *file, const char *table, int64_t n_words, int64_t dim,
                            int64_t begin, int64_t n, const float *rows, size_t stride) {
    char name[NAME];
    return write_table(file, table_name(name, table, 0), n_words, dim, begin, n, rows, stride);
}

/* ---- the table of epochs: one dataset for each column */

static const struct {
    const char *name;
    size_t offset;
} COLUMNS[] = {
    {"/training/loss", offsetof(run_epoch, loss)},
    {"/training/learning_rate", offsetof(run_epoch, learning_rate)},
    {"/training/update_norm", offsetof(run_epoch, update_norm)},
    {"/training/words", offsetof(run_epoch, words)},
    {"/training/pairs", offsetof(run_epoch, pairs)},
    {"/training/seconds", offsetof(run_epoch, seconds)},
};
enum { N_COLUMNS = sizeof COLUMNS / sizeof *COLUMNS };

static double *field(run_epoch *epoch, int column) {
    return (double *)((char *)epoch + COLUMNS[column].offset);
}

static status write_column(h5_file *file, const char *name, h5_type type, int n, const void *data) {
    const h5_dataset d = {.name = name, .type = type, .rows = n, .checksum = true};
    return h5_write(file, &d, 0, h5_group(file)->rank == 0 ? n : 0, data, 1);
}

status run_file_write_training(h5_file *file, int n, const run_epoch *epochs) {
    double *column = NULL;
    int64_t *numbers = NULL;
    status s = mem_new(&column, (size_t)n, sizeof *column, "the table of epochs");
    if (!s.code)
        s = mem_new(&numbers, (size_t)n, sizeof *numbers, "the table of epochs");
    s = group_agree(h5_group(file), s);
    for (int i = 0; i < n && !s.code; i++)
        numbers[i] = i + 1;
    if (!s.code)
        s = write_column(file, "/training/epoch", H5_I64, n, numbers);
    for (int c = 0; c < N_COLUMNS && !s.code; c++) {
        for (int i = 0; i < n; i++) {
            run_epoch epoch = epochs[i];
            column[i] = *field(&epoch, c);
        }
        s = write_column(file, COLUMNS[c].name, H5_F64, n, column);
    }
    mem_free(&column);
    mem_free(&numbers);
    return s;
}

static status read_columns(const run_file *run, int64_t n, run_epoch *epochs) {
    status s = status_ok();
    for (int c = 0; c < N_COLUMNS && !s.code; c++) {
        double *column = NULL;
        int64_t rows = 0;
        s = h5_read_all(run->file, COLUMNS[c].name, H5_F64, &column, &rows);
        if (!s.code && rows != n)
            s = status_error(STATUS_INPUT,
                             "%s: %s has %lld rows and the first column %lld; the file is damaged",
                             h5_path(run->file), COLUMNS[c].name, (long long)rows, (long long)n);
        for (int64_t i = 0; i < n && !s.code; i++)
            *field(&epochs[i], c) = column[i];
        mem_free(&column);
    }
    return s;
}

status run_file_read_training(const run_file *run, int64_t *n, run_epoch **epochs) {
    int64_t columns;
    *n = 0;
    *epochs = NULL;
    if (!h5_exists(run->file, "/training"))
        return status_ok();
    status s = h5_shape(run->file, COLUMNS[0].name, H5_F64, n, &columns);
    if (!s.code)
        s = mem_new(epochs, (size_t)*n, sizeof **epochs, "the table of epochs");
    if (!s.code)
        s = read_columns(run, *n, *epochs);
    if (s.code) {
        mem_free(epochs);
        *n = 0;
    }
    return s;
}
