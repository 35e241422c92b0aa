// SPDX-License-Identifier: Apache-2.0
#include "cooccurrence.h"

#include <stdio.h>

#include "cooc_count.h"
#include "corpus_file.h"

static int64_t count_diagonal(const cooc_matrix *m) {
    int64_t n = 0;
    for (int64_t i = m->begin; i < m->end; i++) {
        const int64_t end = m->offsets[i - m->begin + 1];
        n += end > m->offsets[i - m->begin] && m->columns[end - 1] == i;
    }
    return n;
}

/* Collective. */
static void count_cells(cooccurrence *x, const comm *world) {
    x->n_cells = comm_sum(world, cooc_matrix_cells(&x->matrix));
    x->n_nonzeros = 2 * x->n_cells - comm_sum(world, count_diagonal(&x->matrix));
}

static status from_corpus(cooccurrence *x, const char *path, const options *o, const comm *world) {
    const group g = comm_group(world);
    corpus_file corpus;
    status s = corpus_file_open(&corpus, path, &g);
    if (s.code)
        return s;
    s = cooc_count(&x->matrix, &corpus, o, world);
    x->words = corpus.words;
    corpus.words = (wordlist){0};
    x->n_tokens = corpus.n_tokens;
    x->window = o->window;
    snprintf(x->hash, sizeof x->hash, "%s", corpus.hash);
    corpus_file_close(&corpus);
    return s;
}

status cooccurrence_get(cooccurrence *x, const char *path, const options *o, const comm *world) {
    *x = (cooccurrence){0};
    status s = from_corpus(x, path, o, world);
    if (s.code)
        cooccurrence_clear(x);
    else
        count_cells(x, world);
    return s;
}

void cooccurrence_clear(cooccurrence *x) {
    cooc_matrix_clear(&x->matrix);
    wordlist_clear(&x->words);
    *x = (cooccurrence){0};
}
