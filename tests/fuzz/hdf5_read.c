// SPDX-License-Identifier: Apache-2.0
#include "hdf5_read.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>

#include "cooc_file.h"
#include "corpus_file.h"
#include "fuzz.h"
#include "memory.h"
#include "result.h"
#include "run_file.h"

static const size_t MOST_MEMORY = 256 << 20;
enum { BLOCK = 1000 };

/* What is in words can be looked up. */
static void look_up_words(const wordlist *words) {
    for (int fold = 0; fold < 2; fold++) {
        wordindex *index;
        fuzz_accepted(wordindex_create(&index, words, fold), STATUS_OK);
        for (int64_t i = 0; i < words->n; i++) {
            size_t n;
            const char *word = wordlist_word(words, i, &n);
            const int32_t id = wordindex_find(index, word, n);
            fuzz_claim(id >= 0 && id <= i, "a word is found, or an equal one before it");
        }
        wordindex_destroy(&index);
    }
}

static void read_tokens(const corpus_file *c) {
    int32_t tokens[BLOCK];
    for (int64_t at = 0; at < c->n_tokens; at += BLOCK) {
        const int64_t n = c->n_tokens - at < BLOCK ? c->n_tokens - at : BLOCK;
        if (!fuzz_accepted(corpus_file_tokens(c, at, n, tokens), STATUS_INPUT))
            return;
        for (int64_t i = 0; i < n; i++)
            fuzz_claim(tokens[i] >= 0 && tokens[i] < c->words.n, "a token is the id of a word");
    }
}

static void read_documents(const corpus_file *c) {
    int64_t offsets[BLOCK], found;
    for (int64_t at = 0; at <= c->n_documents; at += BLOCK) {
        const int64_t n = c->n_documents + 1 - at < BLOCK ? c->n_documents + 1 - at : BLOCK;
        if (!fuzz_accepted(corpus_file_documents(c, at, n, offsets), STATUS_INPUT))
            return;
        for (int64_t i = 0; i < n; i++)
            fuzz_claim(offsets[i] >= 0 && offsets[i] <= c->n_tokens, "a document is of the text");
    }
    if (c->n_tokens > 0 &&
        fuzz_accepted(corpus_file_find(c, c->n_tokens - 1, &found), STATUS_INPUT))
        fuzz_claim(found >= 0 && found < c->n_documents, "a token is in a document");
}

static void read_corpus(const char *path, corpus_file *c) {
    const group alone = group_alone();
    if (!fuzz_accepted(corpus_file_open(c, path, &alone), STATUS_INPUT))
        return;
    look_up_words(&c->words);
    read_tokens(c);
    read_documents(c);
    fuzz_accepted(corpus_file_check(c), STATUS_INPUT);
}

static void read_counts(const char *path, cooc_file *c) {
    const group alone = group_alone();
    if (!fuzz_accepted(cooc_file_open(c, path, &alone), STATUS_INPUT))
        return;
    look_up_words(&c->words);
    fuzz_accepted(cooc_file_check(c), STATUS_INPUT);
}

static void read_table(const run_file *run, const char *table, int epoch) {
    float *rows;
    const size_t stride = (size_t)run->dim + 1;
    fuzz_accepted(mem_new(&rows, BLOCK * stride, sizeof *rows, "rows"), STATUS_OK);
    status s = status_ok();
    for (int64_t at = 0; at < run->words.n && !s.code; at += BLOCK) {
        const int64_t n = run->words.n - at < BLOCK ? run->words.n - at : BLOCK;
        s = run_file_read(run, table, epoch, at, n, rows, stride);
        fuzz_accepted(s, STATUS_INPUT);
    }
    mem_free(&rows);
}

static void read_run(const char *path, run_file *run) {
    const group alone = group_alone();
    run_epoch *epochs;
    int64_t n;
    if (!fuzz_accepted(run_file_open(run, path, &alone), STATUS_INPUT))
        return;
    look_up_words(&run->words);
    read_table(run, "vectors", 0);
    read_table(run, "context", 0);
    read_table(run, "vectors", 1);
    fuzz_accepted(run_file_read_training(run, &n, &epochs), STATUS_INPUT);
    mem_free(&epochs);
    fuzz_accepted(run_file_check(run), STATUS_INPUT);
}

