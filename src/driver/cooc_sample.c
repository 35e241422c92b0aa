// SPDX-License-Identifier: Apache-2.0
/* cooc_size before anything is counted: full rows of every n-th word, into a hash table. */
#include <math.h>
#include <string.h>

#include "cooccur.h"
#include "cooc_size.h"
#include "memory.h"

static const double PAIRS = 2e7;           /* to look at, about */
static const int64_t BLOCK = 1 << 20;      /* tokens read at a time */
enum { TILE = 512, FIRST_ROOM = 1 << 16 }; /* contexts of a tile; entries of a table */

/* A sum for each of the pairs that were met: open addressing, at most half full. */
typedef struct {
    uint64_t *keys; /* 0 = free */
    float *sums;
    uint64_t room, n;
} pair_table;

typedef struct {
    const corpus_file *corpus;
    const options *o;
    cooccur_rule rule;
    int64_t step; /* words step / 2, step / 2 + step, ... are looked at */
    pair_table pairs;
    double sum, counts; /* of all weights; of the places of these words */
} census;

/* ---- tables */

static status table_create(pair_table *t, uint64_t room) {
    static const char what[] = "a sample of the co-occurrences";
    *t = (pair_table){.room = room};
    status s = mem_new(&t->keys, room, sizeof *t->keys, what);
    return s.code ? s : mem_new(&t->sums, room, sizeof *t->sums, what);
}

static void table_clear(pair_table *t) {
    mem_free(&t->keys);
    mem_free(&t->sums);
}

/* The place of a key, or the free one where it belongs. */
static uint64_t find(const pair_table *t, uint64_t key) {
    uint64_t at = (key * 0x9E3779B97F4A7C15u) >> 20 & (t->room - 1);
    while (t->keys[at] && t->keys[at] != key)
        at = (at + 1) & (t->room - 1);
    return at;
}

static void put(pair_table *t, uint64_t key, float x) {
    const uint64_t at = find(t, key);
    t->n += !t->keys[at];
    t->keys[at] = key;
    t->sums[at] += x;
}

static status table_add(pair_table *t, uint64_t key, float x) {
    if (2 * t->n >= t->room) {
        pair_table larger;
        const status s = table_create(&larger, 2 * t->room);
        for (uint64_t i = 0; !s.code && i < t->room; i++)
            if (t->keys[i])
                put(&larger, t->keys[i], t->sums[i]);
        if (s.code) {
            table_clear(&larger);
            return s;
        }
        table_clear(t);
        *t = larger;
    }
    put(t, key, x);
    return status_ok();
}

/* ---- looking */

static bool is_looked_at(const census *c, int64_t word) {
    return word % c->step == c->step / 2;
}

static uint64_t key_of(int64_t row, int64_t column) {
    return ((uint64_t)row << 32 | (uint64_t)column) + 1;
}

/* The windows around the words that are looked at among tokens [begin, end) of one document. */
static status look(census *c, const int32_t *tokens, int64_t begin, int64_t end, int64_t first,
                   int64_t last) {
    status s = status_ok();
    for (int64_t p = begin; p < end && !s.code; p++) {
        if (!is_looked_at(c, tokens[p]))
            continue;
        c->counts++;
        for (int d = -c->rule.window; d <= c->rule.window && !s.code; d++)
            if (d && p + d >= first && p + d < last) {
                const float x = (float)c->rule.weights[d < 0 ? -d : d];
                c->sum += (double)x;
                s = table_add(&c->pairs, key_of(tokens[p], tokens[p + d]), x);
            }
    }
    return s;
}

/* Tokens [begin, end) of the corpus with their margins; documents: of them. */
static status look_block(census *c, int64_t begin, int64_t end, int32_t *tokens) {
    const int64_t n = c->corpus->n_tokens, margin = c->rule.window;
    const int64_t from = begin > margin ? begin - margin : 0;
    const int64_t to = n - end > margin ? end + margin : n;
    int64_t *documents = NULL, first = 0, last = 0;
    status s = corpus_file_find(c->corpus, from, &first);
    if (!s.code)
        s = corpus_file_find(c->corpus, to - 1, &last);
    const int64_t n_documents = last - first + 1;
    if (!s.code)
        s = mem_new(&documents, (size_t)n_documents + 1, sizeof *documents, "documents");
    if (!s.code)
        s = corpus_file_documents(c->corpus, first, n_documents + 1, documents);
    if (!s.code)
        s = corpus_file_tokens(c->corpus, from, to - from, tokens);
    for (int64_t d = 0; !s.code && d < n_documents; d++) {
        const int64_t a = documents[d] > from ? documents[d] : from;
        const int64_t b = documents[d + 1] < to ? documents[d + 1] : to;
        s = look(c, tokens, (a > begin ? a : begin) - from, (b < end ? b : end) - from, a - from,
                 b - from);
    }
    mem_free(&documents);
    return s;
}

