// SPDX-License-Identifier: Apache-2.0
#include "train_rounds.h"

#include <math.h>
#include <string.h>

#include "log.h"
#include "memory.h"
#include "rounds.h"
#include "spans.h"

/* Rounds that an epoch should have at least, so that the learning rate falls smoothly and copies
 * never drift far. */
static const int64_t LEAST_ROUNDS = 16;
enum { SMALLEST_ROUND = 64 };

struct training_rounds {
    rounds_shape shape;
    shared_block shared;
    rounds *rounds;
    double *losses; /* [2][replicas.n][workers] of this rank's workers in the present epoch, now and
                       when the span began */
    double loss_before; /* of the first worker, before the stretch in training */
    training *t;        /* the stretch in training, for the progress line */
    const loop_job *job;
};

/* ---- before */

status train_rounds_check(const training *t) {
    static const char *const of_rounds[] = {"workers", "round", NULL};
    static const char *const of_hogwild[] = {"chunk", "order", "seed-order", NULL};
    static const char *const promise[] = {"deterministic", NULL};
    const options *o = t->o;
    if (o->schedule != SCHEDULE_ROUNDS) {
        const status s = options_refuse(o, promise, "--schedule hogwild");
        return s.code ? s : options_refuse(o, of_rounds, "--schedule hogwild");
    }
    if (t->objective && !t->objective->foresee)
        return status_error(STATUS_USAGE,
                            "--schedule rounds (--deterministic) has no --negatives per-pair: too "
                            "many rows to know before a round; use --negatives shared");
    return options_refuse(o, of_hogwild, "--schedule rounds");
}

int64_t train_rounds_words(const training *t) {
    const int64_t part = t->corpus.n_tokens / t->replicas.n;
    const int64_t fair = part / (t->o->workers * LEAST_ROUNDS);
    const int64_t words = t->o->round < fair ? t->o->round : fair;
    return words > SMALLEST_ROUND ? words : SMALLEST_ROUND;
}

static rounds_shape shape_of(const training *t, const huffman *tree) {
    return (rounds_shape){.objective = t->objective,
                          .settings = &t->settings,
                          .tree = t->objective->uses_tree ? tree : NULL,
                          .n_words = training_slots(t, 0),
                          .n_outputs = training_slots(t, 1),
                          .workers = (int)t->o->workers};
}

double train_rounds_bytes(const training *t) {
    /* The tree is not there yet; the path of the rarest word has about this length. */
    const double rarest = fmax(1, (double)t->corpus.words.counts[t->n_words - 1]);
    const huffman tree = {.longest = (int32_t)ceil(log2((double)t->corpus.n_tokens / rarest)) + 2};
    const rounds_shape shape = shape_of(t, &tree);
    const int ranks = t->replicas.n_sharing;
    int64_t copies[2];
    rounds_copies(&shape, copies);
    const double rows = (double)(copies[0] + copies[1]) * (double)t->width * sizeof(float);
    return (rows + (double)rounds_shared_bytes(&shape)) / ranks +
           rounds_own_bytes(&shape, (shape.workers + ranks - 1) / ranks);
}

/* ---- creation */

/* Threads of the ranks that share the tables. */
static void count_threads(const training *t, rounds_shape *shape) {
    const comm *mine = t->replicas.mine;
    shape->n_threads = t->n_threads;
    shape->first_thread = (int)comm_sum_before(mine, t->n_threads);
    shape->all_threads = (int)comm_sum(mine, t->n_threads);
    if (shape->all_threads > shape->workers)
        log_info("%d threads share %d workers, so that some have none; see --workers",
                 shape->all_threads, shape->workers);
}

static size_t n_losses(const training *t) {
    return (size_t)t->replicas.n * (size_t)t->o->workers;
}

status train_rounds_create(training *t) {
    const comm *mine = t->replicas.mine;
    status s = mem_new(&t->rounds, 1, sizeof *t->rounds, "the rounds");
    if (!s.code)
        s = mem_new(&t->rounds->losses, 2 * n_losses(t), sizeof(double), "the losses");
    if ((s = comm_agree(t->world, s)).code)
        return s;
    training_rounds *r = t->rounds;
    r->t = t;
    r->shape = shape_of(t, &t->tree);
    count_threads(t, &r->shape);
    rounds_copies(&r->shape, t->copies);
    s = shared_create(&r->shared, mine, rounds_shared_bytes(&r->shape), "the marks of rows");
    if (!s.code && comm_rank(mine) == 0)
        rounds_start(r->shared.data);
    if (!s.code) {
        shared_sync(&r->shared, mine);
        s = rounds_create(&r->rounds, &r->shape, r->shared.data);
    }
    return comm_agree(t->world, s);
}

void train_rounds_destroy(training *t) {
    training_rounds *r = t->rounds;
    if (!r)
        return;
    rounds_destroy(&r->rounds);
    if (r->shared.data && comm_rank(t->replicas.mine) == 0)
        rounds_stop(r->shared.data);
    shared_free(&r->shared);
    mem_free(&r->losses);
    mem_free(&t->rounds);
}

/* ---- training */

static int64_t rounds_of(const training *t, const loop_job *job) {
    return rounds_in_epoch(job->first, job->last, (int)t->o->workers, t->settings.chunk);
}

