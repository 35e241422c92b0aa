// SPDX-License-Identifier: Apache-2.0
/* The pairs of an episode: each rank draws those of its stretch of the corpus and sends them to the
 * owners of their input groups. Stretches follow each other by rank, so that the parts of a bucket,
 * taken by rank, are in the order of the corpus on any number of ranks. */
#include <math.h>

#include "exchange.h"
#include "memory.h"
#include "random.h"
#include "strata_training.h"

/* Tokens to read beyond a stretch at first, for the contexts of its first and last centres. */
static const int64_t MARGIN = 4096;
enum { MARGIN_GROWTH = 8 };

uint64_t strata_seed(const training_strata *t, int64_t own) {
    return (uint64_t)(own >= 0 ? own : t->o->seed);
}

/* ---- memory */

static status create(training_strata *t) {
    static const char what[] = "pairs of an episode";
    strata_episode *e = &t->now;
    const size_t ranks = (size_t)comm_size(t->world), k = (size_t)t->n_groups;
    status s = pair_sorter_create(&e->sorter, t->n_groups, t->n_threads, t->settings.window);
    if (!s.code)
        s = mem_new(&e->starts, k * k + 1, sizeof *e->starts, what);
    if (s.code || strata_is_alone(t))
        return s;
    s = mem_new(&e->sizes, k * k, sizeof *e->sizes, what);
    if (!s.code)
        s = mem_new(&e->offsets, ranks * ((size_t)t->n * k + 1), sizeof *e->offsets, what);
    if (!s.code)
        s = mem_new(&e->send_bytes, ranks, sizeof *e->send_bytes, what);
    if (!s.code)
        s = mem_new(&e->their_bytes, ranks, sizeof *e->their_bytes, what);
    return s;
}

status strata_episode_create(training_strata *t) {
    return comm_agree(t->world, create(t));
}

void strata_episode_clear(training_strata *t) {
    strata_episode *e = &t->now;
    pair_sorter_destroy(&e->sorter);
    mem_free(&e->tokens);
    mem_free(&e->documents);
    mem_free(&e->starts);
    mem_free(&e->drawn);
    mem_free(&e->received);
    mem_free(&e->sizes);
    mem_free(&e->their_sizes);
    mem_free(&e->offsets);
    mem_free(&e->send_bytes);
    mem_free(&e->their_bytes);
}

/* A centre has window + 1 contexts on average, fewer at the ends of documents. */
static double expected_pairs(const training_strata *t) {
    double kept = 0;
    for (int64_t i = 0; i < t->n_words; i++)
        kept +=
            (double)t->corpus.words.counts[i] * sampler_keep_probability(&t->sampler, (int32_t)i);
    return kept * (t->settings.window + 1) / (double)t->o->episodes;
}

void strata_episode_estimate(const training_strata *t, estimate *e) {
    static const double slack = 1.05; /* stretches and groups differ */
    const double ranks = t->shape.ranks, k = t->n_groups;
    const double part = ranks * (double)t->o->episodes;
    const double pairs = slack * expected_pairs(t) / ranks;
    const double tokens = ((double)t->corpus.n_tokens / part + 2 * (double)MARGIN);
    const double documents = (double)t->corpus.n_documents / part;
    const double buckets = k * k * sizeof(int64_t) * (strata_is_alone(t) ? 1 : 4);
    estimate_add(e, "pairs", pairs * sizeof(word_pair) * (strata_is_alone(t) ? 1 : 2) + buckets);
    estimate_add(e, "tokens", tokens * sizeof(int32_t) + documents * sizeof(int64_t));
    estimate_add(e, "workers", pair_sorter_bytes(t->n_groups, t->n_threads, t->settings.window));
}

/* ---- drawing */

/* Part `part` of `parts` of [begin, end). */
static int64_t cut(int64_t begin, int64_t end, int64_t part, int64_t parts) {
    const int64_t n = end - begin, whole = n / parts, rest = n % parts;
    return begin + whole * part + rest * part / parts;
}

/* The stretch with `margin` more tokens on either side. */
static status read_with_margin(training_strata *t, int64_t begin, int64_t end, int64_t margin) {
    strata_episode *e = &t->now;
    const corpus_file *c = &t->corpus;
    const int64_t from = begin > margin ? begin - margin : 0;
    const int64_t to = c->n_tokens - end > margin ? end + margin : c->n_tokens;
    int64_t first = 0, last = 0;
    status s = corpus_file_find(c, from, &first);
    if (!s.code)
        s = corpus_file_find(c, to - 1, &last);
    const int64_t n_documents = last - first + 1;
    if (!s.code)
        s = mem_grow(&e->tokens, &e->tokens_room, (size_t)(to - from), sizeof *e->tokens,
                     "the tokens");
    if (!s.code)
        s = mem_grow(&e->documents, &e->documents_room, (size_t)n_documents + 1,
                     sizeof *e->documents, "the document offsets");
    if (!s.code)
        s = corpus_file_tokens(c, from, to - from, e->tokens);
    if (!s.code)
        s = corpus_file_documents(c, first, n_documents + 1, e->documents);
    e->view = (corpus_view){.tokens = e->tokens,
                            .begin = from,
                            .end = to,
                            .documents = e->documents,
                            .n_documents = n_documents};
    return s;
}

