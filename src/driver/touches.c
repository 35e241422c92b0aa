// SPDX-License-Identifier: Apache-2.0
#include "touches.h"

#include <math.h>
#include <string.h>

#include "memory.h"

static const double SAMPLE = 4e6; /* tokens to look at */
enum { FEWEST_SPANS = 4, MOST_SPANS = 64 };

typedef struct {
    const training *t;
    int64_t length; /* tokens of a stretch */
    int stretches;  /* of a span */
    int spans;
    int32_t *tokens; /* [length] */
    int32_t *times;  /* [words] in the present span */
    int32_t *words;  /* [length * stretches] different ones of it */
    int64_t n_words;
} sample;

static status sample_create(sample *p, const training *t, double tokens) {
    *p = (sample){.t = t, .stretches = training_is_rounds(t) ? (int)t->o->workers : 1};
    p->length = (int64_t)fmax(1, tokens / p->stretches);
    p->spans = (int)fmin(MOST_SPANS, fmax(FEWEST_SPANS, SAMPLE / tokens));
    status s = mem_new(&p->tokens, (size_t)p->length, sizeof *p->tokens, "a sample of the corpus");
    if (!s.code)
        s = mem_new(&p->times, (size_t)t->n_words, sizeof *p->times, "a sample of the corpus");
    if (!s.code)
        s = mem_new(&p->words, (size_t)(p->length * p->stretches), sizeof *p->words,
                    "a sample of the corpus");
    return s;
}

static void sample_clear(sample *p) {
    mem_free(&p->tokens);
    mem_free(&p->times);
    mem_free(&p->words);
}

/* Stretches of a span stand apart, as the parts of workers do. */
static status count_span(sample *p, int span) {
    const corpus_file *c = &p->t->corpus;
    status s = status_ok();
    p->n_words = 0;
    for (int k = 0; !s.code && k < p->stretches; k++) {
        const double place = (span + 0.5) / p->spans + (double)k / p->stretches;
        const int64_t last = c->n_tokens - p->length;
        const int64_t n = last < 0 ? c->n_tokens : p->length;
        const int64_t begin = last < 0 ? 0 : (int64_t)((place - floor(place)) * (double)last);
        s = corpus_file_tokens(c, begin, n, p->tokens);
        for (int64_t i = 0; !s.code && i < n; i++)
            if (!p->times[p->tokens[i]]++)
                p->words[p->n_words++] = p->tokens[i];
    }
    return s;
}

static void add_span(sample *p, touches *x) {
    for (int64_t i = 0; i < p->n_words; i++) {
        const int32_t word = p->words[i];
        const double keep = sampler_keep_probability(&p->t->sampler, word);
        x->touch[0][word] += (1 - pow(1 - keep, p->times[word])) / p->spans;
        x->centres += keep * p->times[word] / p->spans;
        p->times[word] = 0;
    }
}

/* Rank 0 reads for all. */
static status look(touches *x, const training *t, double tokens) {
    sample p;
    status s = status_ok();
    if (comm_rank(t->world) == 0) {
        s = sample_create(&p, t, tokens);
        for (int span = 0; !s.code && span < p.spans; span++) {
            s = count_span(&p, span);
            if (!s.code)
                add_span(&p, x);
        }
        sample_clear(&p);
    }
    if ((s = comm_agree(t->world, s)).code)
        return s;
    comm_broadcast(t->world, 0, x->touch[0], (size_t)t->n_words * sizeof *x->touch[0]);
    comm_broadcast(t->world, 0, &x->centres, sizeof x->centres);
    return s;
}

double touches_any(double probability, double n) {
    return 1 - pow(1 - probability, n);
}

/* Negatives that are drawn, and those that are trained. Without a pool each pair (CBOW: each
 * window) draws its own; a pool begins with some in each chunk and windows draw the others anew,
 * and in a short chunk some are never picked. */
static void count_negatives(const touches *x, const training *t, double tokens, double *draws,
                            double *picked) {
    const loop_settings *l = &t->settings;
    const double chunks = tokens / (double)l->chunk + 1, picks = x->centres * l->negative;
    if (t->objective->negatives == NEGATIVES_PER_PAIR) {
        *draws = *picked = picks * (t->objective->model == MODEL_SKIPGRAM ? l->window + 1 : 1);
        return;
    }
    *draws = picks / l->pool_reuse + chunks * l->pool;
    *picked = *draws * -expm1(-picks / *draws);
}

/* Outputs are centres and negatives. On entry negative[i] is in proportion
 * to how often a negative is that word. */
static void add_centres(touches *x, const training *t, double tokens) {
    double all = 0, draws, picked;
    count_negatives(x, t, tokens, &draws, &picked);
    for (int64_t i = 0; i < t->n_outputs; i++)
        all += x->negative[i];
    for (int64_t i = 0; i < t->n_outputs; i++) {
        const double share = x->negative[i] / all;
        x->touch[1][i] = 1 - (1 - x->touch[0][i]) * exp(-picked * share);
        x->negative[i] = -expm1(-draws * share);
    }
}

/* A node is touched if any word below it is. Which of the words of equal count are neighbours in
 * the tree matters little here. */
static status add_nodes(touches *x, const training *t) {
    huffman tree;
    const status s = huffman_create(&tree, t->corpus.words.counts, NULL, (int32_t)t->n_words);
    if (s.code)
        return s;
    double *misses = x->touch[1]; /* logarithms of their probabilities */
    memset(misses, 0, (size_t)t->n_outputs * sizeof *misses);
    for (int64_t i = 0; i < t->n_words; i++)
        for (int64_t at = tree.offsets[i]; at < tree.offsets[i + 1]; at++)
            misses[tree.steps[at] >> 1] += log1p(-fmin(x->touch[0][i], 1 - 1e-12));
    for (int64_t i = 0; i < t->n_outputs; i++) {
        x->touch[1][i] = -expm1(misses[i]);
        x->negative[i] = 0;
    }
    huffman_clear(&tree);
    return s;
}

status touches_create(touches *x, const training *t, double tokens) {
    const size_t n = (size_t)t->n_words;
    *x = (touches){0};
    status s = mem_new(&x->touch[0], n, sizeof(double), "the rates of rows");
    if (!s.code)
        s = mem_new(&x->touch[1], n, sizeof(double), "the rates of rows");
    if (!s.code)
        s = mem_new(&x->negative, n, sizeof(double), "the rates of rows");
    if ((s = comm_agree(t->world, s)).code)
        return s;
    sampler_rates(&t->sampler, t->corpus.words.counts, t->o->negative_power, x->touch[1],
                  x->negative);
    s = look(x, t, tokens);
    if (!s.code && t->objective->uses_tree)
        return comm_agree(t->world, add_nodes(x, t));
    if (!s.code)
        add_centres(x, t, tokens);
    return s;
}

void touches_clear(touches *x) {
    mem_free(&x->touch[0]);
    mem_free(&x->touch[1]);
    mem_free(&x->negative);
}
