// SPDX-License-Identifier: Apache-2.0
#include "corpus_file.h"

#include <string.h>

#include "memory.h"
#include "text_kernels.h"

static const int64_t BLOCK = 1 << 20; /* entries read at a time when checking */

/* ---- the content hash: each kind of term has a key of its own */

static const uint64_t TOKEN_KEY = 0x8EBC6AF09C88C6E3u, DOCUMENT_KEY = 0x589965CC75374CC3u,
                      COUNT_KEY = 0x1D8E4E27C47D124Fu;

void corpus_hash_tokens(content_hash *h, const int32_t *tokens, int64_t begin, int64_t n,
                        const uint64_t *hashes) {
    const uint64_t keys[2] = {TOKEN_KEY, CONTENT_HASH_SECOND};
    uint64_t sums[2] = {0, 0};
    text_kernels_get(TEXT_AUTO)->terms(tokens, n, begin, hashes, keys, sums);
    h->a += sums[0];
    h->b += sums[1];
}

void corpus_hash_documents(content_hash *h, const int64_t *offsets, int64_t begin, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        content_hash_add(h, DOCUMENT_KEY, (uint64_t)(begin + i), (uint64_t)offsets[i]);
}

void corpus_hash_counts(content_hash *h, const int64_t *counts, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        content_hash_add(h, COUNT_KEY, (uint64_t)i, (uint64_t)counts[i]);
}

/* ---- opening */

static status column_length(const corpus_file *c, const char *name, h5_type type, int64_t *n) {
    int64_t columns;
    status s = h5_shape(c->file, name, type, n, &columns);
    if (!s.code && columns)
        s = status_error(STATUS_INPUT, "%s: %s is a table, not a column", h5_path(c->file), name);
    return s;
}

static status read_hash(corpus_file *c) {
    char *text = NULL;
    status s = h5_get_text(c->file, "/", CONTENT_HASH, &text);
    if (!s.code && strlen(text) != sizeof c->hash - 1)
        s = status_error(STATUS_INPUT, "%s: attribute %s is not 32 digits; the file is damaged",
                         h5_path(c->file), CONTENT_HASH);
    if (!s.code)
        memcpy(c->hash, text, sizeof c->hash);
    mem_free(&text);
    return s;
}

/* The first document starts at 0 and the last one ends at N. */
static status check_ends(const corpus_file *c) {
    int64_t first = -1, last = -1;
    status s = corpus_file_documents(c, 0, 1, &first);
    if (!s.code)
        s = corpus_file_documents(c, c->n_documents, 1, &last);
    if (!s.code && (first != 0 || last != c->n_tokens))
        s = status_error(STATUS_INPUT,
                         "%s: /documents runs from %lld to %lld for %lld tokens; the file is "
                         "damaged",
                         h5_path(c->file), (long long)first, (long long)last,
                         (long long)c->n_tokens);
    return s;
}

static status read_header(corpus_file *c) {
    int64_t version, n_offsets = 0;
    status s = h5_get_int(c->file, "/", "format_version", &version);
    if (!s.code && version != CORPUS_FILE_VERSION)
        s = status_error(STATUS_INPUT,
                         "%s has version %lld of the format; this program reads version %d",
                         h5_path(c->file), (long long)version, CORPUS_FILE_VERSION);
    if (!s.code)
        s = read_hash(c);
    if (!s.code)
        s = wordlist_read(&c->words, c->file, "/vocab/counts");
    if (!s.code)
        s = column_length(c, "/tokens", H5_I32, &c->n_tokens);
    if (!s.code)
        s = column_length(c, "/documents", H5_I64, &n_offsets);
    if (!s.code && n_offsets < 1)
        s = status_error(STATUS_INPUT, "%s: /documents is empty; the file is damaged",
                         h5_path(c->file));
    c->n_documents = n_offsets - 1;
    return s.code ? s : check_ends(c);
}

status corpus_file_open(corpus_file *c, const char *path, const group *g) {
    *c = (corpus_file){.file = NULL};
    status s = h5_open(&c->file, path, CORPUS_FILE_KIND, g);
    if (s.code)
        return s;
    s = group_agree(g, read_header(c));
    if (s.code)
        corpus_file_close(c);
    return s;
}

