// SPDX-License-Identifier: Apache-2.0
#include "wordlist.h"

#include <string.h>

#include <utf8proc.h>
#include <xxhash.h>

#include "memory.h"

status wordlist_init(wordlist *w, int64_t n, int64_t n_bytes) {
    *w = (wordlist){.n = n};
    status s = mem_new(&w->bytes, (size_t)n_bytes, 1, "the words");
    if (!s.code)
        s = mem_new(&w->offsets, (size_t)n + 1, sizeof *w->offsets, "the words");
    if (!s.code)
        s = mem_new(&w->counts, (size_t)n, sizeof *w->counts, "the counts of the words");
    if (s.code)
        wordlist_clear(w);
    return s;
}

void wordlist_clear(wordlist *w) {
    mem_free(&w->bytes);
    mem_free(&w->offsets);
    mem_free(&w->counts);
    w->n = 0;
}

void wordlist_hash(const wordlist *w, uint64_t *hashes) {
    for (int64_t i = 0; i < w->n; i++) {
        size_t length;
        const char *word = wordlist_word(w, i, &length);
        hashes[i] = XXH3_64bits(word, length);
    }
}

/* ---- files */

static status damaged(const h5_file *file, const char *name, int64_t place, const char *what) {
    return status_error(STATUS_INPUT, "%s: %s[%lld] %s; the file is damaged", h5_path(file), name,
                        (long long)place, what);
}

static status check_words(const wordlist *w, const h5_file *file, int64_t n_bytes,
                          const char *counts) {
    if (w->offsets[0] != 0)
        return damaged(file, "/vocab/offsets", 0, "is not 0");
    for (int64_t i = 0; i < w->n; i++) {
        if (w->offsets[i + 1] <= w->offsets[i])
            return damaged(file, "/vocab/offsets", i + 1, "does not grow");
        if (w->counts[i] < 0)
            return damaged(file, counts, i, "is negative");
    }
    if (w->offsets[w->n] != n_bytes)
        return damaged(file, "/vocab/offsets", w->n, "is not the number of bytes of the words");
    return status_ok();
}

status wordlist_read(wordlist *w, h5_file *file, const char *counts) {
    int64_t n_bytes = 0, n_offsets = 0, n_counts = 0;
    *w = (wordlist){.n = 0};
    status s = h5_read_all(file, "/vocab/bytes", H5_U8, &w->bytes, &n_bytes);
    if (!s.code)
        s = h5_read_all(file, "/vocab/offsets", H5_I64, &w->offsets, &n_offsets);
    if (!s.code)
        s = h5_read_all(file, counts, H5_I64, &w->counts, &n_counts);
    if (s.code)
        return s;
    if (n_offsets != n_counts + 1 || n_counts > INT32_MAX)
        return status_error(STATUS_INPUT,
                            "%s: /vocab/offsets has %lld entries and %s %lld; the file is damaged",
                            h5_path(file), (long long)n_offsets, counts, (long long)n_counts);
    w->n = n_counts;
    return check_words(w, file, n_bytes, counts);
}

static status write_column(h5_file *file, const char *name, h5_type type, int64_t n,
                           const void *data, bool mine) {
    const h5_dataset d = {.name = name, .type = type, .rows = n, .checksum = true};
    return h5_write(file, &d, 0, mine ? n : 0, data, 1);
}

status wordlist_write(const wordlist *w, h5_file *file, const char *counts) {
    bool mine = h5_group(file)->rank == 0;
    status s = write_column(file, "/vocab/bytes", H5_U8, w->offsets[w->n], w->bytes, mine);
    if (!s.code)
        s = write_column(file, "/vocab/offsets", H5_I64, w->n + 1, w->offsets, mine);
    if (!s.code)
        s = write_column(file, counts, H5_I64, w->n, w->counts, mine);
    return s;
}

/* ---- lower-casing */

/* The only lower-case forms of more bytes than their capitals have 3 for 2. */
static size_t lower_room(size_t length) {
    return length * 2 + 4;
}

/* One character of text as lower case into out (4 bytes at least); *used: bytes of text taken.
 * A byte that is not UTF-8 stays as it is. */
