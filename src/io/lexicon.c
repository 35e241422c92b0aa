// SPDX-License-Identifier: Apache-2.0
/* Open addressing with 32-byte entries that hold the first 16 bytes of a token. A search begins at
 * the even slot of a cache line, its home; a form that is found elsewhere changes places with the
 * one there if that is rarer, so that frequent forms come to stand where they are looked for, and
 * the table can be filled well. The line of a token is asked for some tokens before it is looked
 * at, because a table of a million words is not in any cache. */
#include "lexicon.h"

#include <string.h>
#include <xxhash.h>

#include "memory.h"
#include "tokens.h"

enum {
    INLINE = 16,
    LONG = INLINE + 1, /* tag of a form that is longer: its bytes must be compared */
    FIRST_SLOTS = 1 << 14,
    AHEAD = 64 /* tokens whose lines are on their way, a power of two */
};

/* What a form is looked up by: itself, padded with zeros, or its 128-bit hash when it is longer. */
typedef struct {
    uint64_t low, high;
} key;

typedef struct {
    key key;
    int64_t count;
    int32_t id;
    uint32_t tag; /* 0: empty; the length of a short form; LONG */
} entry;

_Static_assert(sizeof(entry) == 32, "two entries in a cache line");

struct lexicon {
    entry *slots; /* [n_slots], a power of two */
    size_t n_slots;
    int64_t n;      /* forms */
    uint8_t *bytes; /* the forms one after the other */
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

/* A token on its way. */
typedef struct {
    key key;
    size_t hash;
    uint32_t tag; /* its length, or LONG */
} query;

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

static inline uint32_t tag_of(size_t length) {
    return length <= INLINE ? (uint32_t)length : LONG;
}

/* Whether n forms want more slots. */
static inline bool is_full(const lexicon *x, int64_t n) {
    return n >= (int64_t)(x->n_slots / 8 * 7);
}

/* Where the search for a hash begins: the first slot of a cache line. */
static inline size_t home_of(const lexicon *x, size_t hash) {
    return hash & (x->n_slots - 2);
}

/* ---- the table */

status lexicon_create(lexicon **x, int64_t expected, bool check) {
    status s = mem_new(x, 1, sizeof **x, "a lexicon");
    if (s.code)
        return s;
    lexicon *made = *x;
    made->check = check;
    made->n_slots = FIRST_SLOTS;
    while (is_full(made, expected))
        made->n_slots *= 2;
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
    size_t n_old = x->n_slots;
    status s = mem_new(&slots, 2 * n_old, sizeof *slots, "the table of distinct tokens");
    if (s.code)
        return s;
    x->slots = slots;
    x->n_slots *= 2;
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i].tag)
            continue;
        size_t at = home_of(x, hash_key(old[i].key));
        while (slots[at].tag)
            at = (at + 1) & (x->n_slots - 1);
        slots[at] = old[i];
    }
    mem_free(&old);
    return status_ok();
}

static bool same_form(const lexicon *x, const entry *e, const token *t) {
    if (e->key.low != t->key.low || e->key.high != t->key.high || e->tag != tag_of(t->length))
        return false;
    if (t->length <= INLINE)
        return true;
    const int64_t *place = x->offsets + e->id;
    return (size_t)(place[1] - place[0]) == t->length &&
           !memcmp(x->bytes + place[0], t->form, t->length);
}

/* The form's entry, or the empty one where it belongs. */
static entry *find_slot(const lexicon *x, const token *t) {
    size_t at = home_of(x, t->hash);
    while (x->slots[at].tag && !same_form(x, &x->slots[at], t))
        at = (at + 1) & (x->n_slots - 1);
    return &x->slots[at];
}

/* Make room for one more form of this length. */
static status make_room(lexicon *x, size_t length) {
    if (x->n >= INT32_MAX)
        return status_error(STATUS_SPACE,
                            "more than %d different tokens in one table: use more "
                            "ranks or threads",
                            INT32_MAX);
    status s = mem_grow(&x->bytes, &x->bytes_capacity, (size_t)x->offsets[x->n] + length, 1,
                        "the distinct tokens");
    return s.code ? s
                  : mem_grow(&x->offsets, &x->offsets_capacity, (size_t)x->n + 2,
                             sizeof *x->offsets, "the distinct tokens");
}

/* A status is large, so the ways of every new form make none unless something is wrong.
 * False: *reason says why. */