void corpus_file_close(corpus_file *c) {
    wordlist_clear(&c->words);
    h5_close(&c->file);
    *c = (corpus_file){.file = NULL};
}

/* ---- reading */

static int64_t first_foreign(const int32_t *tokens, int64_t n, int64_t n_words) {
    uint32_t largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = (uint32_t)tokens[i] > largest ? (uint32_t)tokens[i] : largest;
    if (n == 0 || largest < n_words)
        return -1;
    int64_t i = 0;
    while ((uint32_t)tokens[i] < n_words)
        i++;
    return i;
}

status corpus_file_tokens(const corpus_file *c, int64_t begin, int64_t n, int32_t *out) {
    status s = h5_read(c->file, "/tokens", H5_I32, begin, n, out, 1);
    if (s.code)
        return s;
    int64_t bad = first_foreign(out, n, c->words.n);
    if (bad >= 0)
        s = status_error(
            STATUS_INPUT, "%s: /tokens[%lld] is %d, but there are %lld words; the file is damaged",
            h5_path(c->file), (long long)(begin + bad), out[bad], (long long)c->words.n);
    return s;
}

status corpus_file_documents(const corpus_file *c, int64_t begin, int64_t n, int64_t *out) {
    status s = h5_read(c->file, "/documents", H5_I64, begin, n, out, 1);
    for (int64_t i = 0; i < n && !s.code; i++)
        if (out[i] < (i ? out[i - 1] : 0) || out[i] > c->n_tokens)
            s = status_error(STATUS_INPUT,
                             "%s: /documents[%lld] is %lld, which is below the one before or "
                             "beyond the %lld tokens; the file is damaged",
                             h5_path(c->file), (long long)(begin + i), (long long)out[i],
                             (long long)c->n_tokens);
    return s;
}

status corpus_file_find(const corpus_file *c, int64_t position, int64_t *found) {
    int64_t low = 0, high = c->n_documents;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2, offset;
        status s = corpus_file_documents(c, middle, 1, &offset);
        if (s.code)
            return s;
        if (offset <= position)
            low = middle;
        else
            high = middle;
    }
    *found = low;
    return status_ok();
}

/* ---- checking */

static status hash_tokens(const corpus_file *c, const uint64_t *hashes, int32_t *block,
                          content_hash *h) {
    status s = status_ok();
    for (int64_t at = 0; at < c->n_tokens && !s.code; at += BLOCK) {
        int64_t n = c->n_tokens - at < BLOCK ? c->n_tokens - at : BLOCK;
        s = corpus_file_tokens(c, at, n, block);
        if (!s.code)
            corpus_hash_tokens(h, block, at, n, hashes);
    }
    return s;
}

static status hash_documents(const corpus_file *c, int64_t *block, content_hash *h) {
    int64_t end = c->n_documents + 1;
    status s = status_ok();
    for (int64_t at = 0; at < end && !s.code; at += BLOCK) {
        int64_t n = end - at < BLOCK ? end - at : BLOCK;
        s = corpus_file_documents(c, at, n, block);
        if (!s.code)
            corpus_hash_documents(h, block, at, n);
    }
    return s;
}

status corpus_file_check(const corpus_file *c) {
    content_hash h = {0, 0};
    char found[33];
    uint64_t *hashes = NULL;
    int64_t *block = NULL;
    status s = mem_new(&hashes, (size_t)c->words.n, sizeof *hashes, "hashes of the words");
    if (!s.code)
        s = mem_new(&block, (size_t)BLOCK, sizeof *block, "a block of the corpus");
    if (!s.code) {
        wordlist_hash(&c->words, hashes);
        corpus_hash_counts(&h, c->words.counts, c->words.n);
        s = hash_tokens(c, hashes, (int32_t *)block, &h);
    }
    if (!s.code)
        s = hash_documents(c, block, &h);
    mem_free(&hashes);
    mem_free(&block);
    if (s.code)
        return s;
    content_hash_text(&h, found);
    if (strcmp(found, c->hash) != 0)
        s = status_error(STATUS_INPUT,
                         "%s: its contents have hash %s, not %s as written; the file is damaged",
                         h5_path(c->file), found, c->hash);
    return s;
}
