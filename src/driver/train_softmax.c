// SPDX-License-Identifier: Apache-2.0
/* Skip-gram by full softmax: minibatches one after the other, each trained by all ranks and threads
 * together. A rank owns the output rows of a block of words; input rows are on every node, shared
 * by its ranks. Every rank makes the same minibatches from the node's copy of the corpus, so that
 * two small things travel: the log-sum-exp of each row and the change of each input row, both
 * joined in the order of the ranks. */
#include <math.h>

#include "log.h"
#include "memory.h"
#include "ordered_sum.h"
#include "random.h"
#include "training.h"

/* Tokens in a row of a minibatch: long stretches hold the same words again and again, and short
 * ones bring more contexts from outside. */
static const int64_t STRETCH = 32;

/* Words that a full softmax may have: every step computes a score for each. */
static const int64_t MOST_WORDS = 200000;

typedef struct {
    training *t;
    ordered_sum *sum;
    int32_t *order;       /* [minibatches of an epoch] or NULL */
    double *lse, *mine;   /* [B] of all words, of this rank's */
    double *parts;        /* [ranks, B] */
    run_position resumed; /* where a checkpoint was made that this run goes on from */
    int epoch;
    int64_t visit;    /* minibatches of the epoch that are done */
    double started;   /* when it would have, had it never been interrupted (clock_seconds) */
    loop_tally tally; /* all ranks together hold one tally: rank 0 counts what all know */
} trainer;

/* ---- settings */

status train_softmax_check(const training *t) {
    static const char *const other[] = {
        "negatives",      "negative",    "negative-power", "pool",     "pool-reuse",    "chunk",
        "replicas",       "merge-every", "replicate",      "messages", "merge-ramp",    "merge",
        "merge-strength", "schedule",    "workers",        "round",    "deterministic", NULL};
    if (t->corpus.words.n > MOST_WORDS)
        return status_error(STATUS_USAGE,
                            "--objective softmax: %s has %lld words, and every step computes a "
                            "score for each, so at most %lld are allowed; prepare with --max-vocab",
                            t->corpus_path, (long long)t->corpus.words.n, (long long)MOST_WORDS);
    return options_refuse(t->o, other, "--objective softmax");
}

static int64_t stretch_length(const training *t) {
    return t->o->batch < STRETCH ? t->o->batch : STRETCH;
}

static int64_t count_stretches(const training *t) {
    return (t->o->batch + STRETCH - 1) / STRETCH;
}

softmax_settings train_softmax_settings(const training *t) {
    int64_t begin, n;
    rows_share(t->world, t->n_words, &begin, &n);
    return (softmax_settings){.n_words = t->n_words,
                              .begin = begin,
                              .end = begin + n,
                              .dim = t->o->dim,
                              .window = (int)t->o->window,
                              .n_stretches = count_stretches(t),
                              .n_tokens = stretch_length(t),
                              .n_threads = t->n_threads,
                              .kernel = t->kernel};
}

/* ---- training */

/* The corpus is cut in as many equal parts as a minibatch has stretches; minibatch i takes the i-th
 * stretch of each. */
static int64_t part_begin(const training *t, int64_t part) {
    return t->corpus.n_tokens * part / count_stretches(t);
}

static int64_t count_batches(const training *t) {
    const int64_t parts = count_stretches(t), length = stretch_length(t);
    const int64_t longest = (t->corpus.n_tokens + parts - 1) / parts;
    return (longest + length - 1) / length;
}

/* Returns the positions that were added. */
static int64_t fill_batch(const training *t, minibatch *b, int64_t index, uint64_t key) {
    const int64_t length = stretch_length(t);
    int64_t tokens = 0;
    for (int64_t part = 0; part < count_stretches(t); part++) {
        const int64_t begin = part_begin(t, part) + index * length, stop = part_begin(t, part + 1);
        const int64_t end = begin + length < stop ? begin + length : stop;
        if (begin >= end)
            continue;
        minibatch_add(b, &t->local[0].view, begin, end, &t->sampler, key);
        tokens += end - begin;
    }
    return tokens;
}

/* Falls linearly over the run, as for negative sampling. */
static double rate_at(const trainer *r) {
    const options *o = r->t->o;
    const double part = (double)r->visit / (double)count_batches(r->t);
    return r->t->learning_rate * fmax(1e-4, 1 - (r->epoch + part) / (double)o->epochs);
}

