// SPDX-License-Identifier: Apache-2.0
#include "minibatch.h"

#include "memory.h"

status minibatch_create(minibatch *b, int64_t n_stretches, int64_t n_tokens, int window,
                        int32_t n_words) {
    const int64_t tokens = n_stretches * (n_tokens + 2 * (int64_t)window);
    *b = (minibatch){.most_rows = (int)(tokens < n_words ? tokens : n_words),
                     .most_pairs = n_stretches * n_tokens * 2 * window,
                     .n_words = n_words,
                     .window = window};
    status s = window_create(&b->chunk, n_tokens, window);
    if (!s.code)
        s = mem_new(&b->words, (size_t)b->most_rows, sizeof *b->words, "a minibatch");
    if (!s.code)
        s = mem_new(&b->uses, (size_t)b->most_rows, sizeof *b->uses, "a minibatch");
    if (!s.code)
        s = mem_new(&b->pairs, (size_t)b->most_pairs, sizeof *b->pairs, "a minibatch");
    if (!s.code)
        s = mem_new(&b->row_of, (size_t)n_words, sizeof *b->row_of, "a minibatch");
    if (s.code)
        minibatch_clear(b);
    for (int32_t i = 0; !s.code && i < n_words; i++)
        b->row_of[i] = -1;
    return s;
}

void minibatch_clear(minibatch *b) {
    window_clear(&b->chunk);
    mem_free(&b->words);
    mem_free(&b->uses);
    mem_free(&b->pairs);
    mem_free(&b->row_of);
}

static inline void add_pair(minibatch *b, int32_t input, int32_t target) {
    int32_t row = b->row_of[input];
    if (row < 0) {
        row = b->row_of[input] = b->n_rows++;
        b->words[row] = input;
        b->uses[row] = 0;
    }
    b->uses[row]++;
    b->pairs[b->n_pairs++] = (minibatch_pair){.row = row, .target = target};
}

static void add_window(minibatch *b, int centre) {
    const window_chunk *c = &b->chunk;
    const int reach = c->widths[centre];
    for (int i = centre - 1; i >= 0 && i >= centre - reach && c->tokens[i] >= 0; i--)
        add_pair(b, c->tokens[i], c->tokens[centre]);
    for (int i = centre + 1; i < c->n && i <= centre + reach && c->tokens[i] >= 0; i++)
        add_pair(b, c->tokens[i], c->tokens[centre]);
}

void minibatch_begin(minibatch *b) {
    for (int i = 0; i < b->n_rows; i++)
        b->row_of[b->words[i]] = -1;
    b->n_rows = 0;
    b->n_pairs = 0;
}

void minibatch_add(minibatch *b, const corpus_view *view, int64_t begin, int64_t end,
                   const sampler *s, uint64_t key) {
    window_fill(&b->chunk, view, begin, end, s, b->window, key);
    for (int i = b->chunk.first; i < b->chunk.last; i++)
        if (b->chunk.tokens[i] >= 0)
            add_window(b, i);
}