static bool insert(lexicon *x, entry *slot, const token *t, status *reason) {
    size_t used = (size_t)x->offsets[x->n];
    if (used + t->length > x->bytes_capacity || (size_t)x->n + 2 > x->offsets_capacity ||
        x->n >= INT32_MAX) {
        *reason = make_room(x, t->length);
        if (reason->code)
            return false;
    }
    memcpy(x->bytes + used, t->form, t->length);
    slot->key = t->key;
    slot->tag = tag_of(t->length);
    slot->id = (int32_t)x->n;
    slot->count = 0;
    x->offsets[++x->n] = (int64_t)(used + t->length);
    return true;
}

/* ---- one string */

static token make_token(const uint8_t *form, size_t n) {
    token t = {.form = form, .length = n, .key = careful_key(form, n)};
    t.hash = hash_key(t.key);
    return t;
}

/* The empty slot where a new form goes, after growing if need be; or NULL with a reason. */
static entry *new_slot(lexicon *x, entry *slot, const token *t, status *reason) {
    if (!is_full(x, x->n))
        return slot;
    *reason = double_slots(x);
    return reason->code ? NULL : find_slot(x, t);
}

int32_t lexicon_add(lexicon *x, const uint8_t *form, size_t n, int64_t times, status *reason) {
    token t = make_token(form, n);
    entry *slot = find_slot(x, &t);
    if (!slot->tag) {
        slot = new_slot(x, slot, &t, reason);
        if (!slot || !insert(x, slot, &t, reason))
            return -1;
    }
    slot->count += times;
    return slot->id;
}

int32_t lexicon_find(const lexicon *x, const uint8_t *form, size_t n) {
    token t = make_token(form, n);
    const entry *slot = find_slot(x, &t);
    return slot->tag ? slot->id : -1;
}

/* ---- the tokens of a text */

/* Ask for the line of the token between two edges. */
static inline query ask(const lexicon *x, const uint8_t *bytes, const size_t *edges) {
    const uint8_t *form = bytes + edges[0];
    size_t length = edges[1] - edges[0];
    query q = {.tag = tag_of(length)};
    q.key =
        __builtin_expect(length <= INLINE, 1) ? short_key(form, length) : long_key(form, length);
    q.hash = hash_key(q.key);
    __builtin_prefetch(&x->slots[home_of(x, q.hash)], 1);
    return q;
}

/* An entry goes to its home in exchange for a rarer one. No slot becomes empty, so every search
 * still ends where it should. Returns where it is. */
static inline entry *bring_home(entry *home, entry *found) {
    if (found->count <= home->count)
        return found;
    entry kept = *home;
    *home = *found;
    *found = kept;
    return home;
}

/* A token that is not the form at home, or a long one. Returns its entry, or NULL with a reason. */
static __attribute__((noinline)) entry *probe(lexicon *x, const text_block *block, const token *t,
                                              status *reason) {
    entry *slot = find_slot(x, t);
    if (slot->tag)
        return bring_home(&x->slots[home_of(x, t->hash)], slot);
    if (x->check && !tokens_is_valid(t->form, t->length)) {
        *reason =
            tokens_check(t->form, t->length, block->path, block->offset + (t->form - block->bytes));
        return NULL;
    }
    slot = new_slot(x, slot, t, reason);
    return slot && insert(x, slot, t, reason) ? slot : NULL;
}

/* False when the entry is the query's; for LONG ones, when it may be. */
static inline bool differs(const entry *e, const query *q) {
    return (e->key.low ^ q->key.low) | (e->key.high ^ q->key.high) | (e->tag ^ q->tag);
}

/* Count the token between two edges; its entry, or NULL with a reason. */
static inline entry *answer(lexicon *x, const text_block *block, const size_t *edges,
                            const query *q, status *reason) {
    entry *e = &x->slots[home_of(x, q->hash)];
    if (__builtin_expect(differs(e, q) || q->tag == LONG, 0)) {
        const token t = {.form = block->bytes + edges[0],
                         .length = edges[1] - edges[0],
                         .key = q->key,
                         .hash = q->hash};
        e = probe(x, block, &t, reason);
        if (!e)
            return NULL;
    }
    e->count++;
    return e;
}

status lexicon_count(lexicon *x, const text_block *block, size_t n, const size_t *edges,
                     int32_t *ids) {
    query asked[AHEAD];
    status reason;
    for (size_t i = 0; i < n && i < AHEAD; i++)
        asked[i] = ask(x, block->bytes, edges + 2 * i);
    for (size_t i = 0; i < n; i++) {
        query *q = &asked[i % AHEAD];
        const entry *e = answer(x, block, edges + 2 * i, q, &reason);
        if (!e)
            return reason;
        ids[i] = e->id;
        if (i + AHEAD < n)
            *q = ask(x, block->bytes, edges + 2 * (i + AHEAD));
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
        if (x->slots[i].tag)
            counts[x->slots[i].id] = x->slots[i].count;
}
