// SPDX-License-Identifier: Apache-2.0
/* 64 bytes at a time become one mask of white space and one of newlines; the borders of tokens are
 * the places where the first mask changes. Begins and ends are collected in two lists that need no
 * knowledge of each other, since a block ends where a token ends. */
#include "lexer.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BATCH = 448, ROOM = BATCH + 64 };

typedef struct {
    uint64_t space, newline;
} masks;

#ifdef __SSE2__

static inline masks make_masks(const uint8_t *bytes) {
    masks m = {0, 0};
    for (unsigned part = 0; part < 4; part++) {
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * part));
        /* \t \n \v \f \r are 9 to 13: c - 9 <= 4 without a sign */
        __m128i control = _mm_sub_epi8(c, _mm_set1_epi8('\t'));
        control = _mm_cmpeq_epi8(_mm_min_epu8(control, _mm_set1_epi8(4)), control);
        __m128i space = _mm_or_si128(control, _mm_cmpeq_epi8(c, _mm_set1_epi8(' ')));
        __m128i newline = _mm_cmpeq_epi8(c, _mm_set1_epi8('\n'));
        m.space |= (uint64_t)(unsigned)_mm_movemask_epi8(space) << (16 * part);
        m.newline |= (uint64_t)(unsigned)_mm_movemask_epi8(newline) << (16 * part);
    }
    return m;
}

#else

static inline masks make_masks(const uint8_t *bytes) {
    masks m = {0, 0};
    for (unsigned i = 0; i < 64; i++) {
        m.space |= (uint64_t)decode_is_space(bytes[i]) << i;
        m.newline |= (uint64_t)(bytes[i] == '\n') << i;
    }
    return m;
}

#endif

/* The tokens of a block that were found and not yet counted. */
typedef struct {
    size_t begins[ROOM], ends[ROOM];
    size_t n_begins, n_ends;
    struct {
        size_t token; /* the gap lies before this token of the batch */
        int gap;
    } marks[ROOM + 1];
    size_t n_marks;
} batch;

static void add_mark(batch *b, size_t token, int gap) {
    if (b->n_marks && b->marks[b->n_marks - 1].token == token) {
        b->marks[b->n_marks - 1].gap = lexer_join(b->marks[b->n_marks - 1].gap, gap);
        return;
    }
    b->marks[b->n_marks].token = token;
    b->marks[b->n_marks++].gap = gap;
}

static inline size_t list_bits(uint64_t bits, size_t base, size_t *list) {
    size_t n = 0;
    for (; bits; bits &= bits - 1)
        list[n++] = base + (size_t)__builtin_ctzll(bits);
    return n;
}

/* Borders and newlines of the 64 bytes at `at`; was_space: the byte before them is white space. */
static inline void scan(batch *b, masks m, size_t at, uint64_t was_space) {
    uint64_t edges = m.space ^ (m.space << 1 | was_space);
    uint64_t begins = edges & ~m.space;
    for (uint64_t left = m.newline; left; left &= left - 1) {
        uint64_t before = (left & -left) - 1;
        add_mark(b, b->n_begins + (size_t)__builtin_popcountll(begins & before), LEXER_LINE);
    }
    b->n_begins += list_bits(begins, at, b->begins + b->n_begins);
    b->n_ends += list_bits(edges & m.space, at, b->ends + b->n_ends);
}

/* Write ids [0, n) with the marks before them to the log. */
static status write_log(idlog *log, const batch *b, size_t n, const int32_t *ids) {
    int32_t *out;
    status s = idlog_reserve(log, 2 * ROOM + 1, &out);
    if (s.code)
        return s;
    size_t written = 0, id = 0;
    for (size_t i = 0; i < b->n_marks && b->marks[i].token < n; i++) {
        while (id < b->marks[i].token)
            out[written++] = ids[id++];
        out[written++] = -b->marks[i].gap;
    }
    while (id < n)
        out[written++] = ids[id++];
    idlog_commit(log, (int32_t)written);
    return s;
}

/* Count the tokens whose end is known, and keep the rest: at most the begin of one token, and the
 * gaps before it or before the one that has yet to begin. */
static status flush(lexer *x, batch *b, const text_block *block) {
    int32_t ids[ROOM];
    size_t n = b->n_ends, kept = 0;
    status s = lexicon_count(x->words, block, n, b->begins, b->ends, ids);
    if (!s.code)
        s = write_log(x->log, b, n, ids);
    if (s.code)
        return s;
    x->tokens += (int64_t)n;
    b->n_begins -= n;
    b->n_ends = 0;
    if (b->n_begins)
        b->begins[0] = b->begins[n];
    for (size_t i = 0; i < b->n_marks; i++) {
        if (b->marks[i].token < n)
            continue;
        b->marks[kept] = b->marks[i];
        b->marks[kept++].token -= n;
    }
    b->n_marks = kept;
    return s;
}

status lexer_read(lexer *x, const text_block *block) {
    batch b;
    b.n_begins = b.n_ends = b.n_marks = 0;
    if (x->gap)
        add_mark(&b, 0, x->gap);
    x->gap = 0;
    uint64_t was_space = 1;
    status s = status_ok();
    for (size_t at = 0; at < block->n && !s.code; at += 64) {
        masks m = make_masks(block->bytes + at);
        if (block->n - at < 64) {
            uint64_t inside = ((uint64_t)1 << (block->n - at)) - 1;
            m.space |= ~inside;
            m.newline &= inside;
        }
        scan(&b, m, at, was_space);
        was_space = m.space >> 63;
        if (b.n_begins >= BATCH)
            s = flush(x, &b, block);
    }
    if (!s.code && !was_space) /* the last byte of a whole 64 belongs to a token */
        b.ends[b.n_ends++] = block->n;
    if (!s.code)
        s = flush(x, &b, block);
    if (!s.code && b.n_marks)
        x->gap = b.marks[0].gap;
    return s;
}

status lexer_begin(lexer *x, int64_t unit, bool begins_file) {
    x->gap = begins_file ? LEXER_FILE : 0;
    return idlog_begin(x->log, unit);
}

status lexer_end(lexer *x) {
    if (!x->gap)
        return status_ok();
    int32_t *out;
    status s = idlog_reserve(x->log, 1, &out);
    if (s.code)
        return s;
    *out = -x->gap;
    idlog_commit(x->log, 1);
    x->gap = 0;
    return s;
}
