// SPDX-License-Identifier: Apache-2.0
#include "word_tree.h"

#include "memory.h"

/* Tokens read at a time. */
static const int64_t BLOCK = 1 << 20;

/* places[word] = the first of positions [begin, end) that holds it, if there is one. */
static status find_places(const corpus_file *c, int64_t begin, int64_t end, int64_t *places) {
    int32_t *tokens = NULL;
    status s = mem_new(&tokens, (size_t)BLOCK, sizeof *tokens, "a block of the corpus");
    for (int64_t at = begin; at < end && !s.code; at += BLOCK) {
        const int64_t n = end - at < BLOCK ? end - at : BLOCK;
        s = corpus_file_tokens(c, at, n, tokens);
        for (int64_t i = 0; i < n && !s.code; i++)
            if (at + i < places[tokens[i]])
                places[tokens[i]] = at + i;
    }
    mem_free(&tokens);
    return s;
}

status word_tree_create(huffman *tree, const corpus_file *corpus, const comm *world) {
    const int64_t n = corpus->n_tokens, rank = comm_rank(world), size = comm_size(world);
    int64_t *places = NULL;
    status s = mem_new(&places, (size_t)corpus->words.n, sizeof *places, "the places of words");
    if (!s.code) {
        for (int64_t i = 0; i < corpus->words.n; i++)
            places[i] = n;
        s = find_places(corpus, n * rank / size, n * (rank + 1) / size, places);
    }
    s = comm_agree(world, s);
    if (!s.code) {
        comm_min_all(world, places, corpus->words.n);
        s = comm_agree(
            world, huffman_create(tree, corpus->words.counts, places, (int32_t)corpus->words.n));
    }
    mem_free(&places);
    return s;
}
