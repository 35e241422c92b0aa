// SPDX-License-Identifier: Apache-2.0
/* Open addressing with 32-byte entries that hold the first 16 bytes of a token, so that a short
 * token (nearly all of a text) is found with one cache line. Tokens come in batches: their slots
 * are prefetched before the first is probed, because a table of a million words is not in any
 * cache. */
#include "lexicon.h"

#include <string.h>
#include <xxhash.h>

#include "memory.h"
#include "tokens.h"

enum { INLINE = 16, FIRST_SLOTS = 1 << 14, BATCH = 256 };

/* What a form is looked up by: itself, padded with zeros, or its 128-bit hash when it is longer. */
typedef struct {
    uint64_t low, high;
} key;

typedef struct {
    key key;
    int64_t count;
    int32_t id;
    uint32_t length; /* 0: empty; longer forms than fit count as UINT32_MAX */
} entry;

_Static_assert(sizeof(entry) == 32, "two entries in a cache line");

struct lexicon {
    entry *slots; /* [n_slots], a power of two */
    size_t n_slots;
    int64_t n, most; /* forms, and how many of them make the table grow */
    uint8_t *bytes;  /* the forms one after the other */
    size_t bytes_capacity;
    int64_t *offsets; /* [n + 1] */
    size_t offsets_capacity;
    bool check;
};

typedef struct {
    const uint8_t *form;
    size_t length;
    key key;
    size_t hash;
} token;

/* ---- keys */

/* The first 16 bytes at form, those from length on as zeros. Reads up to form[15]. */
static inline key short_key(const uint8_t *form, size_t length) {
    static const uint8_t window[2 * INLINE] = {255, 255, 255, 255, 255, 255, 255, 255,
                                               255, 255, 255, 255, 255, 255, 255, 255};
    key k, mask;
    memcpy(&k, form, sizeof k);
    memcpy(&mask, window + INLINE - length, sizeof mask);
    return (key){k.low & mask.low, k.high & mask.high};
}

static inline key long_key(const uint8_t *form, size_t length) {
    XXH128_hash_t h = XXH3_128bits(form, length);
    return (key){h.low64, h.high64};
}

/* For a form that may end at the end of its memory. */
static key careful_key(const uint8_t *form, size_t length) {
    if (length > INLINE)
        return long_key(form, length);
    uint8_t copy[INLINE] = {0};
    memcpy(copy, form, length);
    return short_key(copy, length);
}

/* Both halves of a 64 x 64 bit product, folded: every bit of the key reaches every bit of it. */
static inline size_t hash_key(key k) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(k.low ^ 0x9E3779B97F4A7C15u) * (k.high ^ 0xD6E8FEB86659FD93u);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    return (size_t)(folded ^ (folded >> 29));
}

static inline uint32_t short_length(size_t length) {
    return length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
}

/* ---- the table */

status lexicon_create(lexicon **x, int64_t expected, bool check) {
    status s = mem_new(x, 1, sizeof **x, "a lexicon");
    if (s.code)
        return s;
    lexicon *made = *x;
    made->check = check;
    made->n_slots = FIRST_SLOTS;
    while ((int64_t)(made->n_slots / 8 * 5) < expected)
        made->n_slots *= 2;
    made->most = (int64_t)(made->n_slots / 8 * 5);
    s = mem_new(&made->slots, made->n_slots, sizeof *made->slots, "a lexicon");
    if (!s.code)
        s = mem_grow(&made->offsets, &made->offsets_capacity, made->n_slots / 2,
                     sizeof *made->offsets, "a lexicon");
    if (s.code)
        lexicon_destroy(x);
    else
        made->offsets[0] = 0;
    return s;
}

void lexicon_destroy(lexicon **x) {
    if (!*x)
        return;
    mem_free(&(*x)->slots);
    mem_free(&(*x)->bytes);
    mem_free(&(*x)->offsets);
    mem_free(x);
}

static status double_slots(lexicon *x) {
    entry *old = x->slots, *slots;
    size_t n_old = x->n_slots, mask = 2 * n_old - 1;
    status s = mem_new(&slots, 2 * n_old, sizeof *slots, "the table of distinct tokens");
    if (s.code)
        return s;
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i].length)
            continue;
        size_t at = hash_key(old[i].key) & mask;
        while (slots[at].length)
            at = (at + 1) & mask;
        slots[at] = old[i];
    }
    x->slots = slots;
    x->n_slots *= 2;
    x->most *= 2;
    mem_free(&old);
    return status_ok();
}

static bool same_form(const lexicon *x, const entry *e, const token *t) {
    if (e->key.low != t->key.low || e->key.high != t->key.high ||
        e->length != short_length(t->length))
        return false;
    if (t->length <= INLINE)
        return true;
    const int64_t *place = x->offsets + e->id;
    return (size_t)(place[1] - place[0]) == t->length &&
           !memcmp(x->bytes + place[0], t->form, t->length);
}