static status look_through(census *c, int64_t n_tokens) {
    int32_t *tokens = NULL;
    const size_t room = (size_t)(BLOCK + 2 * c->rule.window);
    status s = mem_new(&tokens, room, sizeof *tokens, "a block of the corpus");
    for (int64_t at = 0; !s.code && at < n_tokens; at += BLOCK)
        s = look_block(c, at, at + BLOCK < n_tokens ? at + BLOCK : n_tokens, tokens);
    mem_free(&tokens);
    return s;
}

/* ---- what they say */

/* PMI as ppmi.h has it, with the margins that words have which stand anywhere. */
typedef struct {
    double *bias; /* [V] */
    double unit;
} margins;

static double weight_of(const options *o, double share) {
    const double part = o->weights / share;
    return o->weights > 0 ? fmin(1, sqrt(part) + part) : 1;
}

static status find_margins(const census *c, margins *m) {
    const wordlist *words = &c->corpus->words;
    const double n = (double)c->corpus->n_tokens, a = c->o->smoothing;
    double mean = 0, total = 0;
    const status s = mem_new(&m->bias, (size_t)words->n, sizeof *m->bias, "margins of the words");
    if (s.code)
        return s;
    for (int64_t i = 0; i < words->n; i++) {
        const double share = (double)words->counts[i] / n;
        mean += share * weight_of(c->o, share);
    }
    for (int64_t i = 0; i < words->n; i++) {
        const double weight = weight_of(c->o, (double)words->counts[i] / n);
        const double row = weight * (double)words->counts[i] * c->sum / c->counts * mean;
        total += pow(row, a);
        m->bias[i] = (1 + a) * log(row) / 2 - log(weight);
    }
    m->unit = log(c->o->shift) - log(total);
    return s;
}

static status count_pairs(const census *c, cooc_size *x) {
    pair_table tiles = {0}, positive_tiles = {0};
    margins m = {0};
    status s = find_margins(c, &m);
    if (!s.code)
        s = table_create(&tiles, FIRST_ROOM);
    if (!s.code)
        s = table_create(&positive_tiles, FIRST_ROOM);
    for (uint64_t i = 0; !s.code && i < c->pairs.room; i++) {
        if (!c->pairs.keys[i])
            continue;
        const int64_t row = (int64_t)((c->pairs.keys[i] - 1) >> 32);
        const int64_t column = (int64_t)((c->pairs.keys[i] - 1) & UINT32_MAX);
        const int64_t part = column % c->o->groups, place = column / c->o->groups;
        const int64_t tiles_before = part * (c->corpus->words.n / c->o->groups / TILE + 1);
        s = table_add(&tiles, key_of(row, tiles_before + place / TILE), 1);
        const double pmi = log((double)c->pairs.sums[i]) - m.bias[row] - m.bias[column] - m.unit;
        if (!s.code && pmi > 0) {
            x->positive++;
            s = table_add(&positive_tiles, key_of(row, column / TILE), 1);
        }
    }
    x->positive *= (double)c->step;
    x->runs = (double)tiles.n * (double)c->step;
    x->positive_runs = (double)positive_tiles.n * (double)c->step;
    table_clear(&tiles);
    table_clear(&positive_tiles);
    mem_free(&m.bias);
    return s;
}

/* Of the first n_tokens of the corpus. */
static status sample(cooc_size *x, const corpus_file *corpus, const options *o, int64_t n_tokens,
                     bool whole) {
    census c = {.corpus = corpus, .o = o};
    const double pairs = 2.0 * (double)o->window * (double)n_tokens;
    cooccur_rule_init(&c.rule, (int)o->window, (cooccur_weighting)o->weighting);
    c.step = (int64_t)fmin(ceil(pairs / PAIRS), fmax(1, (double)corpus->words.n / 64));
    status s = table_create(&c.pairs, FIRST_ROOM);
    if (!s.code)
        s = look_through(&c, n_tokens);
    x->nonzeros = (double)c.pairs.n * (double)c.step;
    x->cells = x->part_cells = x->nonzeros / 2;
    if (!s.code && whole && c.counts > 0)
        s = count_pairs(&c, x);
    table_clear(&c.pairs);
    return s;
}

static status sample_all(cooc_size *x, const corpus_file *corpus, const options *o,
                         const job_shape *job) {
    cooc_size part = {0};
    status s = sample(x, corpus, o, corpus->n_tokens, true);
    if (s.code || job->ranks == 1)
        return s;
    s = sample(&part, corpus, o, corpus->n_tokens / job->ranks, false);
    x->part_cells = part.cells;
    return s;
}

status cooc_size_sample(cooc_size *x, const corpus_file *corpus, const options *o,
                        const job_shape *job, const comm *world) {
    *x = (cooc_size){.n_words = (double)corpus->words.n,
                     .n_tokens = (double)corpus->n_tokens,
                     .n_documents = (double)corpus->n_documents};
    status s = status_ok();
    if (comm_rank(world) == 0)
        s = sample_all(x, corpus, o, job);
    s = comm_agree(world, s);
    comm_broadcast(world, 0, x, sizeof *x);
    return s;
}