static size_t lower_one(const uint8_t *text, size_t length, size_t *used, uint8_t *out) {
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate(text, (utf8proc_ssize_t)length, &c);
    if (n <= 0) {
        *used = 1;
        out[0] = text[0];
        return 1;
    }
    *used = (size_t)n;
    return (size_t)utf8proc_encode_char(utf8proc_tolower(c), out);
}

/* Into out, which has lower_room(length) bytes. */
static size_t lower_into(const char *text, size_t length, uint8_t *out) {
    size_t n = 0;
    for (size_t i = 0, used; i < length; i += used)
        n += lower_one((const uint8_t *)text + i, length - i, &used, out + n);
    return n;
}

status text_lower(const char *text, size_t length, char **out, size_t *out_length) {
    *out_length = 0;
    status s = mem_new(out, lower_room(length), 1, "lower-cased text");
    if (!s.code)
        *out_length = lower_into(text, length, (uint8_t *)*out);
    return s;
}

/* ---- index: open addressing, linear probing, at most half full */

struct wordindex {
    const wordlist *words;
    bool fold;
    size_t mask;
    int32_t *slots; /* id, or -1 */
    wordlist lower; /* the folded words, when fold */
};

static const wordlist *keys_of(const wordindex *index) {
    return index->fold ? &index->lower : index->words;
}

/* The slot of a word, or the empty one where it belongs. */
static size_t find_slot(const wordindex *index, const char *word, size_t length) {
    const wordlist *keys = keys_of(index);
    size_t slot = XXH3_64bits(word, length) & index->mask;
    for (; index->slots[slot] >= 0; slot = (slot + 1) & index->mask) {
        size_t n;
        const char *key = wordlist_word(keys, index->slots[slot], &n);
        if (n == length && memcmp(key, word, n) == 0)
            break;
    }
    return slot;
}

static status fold_words(wordindex *index) {
    const wordlist *w = index->words;
    size_t room = 0;
    for (int64_t i = 0; i < w->n; i++)
        room += lower_room((size_t)(w->offsets[i + 1] - w->offsets[i]));
    status s = wordlist_init(&index->lower, w->n, (int64_t)room);
    for (int64_t i = 0; i < w->n && !s.code; i++) {
        size_t length;
        const char *word = wordlist_word(w, i, &length);
        int64_t at = index->lower.offsets[i];
        index->lower.offsets[i + 1] =
            at + (int64_t)lower_into(word, length, index->lower.bytes + at);
    }
    return s;
}

static status fill_index(wordindex *index) {
    const wordlist *keys = keys_of(index);
    size_t size = 16;
    while (size < 2 * (size_t)keys->n)
        size *= 2;
    index->mask = size - 1;
    status s = mem_new(&index->slots, size, sizeof *index->slots, "an index of the words");
    if (s.code)
        return s;
    memset(index->slots, 0xFF, size * sizeof *index->slots);
    for (int64_t i = 0; i < keys->n; i++) {
        size_t length;
        const char *word = wordlist_word(keys, i, &length);
        size_t slot = find_slot(index, word, length);
        if (index->slots[slot] < 0)
            index->slots[slot] = (int32_t)i;
    }
    return s;
}

status wordindex_create(wordindex **index, const wordlist *w, int fold) {
    status s = mem_new(index, 1, sizeof **index, "an index of the words");
    if (s.code)
        return s;
    (*index)->words = w;
    (*index)->fold = fold;
    if (fold)
        s = fold_words(*index);
    if (!s.code)
        s = fill_index(*index);
    if (s.code)
        wordindex_destroy(index);
    return s;
}

void wordindex_destroy(wordindex **index) {
    if (!*index)
        return;
    wordlist_clear(&(*index)->lower);
    mem_free(&(*index)->slots);
    mem_free(index);
}

int32_t wordindex_find(const wordindex *index, const char *word, size_t length) {
    enum { SHORT = 128 };
    uint8_t folded[2 * SHORT + 4];
    if (!index->fold)
        return index->slots[find_slot(index, word, length)];
    if (length <= SHORT) {
        size_t n = lower_into(word, length, folded);
        return index->slots[find_slot(index, (const char *)folded, n)];
    }
    char *lower;
    size_t n;
    if (text_lower(word, length, &lower, &n).code)
        return -1;
    int32_t id = index->slots[find_slot(index, lower, n)];
    mem_free(&lower);
    return id;
}
