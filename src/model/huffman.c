// SPDX-License-Identifier: Apache-2.0
#include "huffman.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "memory.h"

/* Leaves are 0..V-1, inner nodes V..2V-2 in the order in which they are made, the root last. */
typedef struct {
    int64_t count, place;
    int32_t word;
} leaf;

typedef struct {
    leaf *leaves;    /* [V] in the order in which they are joined, the last first */
    int64_t *made;   /* [V - 1] counts of the inner nodes */
    int32_t *parent; /* [2V - 1] */
    uint8_t *second; /* [2V - 1] is the second branch of its parent */
} forest;

static status forest_create(forest *f, int32_t n) {
    *f = (forest){.made = NULL};
    status s = mem_new(&f->leaves, (size_t)n, sizeof *f->leaves, "the Huffman tree");
    if (!s.code)
        s = mem_new(&f->made, (size_t)n, sizeof *f->made, "the Huffman tree");
    if (!s.code)
        s = mem_new(&f->parent, 2 * (size_t)n, sizeof *f->parent, "the Huffman tree");
    if (!s.code)
        s = mem_new(&f->second, 2 * (size_t)n, sizeof *f->second, "the Huffman tree");
    return s;
}

static void forest_clear(forest *f) {
    mem_free(&f->leaves);
    mem_free(&f->made);
    mem_free(&f->parent);
    mem_free(&f->second);
}

/* By falling count, then by rising place, then by rising id. */
static int compare_leaves(const void *a, const void *b) {
    const leaf *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->word < y->word ? -1 : x->word > y->word;
}

static void order_leaves(forest *f, const int64_t *counts, const int64_t *places, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        f->leaves[i] = (leaf){.count = counts[i], .place = places ? places[i] : 0, .word = i};
    qsort(f->leaves, (size_t)n, sizeof *f->leaves, compare_leaves);
}

/* Join the two lightest until one is left. Leaves come in rising order of count from the end, inner
 * nodes are made in rising order, so the lightest is always at one of two places. */
static void join_all(forest *f, int32_t n) {
    int32_t last = n - 1, inner = 0;
    for (int32_t next = 0; next < n - 1; next++) {
        for (int branch = 0; branch < 2; branch++) {
            const bool take_leaf =
                last >= 0 && (inner == next || f->leaves[last].count < f->made[inner]);
            f->made[next] += take_leaf ? f->leaves[last].count : f->made[inner];
            const int32_t child = take_leaf ? f->leaves[last--].word : n + inner++;
            f->parent[child] = n + next;
            f->second[child] = (uint8_t)branch;
        }
    }
}

/* The number of inner node `made` in the finished tree. */
static int32_t node_number(int32_t made, int32_t n) {
    return 2 * n - 2 - made;
}

static void fill_branches(huffman *h, const forest *f) {
    const int32_t n = h->n_words;
    for (int32_t i = 0; i < 2 * n - 2; i++) {
        const int32_t node = node_number(f->parent[i], n);
        h->branches[2 * (size_t)node + f->second[i]] = i < n ? i : n + node_number(i, n);
    }
}

static int32_t path_length(const forest *f, int32_t word, int32_t n) {
    int32_t length = 0;
    for (int32_t i = word; i != 2 * n - 2; i = f->parent[i])
        length++;
    return length;
}

static void fill_path(huffman *h, const forest *f, int32_t word) {
    const int32_t n = h->n_words;
    int64_t at = h->offsets[word + 1];
    for (int32_t i = word; i != 2 * n - 2; i = f->parent[i])
        h->steps[--at] = 2 * (uint32_t)node_number(f->parent[i], n) + !f->second[i];
}

static status fill_tree(huffman *h, const forest *f) {
    const int32_t n = h->n_words;
    for (int32_t i = 0; i < n; i++) {
        const int32_t length = path_length(f, i, n);
        h->offsets[i + 1] = h->offsets[i] + length;
        h->longest = length > h->longest ? length : h->longest;
    }
    status s =
        mem_new(&h->steps, (size_t)h->offsets[n], sizeof *h->steps, "paths in the Huffman tree");
    if (s.code)
        return s;
    for (int32_t i = 0; i < n; i++)
        fill_path(h, f, i);
    fill_branches(h, f);
    return s;
}

status huffman_create(huffman *h, const int64_t *counts, const int64_t *places, int32_t n_words) {
    forest f;
    *h = (huffman){.n_words = n_words};
    status s = forest_create(&f, n_words);
    if (!s.code)
        s = mem_new(&h->offsets, (size_t)n_words + 1, sizeof *h->offsets, "the Huffman tree");
    if (!s.code)
        s = mem_new(&h->branches, 2 * (size_t)n_words, sizeof *h->branches, "the Huffman tree");
    if (!s.code) {
        order_leaves(&f, counts, places, n_words);
        join_all(&f, n_words);
        s = fill_tree(h, &f);
    }
    forest_clear(&f);
    if (s.code)
        huffman_clear(h);
    return s;
}

void huffman_clear(huffman *h) {
    mem_free(&h->offsets);
    mem_free(&h->steps);
    mem_free(&h->branches);
}

double huffman_bytes(int64_t n_words) {
    const double n = (double)n_words, length = log2(n) + 4;
    return n * (sizeof(int64_t) + 2 * sizeof(int32_t) + length * sizeof(uint32_t));
}