/* The form's entry, or the empty one where it belongs. */
static entry *find_slot(const lexicon *x, const token *t) {
    size_t mask = x->n_slots - 1, at = t->hash & mask;
    while (x->slots[at].length && !same_form(x, &x->slots[at], t))
        at = (at + 1) & mask;
    return &x->slots[at];
}

static status insert(lexicon *x, entry *slot, const token *t) {
    if (x->n >= INT32_MAX)
        return status_error(STATUS_SPACE,
                            "more than %d different tokens in one table: use more "
                            "ranks or threads",
                            INT32_MAX);
    size_t used = (size_t)x->offsets[x->n];
    status s = mem_grow(&x->bytes, &x->bytes_capacity, used + t->length, 1, "the distinct tokens");
    if (!s.code)
        s = mem_grow(&x->offsets, &x->offsets_capacity, (size_t)x->n + 2, sizeof *x->offsets,
                     "the distinct tokens");
    if (s.code)
        return s;
    memcpy(x->bytes + used, t->form, t->length);
    slot->key = t->key;
    slot->length = short_length(t->length);
    slot->id = (int32_t)x->n;
    slot->count = 0;
    x->offsets[++x->n] = (int64_t)(used + t->length);
    return status_ok();
}

/* ---- one string */

static token make_token(const uint8_t *form, size_t n) {
    token t = {.form = form, .length = n, .key = careful_key(form, n)};
    t.hash = hash_key(t.key);
    return t;
}

status lexicon_add(lexicon *x, const uint8_t *form, size_t n, int64_t times, int32_t *id) {
    token t = make_token(form, n);
    entry *slot = find_slot(x, &t);
    status s = status_ok();
    if (!slot->length)
        s = insert(x, slot, &t);
    if (s.code)
        return s;
    slot->count += times;
    *id = slot->id;
    return x->n < x->most ? s : double_slots(x);
}

int32_t lexicon_find(const lexicon *x, const uint8_t *form, size_t n) {
    token t = make_token(form, n);
    const entry *slot = find_slot(x, &t);
    return slot->length ? slot->id : -1;
}

/* ---- batches of a text */

static void prepare_batch(const lexicon *x, const uint8_t *bytes, size_t n, const size_t *begins,
                          const size_t *ends, token *batch) {
    size_t mask = x->n_slots - 1;
    for (size_t i = 0; i < n; i++) {
        token *t = &batch[i];
        t->form = bytes + begins[i];
        t->length = ends[i] - begins[i];
        t->key = __builtin_expect(t->length <= INLINE, 1) ? short_key(t->form, t->length)
                                                          : long_key(t->form, t->length);
        t->hash = hash_key(t->key);
        __builtin_prefetch(&x->slots[t->hash & mask], 1);
    }
}

/* A token whose first slot does not settle it. */
static __attribute__((noinline)) status probe(lexicon *x, const text_block *block, const token *t,
                                              int32_t *id) {
    entry *slot = find_slot(x, t);
    if (!slot->length) {
        status s = status_ok();
        if (x->check)
            s = tokens_check(t->form, t->length, block->path,
                             block->offset + (t->form - block->bytes));
        if (!s.code)
            s = insert(x, slot, t);
        if (s.code)
            return s;
    }
    slot->count++;
    *id = slot->id;
    return x->n < x->most ? status_ok() : double_slots(x);
}

static status probe_batch(lexicon *x, const text_block *block, size_t n, const token *batch,
                          int32_t *ids) {
    for (size_t i = 0; i < n; i++) {
        const token *t = &batch[i];
        entry *e = &x->slots[t->hash & (x->n_slots - 1)];
        if (__builtin_expect(e->key.low == t->key.low && e->key.high == t->key.high &&
                                 e->length == t->length && t->length <= INLINE,
                             1)) {
            e->count++;
            ids[i] = e->id;
            continue;
        }
        status s = probe(x, block, t, &ids[i]);
        if (s.code)
            return s;
    }
    return status_ok();
}

status lexicon_count(lexicon *x, const text_block *block, size_t n, const size_t *begins,
                     const size_t *ends, int32_t *ids) {
    token batch[BATCH];
    for (size_t at = 0; at < n; at += BATCH) {
        size_t m = n - at < BATCH ? n - at : BATCH;
        prepare_batch(x, block->bytes, m, begins + at, ends + at, batch);
        status s = probe_batch(x, block, m, batch, ids + at);
        if (s.code)
            return s;
    }
    return status_ok();
}

/* ---- reading */

int64_t lexicon_size(const lexicon *x) {
    return x->n;
}

const uint8_t *lexicon_form(const lexicon *x, int64_t id, size_t *n) {
    *n = (size_t)(x->offsets[id + 1] - x->offsets[id]);
    return x->bytes + x->offsets[id];
}

uint64_t lexicon_hash(const uint8_t *form, size_t n) {
    return XXH3_64bits(form, n);
}

void lexicon_counts(const lexicon *x, int64_t *counts) {
    for (size_t i = 0; i < x->n_slots; i++)
        if (x->slots[i].length)
            counts[x->slots[i].id] = x->slots[i].count;
}