static void tick(trainer *r) {
    training *t = r->t;
    if (!progress_due(&t->record.progress))
        return;
    const double part = (double)r->visit / (double)count_batches(t);
    /* With several ranks, one knows a part of the loss only. */
    const bool known = comm_size(t->world) == 1 && r->tally.pairs > 0;
    const progress_point point = {.epoch = r->epoch + 1,
                                  .done = (double)t->corpus.n_tokens * (r->epoch + part),
                                  .loss = known ? r->tally.loss / (double)r->tally.pairs : NAN,
                                  .learning_rate = rate_at(r)};
    progress_report(&t->record.progress, &point);
}

/* Each rank of the node steps its part of the minibatch's input rows. */
static void apply(trainer *r, int n_rows, float rate) {
    training *t = r->t;
    const comm *node = t->replicas.mine;
    const int64_t rank = comm_rank(node), size = comm_size(node);
    softmax_apply(t->softmax, t->in_rows.data, (int)(n_rows * rank / size),
                  (int)(n_rows * (rank + 1) / size), rate);
    shared_sync(&t->in_rows, node);
}

/* Returns whether the loss is still finite: the same on every rank, as all have the same lse. */
static bool train_batch(trainer *r, int64_t index, float rate, uint64_t key) {
    training *t = r->t;
    minibatch *b = softmax_begin(t->softmax);
    const int64_t tokens = fill_batch(t, b, index, key);
    softmax_fetch(t->softmax, t->in_rows.data);
    const size_t rows = (size_t)b->n_rows;
    r->tally.loss -= softmax_score(t->softmax, t->context, r->mine);
    comm_gather_reals(t->world, r->mine, rows, r->parts);
    const double normaliser = softmax_join(t->softmax, r->parts, comm_size(t->world), r->lse);
    if (comm_rank(t->world) == 0) {
        r->tally.loss += normaliser;
        r->tally.pairs += b->n_pairs;
        r->tally.tokens += tokens;
    }
    float *changes = softmax_step(t->softmax, t->context, r->lse, rate);
    ordered_sum_run(r->sum, changes, rows * t->width);
    apply(r, b->n_rows, rate);
    return isfinite(normaliser);
}

/* ---- checkpoints */

/* Output rows of this rank; padding goes along, so that rows lie in the file as they do in memory.
 */
static run_table contexts_of(training *t) {
    run_table table = {.name = "context",
                       .rows = t->n_outputs,
                       .columns = (int64_t)t->width,
                       .data = t->context,
                       .stride = t->width};
    rows_share(t->world, table.rows, &table.begin, &table.n);
    return table;
}

/* The parts of the loss that the ranks hold, so that as many ranks go on to the same bits. */
static status save_loss(const trainer *r, checkpoint *c) {
    const comm *world = r->t->world;
    const int64_t ranks = comm_size(world);
    double *losses = NULL;
    status s = comm_agree(world, mem_new(&losses, (size_t)ranks, sizeof *losses, "losses"));
    if (s.code)
        return s;
    comm_gather_reals(world, &r->tally.loss, 1, losses);
    s = checkpoint_write_int(c, "ranks", ranks);
    if (!s.code)
        s = checkpoint_write_reals(c, "losses", ranks, losses);
    mem_free(&losses);
    return s;
}

static status save(void *context, checkpoint *c) {
    const trainer *r = context;
    run_table vectors = training_table(r->t, 0);
    const run_table contexts = contexts_of(r->t);
    vectors.columns = (int64_t)r->t->width;
    status s = checkpoint_write_int(c, "minibatch", r->visit);
    if (!s.code)
        s = checkpoint_write_int(c, "pairs", r->tally.pairs);
    if (!s.code)
        s = checkpoint_write_int(c, "tokens", r->tally.tokens);
    if (!s.code)
        s = checkpoint_write_real(c, "seconds", clock_seconds() - r->started);
    if (!s.code)
        s = save_loss(r, c);
    if (!s.code)
        s = checkpoint_write_table(c, &vectors);
    return s.code ? s : checkpoint_write_table(c, &contexts);
}

static status load_loss(trainer *r, const checkpoint *c) {
    const int rank = comm_rank(r->t->world), size = comm_size(r->t->world);
    int64_t ranks = 0;
    double *losses = NULL;
    status s = checkpoint_read_int(c, "ranks", &ranks);
    if (!s.code)
        s = mem_new(&losses, (size_t)ranks, sizeof *losses, "losses");
    if (!s.code)
        s = checkpoint_read_reals(c, "losses", ranks, losses);
    for (int64_t k = 0; !s.code && k < ranks; k++)
        if (ranks == size ? k == rank : rank == 0)
            r->tally.loss += losses[k];
    mem_free(&losses);
    return s;
}