static void report(const training_rounds *r, int64_t round, const loop_tally *mine) {
    training *t = r->t;
    const double loss = mine->loss - r->loss_before;
    const double part = (double)(round + 1) / (double)rounds_of(t, r->job);
    const progress_point point = {.epoch = r->job->epoch + 1,
                                  .done = (double)t->corpus.n_tokens * (r->job->epoch + part),
                                  .loss = mine->pairs > 0 ? loss / (double)mine->pairs : NAN,
                                  .learning_rate = loop_rate_at(r->job, part)};
    progress_report(&t->record.progress, &point);
}

static bool tick(void *context, int64_t round, const loop_tally *mine) {
    const training_rounds *r = context;
    training *t = r->t;
    training_move_messages(t);
    if (progress_due(&t->record.progress))
        report(r, round, mine);
    return training_interrupts(t);
}

void train_rounds_stretch(training *t, const loop_job *job, int replica, double begin, double end,
                          loop_tally *tally) {
    training_rounds *r = t->rounds;
    const int64_t n = rounds_of(t, job);
    double *losses = r->losses + (size_t)replica * (size_t)t->o->workers;
    int first, n_mine;
    rounds_workers(r->rounds, &first, &n_mine);
    r->job = job;
    r->loss_before = n_mine ? losses[first] : 0;
    rounds_run(r->rounds, job, span_place(begin, n), span_place(end, n), losses, tally, tick, r);
}

double train_rounds_reached(const training *t, const loop_job *job, double end) {
    const int64_t n = rounds_of(t, job), round = rounds_reached(t->rounds->rounds);
    return round == span_place(end, n) ? end : (double)round / (double)n;
}

void train_rounds_foresee(training *t, const loop_job *job, double begin, double end,
                          uint8_t *const wanted[2]) {
    const int64_t n = rounds_of(t, job);
    rounds_foresee(t->rounds->rounds, job, span_place(begin, n), span_place(end, n), wanted);
}

/* ---- losses and pools */

status train_rounds_take_loss(training *t, double *loss) {
    training_rounds *r = t->rounds;
    const size_t n = n_losses(t);
    const int size = comm_size(t->world);
    double *all = NULL, sum = 0;
    status s = comm_agree(t->world, mem_new(&all, n * (size_t)size, sizeof *all, "the losses"));
    if (s.code)
        return s;
    comm_gather_reals(t->world, r->losses, n, all);
    for (size_t i = 0; i < n; i++) { /* one rank has the worker, the others 0 */
        for (int rank = 0; rank < size; rank++)
            sum += all[(size_t)rank * n + i];
        r->losses[i] = 0;
    }
    mem_free(&all);
    *loss = comm_rank(t->world) == 0 ? sum : 0;
    return s;
}

void train_rounds_begin_span(training *t) {
    memcpy(t->rounds->losses + n_losses(t), t->rounds->losses, n_losses(t) * sizeof(double));
}

void train_rounds_forget(training *t) {
    memcpy(t->rounds->losses, t->rounds->losses + n_losses(t), n_losses(t) * sizeof(double));
}

/* Of each worker one rank knows its loss and its pool, and the others 0. */
status train_rounds_save(const training *t, checkpoint *c) {
    const training_rounds *r = t->rounds;
    const size_t n = n_losses(t), ranks = (size_t)comm_size(t->world);
    const int64_t n_places = 2 * t->o->workers;
    double *all = NULL;
    int64_t *places = NULL;
    status s = mem_new(&all, n * ranks, sizeof *all, "the losses");
    if (!s.code)
        s = mem_new(&places, (size_t)n_places, sizeof *places, "the pools");
    s = comm_agree(t->world, s);
    if (!s.code) {
        comm_gather_reals(t->world, r->losses, n, all);
        for (size_t i = n; i < n * ranks; i++)
            all[i % n] += all[i];
        s = checkpoint_write_reals(c, "losses", (int64_t)n, all);
    }
    if (!s.code && t->replicas.n == 1) {
        rounds_places(r->rounds, places);
        comm_sum_all(t->world, places, n_places);
        s = checkpoint_write_ints(c, "pools", n_places, places);
    }
    mem_free(&all);
    mem_free(&places);
    return s;
}

/* A rank that takes part in several replicas keeps what it trains of each. */
static void keep_own(const training *t, double *losses) {
    int first, n;
    rounds_workers(t->rounds->rounds, &first, &n);
    const int64_t workers = t->o->workers;
    for (int64_t i = 0; i < t->replicas.n * workers; i++) {
        const int64_t replica = i / workers - t->replicas.first, worker = i % workers - first;
        if (replica < 0 || replica >= t->replicas.n_local || worker < 0 || worker >= n)
            losses[i] = 0;
    }
}

status train_rounds_load(training *t, const checkpoint *c, const loop_job *job, double part) {
    training_rounds *r = t->rounds;
    const int64_t n_places = 2 * t->o->workers;
    int64_t *places = NULL;
    status s = checkpoint_read_reals(c, "losses", (int64_t)n_losses(t), r->losses);
    keep_own(t, r->losses);
    if (s.code || t->replicas.n > 1 || !(part > 0))
        return s;
    s = mem_new(&places, (size_t)n_places, sizeof *places, "the pools");
    if (!s.code)
        s = checkpoint_read_ints(c, "pools", n_places, places);
    if (!s.code)
        rounds_restore(r->rounds, job, span_place(part, rounds_of(t, job)), places);
    mem_free(&places);
    return s;
}
