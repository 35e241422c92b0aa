// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include "memory.h"

status window_create(window_chunk *c, int64_t n_tokens, int window) {
    *c = (window_chunk){.capacity = (int)(2 * (n_tokens + 2 * (int64_t)window) + 8)};
    status s = mem_new(&c->tokens, (size_t)c->capacity, sizeof *c->tokens, "a chunk of tokens");
    if (!s.code)
        s = mem_new(&c->widths, (size_t)c->capacity, sizeof *c->widths, "a chunk of tokens");
    if (!s.code)
        s = mem_new(&c->draws, (size_t)c->capacity, sizeof *c->draws, "a chunk of tokens");
    if (s.code)
        window_clear(c);
    return s;
}

double window_bytes(int64_t n_tokens, int window) {
    const window_chunk *c = NULL;
    return 2.0 * ((double)n_tokens + 2.0 * window + 4) *
           (sizeof *c->tokens + sizeof *c->widths + sizeof *c->draws);
}

void window_clear(window_chunk *c) {
    mem_free(&c->tokens);
    mem_free(&c->widths);
    mem_free(&c->draws);
}

/* The document that holds a position: the last whose first position is not behind it. */
static int64_t find_document(const corpus_view *v, int64_t position) {
    int64_t low = 0, high = v->n_documents;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (v->documents[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first position from which `window` kept tokens precede `begin` in its document. */
static int64_t look_back(const corpus_view *v, int64_t begin, int64_t document, const sampler *s,
                         int window, uint64_t key) {
    int64_t at = begin;
    int64_t lowest = v->documents[document] > v->begin ? v->documents[document] : v->begin;
    for (int kept = 0; at > lowest && kept < window;) {
        at--;
        kept += sampler_keeps(s, v->tokens[at - v->begin], random_at(key, (uint64_t)at));
    }
    return at;
}

static inline int add_kept(window_chunk *c, const corpus_view *v, int64_t at, const sampler *s,
                           int window, uint64_t key) {
    const int32_t word = v->tokens[at - v->begin];
    const uint64_t draw = random_at(key, (uint64_t)at);
    c->tokens[c->n] = word;
    c->widths[c->n] = (uint16_t)(1 + random_below(draw, (uint32_t)window));
    c->draws[c->n] = at;
    const int kept = sampler_keeps(s, word, draw);
    c->n += kept;
    return kept;
}

static void add_break(window_chunk *c) {
    if (c->n && c->tokens[c->n - 1] != WINDOW_BREAK)
        c->tokens[c->n++] = WINDOW_BREAK;
}

void window_fill(window_chunk *c, const corpus_view *v, int64_t begin, int64_t end,
                 const sampler *s, int window, uint64_t key) {
    int64_t document = find_document(v, begin);
    int64_t at = look_back(v, begin, document, s, window, key);
    c->n = 0;
    for (; at < begin; at++)
        add_kept(c, v, at, s, window, key);
    c->first = c->n;
    while (at < end) {
        int64_t stop = document + 1 <= v->n_documents ? v->documents[document + 1] : v->end;
        for (int64_t until = stop < end ? stop : end; at < until; at++)
            add_kept(c, v, at, s, window, key);
        if (at == stop && at < end) {
            add_break(c);
            document++;
        }
    }
    c->last = c->n;
    int64_t highest = v->documents[document + 1] < v->end ? v->documents[document + 1] : v->end;
    for (int kept = 0; at < highest && kept < window; at++)
        kept += add_kept(c, v, at, s, window, key);
}

bool window_is_whole(const corpus_view *v, int64_t begin, int64_t end, const sampler *s, int window,
                     uint64_t key) {
    const int64_t first = find_document(v, begin), last = find_document(v, end - 1);
    if (v->documents[first] < v->begin && look_back(v, begin, first, s, window, key) == v->begin)
        return false;
    if (v->documents[last + 1] <= v->end)
        return true;
    int kept = 0;
    for (int64_t at = end; at < v->end && kept < window; at++)
        kept += sampler_keeps(s, v->tokens[at - v->begin], random_at(key, (uint64_t)at));
    return kept == window;
}
