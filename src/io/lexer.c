// SPDX-License-Identifier: Apache-2.0
/* The borders of tokens are the places where white space begins or ends. They are collected in one
 * list without regard to blocks' insides, and its tokens are counted when there are enough of them
 * to wait for memory together. */
#include "lexer.h"

enum { GROUP = 32 }; /* ids that are looked at together */

/* Write ids to the log; returns where it goes on. */
static uint16_t *put_ids(uint16_t *out, const int32_t *ids, size_t n) {
    size_t i = 0;
    while (i < n) {
        size_t end = n - i < GROUP ? n : i + GROUP;
        int32_t largest = 0;
        for (size_t k = i; k < end; k++)
            largest = ids[k] > largest ? ids[k] : largest;
        if (largest < LEXER_WIDE) {
            for (; i < end; i++)
                *out++ = (uint16_t)ids[i];
            continue;
        }
        for (; i < end; i++) {
            if (ids[i] < LEXER_WIDE) {
                *out++ = (uint16_t)ids[i];
                continue;
            }
            *out++ = LEXER_WIDE;
            *out++ = (uint16_t)ids[i];
            *out++ = (uint16_t)(ids[i] >> 16);
        }
    }
    return out;
}

/* Write tokens [0, n) with the marks before them to the log; newlines behind them stay as x->gap.
 */
static status write_log(lexer *x, const text_borders *b, size_t n, const int32_t *ids) {
    uint16_t *room, *out;
    status s = idlog_reserve(x->log, (int32_t)(3 * n + b->n_newlines + 1), &room);
    if (s.code)
        return s;
    size_t at = 0, line = 0;
    out = room;
    for (;;) {
        for (; line < b->n_newlines && b->newlines[line] == at; line++)
            x->gap = lexer_join(x->gap, LEXER_LINE);
        if (at == n)
            break;
        if (x->gap)
            *out++ = (uint16_t)(LEXER_WIDE + x->gap);
        x->gap = 0;
        size_t upto = line < b->n_newlines ? b->newlines[line] : n;
        out = put_ids(out, ids + at, upto - at);
        at = upto;
    }
    idlog_commit(x->log, (int32_t)(out - room));
    return s;
}

/* Count the tokens whose end is known, and keep the begin of the one after. */
static status flush(lexer *x, text_borders *b, const text_block *block) {
    int32_t ids[TEXT_EDGES / 2];
    size_t n = b->n_edges / 2;
    status s = lexicon_count(x->words, block, n, b->edges, ids);
    if (!s.code)
        s = write_log(x, b, n, ids);
    if (s.code)
        return s;
    x->tokens += (int64_t)n;
    b->edges[0] = b->edges[2 * n];
    b->n_edges -= 2 * n;
    b->n_newlines = 0;
    return s;
}

status lexer_read(lexer *x, const text_block *block) {
    text_borders b;
    b.n_edges = b.n_newlines = 0;
    b.edges[0] = 0;
    b.after_space = 1;
    status s = status_ok();
    for (size_t at = 0; at < block->n && !s.code;) {
        at = x->kernels->borders(block->bytes, at, block->n, &b);
        if (at == block->n && !b.after_space) /* the last byte of a whole 64 belongs to a token */
            b.edges[b.n_edges++] = block->n;
        s = flush(x, &b, block);
    }
    return s;
}

status lexer_begin(lexer *x, int64_t unit, bool begins_file) {
    x->gap = begins_file ? LEXER_FILE : 0;
    return idlog_begin(x->log, unit);
}

status lexer_end(lexer *x) {
    if (!x->gap)
        return status_ok();
    uint16_t *out;
    status s = idlog_reserve(x->log, 1, &out);
    if (s.code)
        return s;
    *out = (uint16_t)(LEXER_WIDE + x->gap);
    idlog_commit(x->log, 1);
    x->gap = 0;
    return s;
}