static status load_numbers(trainer *r, const checkpoint *c) {
    loop_tally all = {0};
    double seconds = 0;
    status s = checkpoint_read_int(c, "minibatch", &r->visit);
    if (!s.code)
        s = checkpoint_read_int(c, "pairs", &all.pairs);
    if (!s.code)
        s = checkpoint_read_int(c, "tokens", &all.tokens);
    if (!s.code)
        s = checkpoint_read_real(c, "seconds", &seconds);
    if (comm_rank(r->t->world) == 0)
        r->tally = all;
    r->epoch = r->resumed.epoch;
    r->started = clock_seconds() - seconds;
    return s.code ? s : load_loss(r, c);
}

static status load(void *context, const checkpoint *c) {
    trainer *r = context;
    const run_table x = contexts_of(r->t);
    status s = load_numbers(r, c);
    if (!s.code)
        s = checkpoint_read_rows(c, x.name, x.rows, x.columns, x.begin, x.n, r->t->context,
                                 x.stride);
    s = comm_agree(r->t->world, s);
    return s.code ? s : training_rows_load(r->t, c, 0, "vectors");
}

static status pause(trainer *r) {
    const run_state state = {.save = save, .load = load, .context = r};
    const run_position at = {.epoch = r->epoch,
                             .part = (double)r->visit / (double)count_batches(r->t)};
    const run_pause why = run_record_pause(&r->t->record);
    return why == RUN_GOES_ON ? status_ok() : run_record_save(&r->t->record, why, &at, &state);
}

/* ---- epochs */

static void begin_epoch(trainer *r, int epoch) {
    r->epoch = epoch;
    r->visit = 0;
    r->started = clock_seconds();
    r->tally = (loop_tally){0};
}

static status end_epoch(trainer *r) {
    return training_end_epoch(r->t, r->epoch + 1, &r->tally, rate_at(r),
                              clock_seconds() - r->started);
}

/* What is left of an epoch. */
static status train_epoch(trainer *r) {
    training *t = r->t;
    const options *o = t->o;
    const double started = clock_seconds(), flops = softmax_flops(t->softmax);
    const int64_t n = count_batches(t);
    const uint64_t seed = (uint64_t)(o->seed_sample >= 0 ? o->seed_sample : o->seed);
    const uint64_t key = random_key(seed, RANDOM_TOKEN, (uint64_t)r->epoch);
    status s = status_ok();
    bool finite = true;
    if (r->order)
        training_shuffle(t, r->order, n, (uint64_t)r->epoch);
    while (!s.code && finite && r->visit < n) {
        finite = train_batch(r, r->order ? r->order[r->visit] : r->visit, (float)rate_at(r), key);
        r->visit++;
        tick(r);
        if (finite && r->visit < n)
            s = pause(r);
    }
    const double seconds = clock_seconds() - started;
    const double done = comm_sum_real(t->world, softmax_flops(t->softmax) - flops);
    if (!s.code)
        s = end_epoch(r);
    if (!s.code)
        log_info("products of matrices: %.1f GFLOP/s over all ranks", done / seconds / 1e9);
    begin_epoch(r, r->epoch + 1);
    return s.code || r->epoch == o->epochs ? s : pause(r);
}

static status create(trainer *r, training *t) {
    const softmax_settings settings = train_softmax_settings(t);
    const size_t rows = (size_t)softmax_most_rows(&settings);
    *r = (trainer){.t = t};
    status s = ordered_sum_create(&r->sum, t->world);
    if (!s.code)
        s = mem_new(&r->lse, rows, sizeof *r->lse, "sums of exponentials");
    if (!s.code)
        s = mem_new(&r->mine, rows, sizeof *r->mine, "sums of exponentials");
    if (!s.code)
        s = mem_new(&r->parts, rows * (size_t)comm_size(t->world), sizeof *r->parts,
                    "sums of exponentials");
    if (!s.code && t->o->order == ORDER_SHUFFLE)
        s = mem_new(&r->order, (size_t)count_batches(t), sizeof *r->order,
                    "the order of minibatches");
    return s;
}

status train_softmax(training *t) {
    trainer r;
    const run_state state = {.save = save, .load = load, .context = &r};
    status s = comm_agree(t->world, create(&r, t));
    begin_epoch(&r, 0);
    if (!s.code && run_record_resumes(&t->record))
        s = run_record_resume(&t->record, &r.resumed, &state);
    while (!s.code && r.epoch < t->o->epochs)
        s = train_epoch(&r);
    ordered_sum_destroy(&r.sum);
    mem_free(&r.order);
    mem_free(&r.lse);
    mem_free(&r.mine);
    mem_free(&r.parts);
    return s;
}