/* Read the stretch with all contexts of its centres: how far they are is up to sub-sampling. */
static status read_stretch(training_strata *t, const pair_job *job) {
    status s = status_ok();
    for (int64_t margin = MARGIN; !s.code; margin *= MARGIN_GROWTH) {
        s = read_with_margin(t, job->begin, job->end, margin);
        if (!s.code && window_is_whole(&t->now.view, job->begin, job->end, &t->sampler,
                                       t->settings.window, job->token_key))
            break;
    }
    return s;
}

static pair_job make_job(const training_strata *t) {
    const int64_t n = t->corpus.n_tokens, rank = comm_rank(t->world), size = comm_size(t->world);
    const int64_t begin = cut(0, n, t->episode, t->o->episodes);
    const int64_t end = cut(0, n, t->episode + 1, t->o->episodes);
    return (pair_job){.view = &t->now.view,
                      .sampler = &t->sampler,
                      .inputs = &t->in_groups,
                      .outputs = &t->out_groups,
                      .token_key = random_key(strata_seed(t, t->o->seed_sample), RANDOM_TOKEN,
                                              (uint64_t)t->epoch),
                      .begin = cut(begin, end, rank, size),
                      .end = cut(begin, end, rank + 1, size),
                      .origin = begin};
}

static status draw(training_strata *t) {
    strata_episode *e = &t->now;
    const int64_t cells = (int64_t)t->n_groups * t->n_groups;
    const pair_job job = make_job(t);
    status s = job.begin < job.end ? read_stretch(t, &job) : status_ok();
    if (s.code)
        return s;
    pair_sorter_count(e->sorter, &job, e->starts);
    e->n_pairs = e->starts[cells];
    if ((size_t)e->n_pairs > e->drawn_room) { /* nothing of it is worth a copy */
        mem_free(&e->drawn);
        e->drawn_room = 0;
    }
    if (e->n_pairs)
        s = mem_grow(&e->drawn, &e->drawn_room, (size_t)e->n_pairs, sizeof *e->drawn,
                     "pairs of an episode");
    if (!s.code)
        pair_sorter_fill(e->sorter, &job, e->drawn);
    return s;
}

/* ---- sending */

/* Bytes for each rank: of the pairs of its buckets, or of how many there are in each. */
static void fill_bytes(training_strata *t, bool pairs) {
    strata_episode *e = &t->now;
    for (int r = 0; r < comm_size(t->world); r++) {
        int first, n;
        ring_share(t->n_groups, r, comm_size(t->world), &first, &n);
        const int64_t begin = (int64_t)first * t->n_groups, end = begin + (int64_t)n * t->n_groups;
        e->send_bytes[r] = pairs ? (e->starts[end] - e->starts[begin]) * (int64_t)sizeof *e->drawn
                                 : (end - begin) * (int64_t)sizeof *e->sizes;
    }
}

static status send_sizes(training_strata *t) {
    strata_episode *e = &t->now;
    const int64_t cells = (int64_t)t->n_groups * t->n_groups, mine = (int64_t)t->n * t->n_groups;
    for (int64_t bucket = 0; bucket < cells; bucket++)
        e->sizes[bucket] = e->starts[bucket + 1] - e->starts[bucket];
    fill_bytes(t, false);
    const status s = exchange_into(t->world, e->sizes, e->send_bytes, &e->their_sizes,
                                   &e->sizes_room, e->their_bytes);
    int64_t at = 0;
    for (int r = 0; !s.code && r < comm_size(t->world); r++) {
        int64_t *offsets = e->offsets + r * (mine + 1);
        for (int64_t bucket = 0; bucket < mine; bucket++) {
            offsets[bucket] = at;
            at += e->their_sizes[r * mine + bucket];
        }
        offsets[mine] = at;
    }
    return s;
}

static status send_pairs(training_strata *t) {
    strata_episode *e = &t->now;
    fill_bytes(t, true);
    return exchange_into(t->world, e->drawn, e->send_bytes, &e->received, &e->received_room,
                         e->their_bytes);
}

void strata_episode_bucket(const training_strata *t, int input, int output, pair_bucket *b) {
    const strata_episode *e = &t->now;
    const int64_t bucket = (int64_t)(input - t->first) * t->n_groups + output;
    b->pairs = strata_is_alone(t) ? e->drawn : e->received;
    b->offsets = (strata_is_alone(t) ? e->starts : e->offsets) + bucket;
    b->stride = (int64_t)t->n * t->n_groups + 1;
    b->n_parts = comm_size(t->world);
}

status strata_episode_draw(training_strata *t) {
    status s = comm_agree(t->world, draw(t));
    if (!s.code && !strata_is_alone(t)) {
        s = send_sizes(t);
        if (!s.code)
            s = send_pairs(t);
    }
    return s;
}