static void read_cells(const result_table *t) {
    size_t length;
    for (int c = 0; c < result_columns(t); c++)
        for (int64_t row = 0; row < result_rows(t); row++)
            if (result_column_at(t, c)->type == RESULT_TEXT)
                fuzz_claim(strlen(result_text(t, row, c, &length)) <= length,
                           "a text ends where it says");
}

static void read_result(const char *path) {
    const group alone = group_alone();
    h5_file *file;
    result r = {0};
    if (fuzz_accepted(h5_open(&file, path, RESULT_FILE_KIND, &alone), STATUS_INPUT) &&
        fuzz_accepted(result_read(&r, file), STATUS_INPUT))
        for (size_t i = 0; i < r.n_tables; i++)
            read_cells(r.tables[i]);
    result_clear(&r);
    h5_close(&file);
}

/* ---- walking, as `info` does */

typedef struct {
    h5_file *file;
    const char *object;
} place;

static void read_attribute(void *context, const char *name, const char *value) {
    const place *p = context;
    int64_t whole;
    double real;
    (void)strlen(value);
    fuzz_accepted(h5_get_int(p->file, p->object, name, &whole), STATUS_INPUT);
    fuzz_accepted(h5_get_real(p->file, p->object, name, &real), STATUS_INPUT);
}

static void read_member(void *context, const char *name, char kind) {
    const place *p = context;
    char full[256], text[64];
    const int n = snprintf(full, sizeof full, "%s/%s", p->object, name);
    if (n >= (int)sizeof full)
        return;
    place inner = {.file = p->file, .object = full};
    fuzz_accepted(h5_each_attribute(p->file, full, read_attribute, &inner), STATUS_INPUT);
    if (kind == 'g')
        fuzz_accepted(h5_each_member(p->file, full, read_member, &inner), STATUS_INPUT);
    else if (fuzz_accepted(h5_describe(p->file, full, text, sizeof text), STATUS_INPUT))
        fuzz_accepted(h5_verify(p->file, full), STATUS_INPUT);
}

static void walk(h5_file *file) {
    place root = {.file = file, .object = "/"}, members = {.file = file, .object = ""};
    fuzz_accepted(h5_each_attribute(file, "/", read_attribute, &root), STATUS_INPUT);
    fuzz_accepted(h5_each_member(file, "/", read_member, &members), STATUS_INPUT);
}

static int64_t open_ids(void) {
    int64_t all = 0;
    for (H5I_type_t type = H5I_FILE; type < H5I_NTYPES; type++) {
        hsize_t n = 0;
        if (H5Inmembers(type, &n) >= 0)
            all += (int64_t)n;
    }
    return all;
}

static void read_as_it_says(const char *path) {
    const group alone = group_alone();
    h5_file *file;
    char kind[64];
    if (fuzz_accepted(h5_open(&file, path, NULL, &alone), STATUS_INPUT))
        walk(file);
    h5_close(&file);
    h5_kind(path, kind, sizeof kind);
    if (!strcmp(kind, CORPUS_FILE_KIND)) {
        corpus_file c;
        read_corpus(path, &c);
        corpus_file_close(&c);
    } else if (!strcmp(kind, COOC_FILE_KIND)) {
        cooc_file c;
        read_counts(path, &c);
        cooc_file_close(&c);
    } else if (!strcmp(kind, RUN_FILE_KIND)) {
        run_file run;
        read_run(path, &run);
        run_file_close(&run);
    } else if (!strcmp(kind, RESULT_FILE_KIND)) {
        read_result(path);
    }
}

void hdf5_read(const char *path) {
    mem_set_limit(MOST_MEMORY);
    H5open();
    const int64_t before = open_ids();
    read_as_it_says(path);
    fuzz_claim(open_ids() == before, "nothing of HDF5 stays open");
}
