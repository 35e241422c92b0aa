// SPDX-License-Identifier: Apache-2.0
/* The hogwild schedule, and what it shares with rounds. The run is cut into rounds at token counts
 * that depend on the options alone; in a round every replica trains its visits of the round with
 * all its ranks and threads, then the replicas merge. With one replica a round is an epoch, and
 * nothing is merged. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "log.h"
#include "memory.h"
#include "merge.h"
#include "train_rounds.h"
#include "fold.h"

enum { DEFAULT_MERGES = 200 };
static const double SMALLEST_ROUND = 0.1; /* of --merge-every, at the start of the ramp */

typedef struct {
    training *t;
    merger *merger;
    int32_t *order;          /* [chunks of the largest local part] or NULL */
    double *rates[2];        /* of input and output rows (objective.h) */
    curvature curvatures[2]; /* made by input and by output rows */
    double round;            /* length of the present round, tokens of a replica */
    double rate;             /* learning rate of the present round */
    int64_t merges;          /* so far */
    int epoch;
    loop_tally tally;            /* of this rank, in the present epoch */
    const training_replica *now; /* the replica in training, for the progress line */
    const loop_job *job;
} hogwild;

/* ---- rounds */

static double part_size(const training *t) {
    return (double)t->corpus.n_tokens / t->replicas.n;
}

/* The ramp makes rounds as short as SMALLEST_ROUND, so that there are more by its length times
 * -log of that. */
double train_hogwild_merge_every(const training *t) {
    if (t->o->merge_every)
        return (double)t->o->merge_every;
    const double rounds = DEFAULT_MERGES / (1 - t->o->merge_ramp * log(SMALLEST_ROUND));
    return part_size(t) * (double)t->o->epochs / rounds;
}

/* Where the round that begins at `begin` ends; both are parts of the epoch, in [0, 1]. */
static double round_end(const training *t, int epoch, double begin) {
    if (t->replicas.n == 1)
        return 1;
    const double least = (double)t->settings.chunk * (t->rounds ? (double)t->o->workers : 1);
    double done = (epoch + begin) / (double)t->o->epochs, length = train_hogwild_merge_every(t);
    if (done < t->o->merge_ramp)
        length *= fmax(SMALLEST_ROUND, done / t->o->merge_ramp);
    double end = begin + fmax(length, least) / part_size(t);
    return end < 1 ? end : 1;
}

/* ---- merging */

typedef struct {
    const hogwild *h;
    int side; /* 0 = input rows, 1 = output rows */
} fold_context;

/* --merge-strength stands for the mean slope of the logistic function. */
static void fold_row(void *context, int64_t row, float *const *changes, int n, size_t used) {
    const fold_context *c = context;
    const hogwild *h = c->h;
    const options *o = h->t->o;
    const fold_settings how = {.rule = (fold_rule)o->merge,
                               .kernel = h->t->kernel,
                               .curvature = &h->curvatures[1 - c->side],
                               .u = o->merge_strength * h->rate * h->round * h->rates[c->side][row],
                               .n_replicas = h->t->replicas.n};
    fold_changes(&how, changes, n, used);
}

static int64_t rows_of(const training *t, int side) {
    return side ? t->n_outputs : t->n_words;
}

static status merge_side(hogwild *h, int side, float **rows, uint8_t **touched) {
    training *t = h->t;
    for (int g = 0; g < t->replicas.n_local; g++) {
        training_replica *r = &t->local[g];
        rows[g] = side ? r->out_rows.data : r->in_rows.data;
        touched[g] = side ? r->out_touched.data : r->in_touched.data;
    }
    const merge_table table = {.n_rows = rows_of(t, side),
                               .width = t->width,
                               .used = (size_t)t->o->dim,
                               .rows = rows,
                               .touched = touched,
                               .base = side ? t->out_base.data : t->in_base.data};
    fold_context context = {.h = h, .side = side};
    return merge_run(h->merger, &table, fold_row, &context);
}

static status merge(hogwild *h) {
    training *t = h->t;
    float **rows = NULL;
    uint8_t **touched = NULL;
    status s = mem_new(&rows, (size_t)t->replicas.n_local, sizeof *rows, "the replicas");
    if (!s.code)
        s = mem_new(&touched, (size_t)t->replicas.n_local, sizeof *touched, "the replicas");
    s = comm_agree(t->world, s);
    if (t->o->merge == FOLD_SEQUENCE || t->o->merge == FOLD_CONTRACTION) {
        curvature_measure(&h->curvatures[0], t->in_base.data);
        curvature_measure(&h->curvatures[1], t->out_base.data);
    }
    shared_sync(&t->local[0].in_rows, t->replicas.mine);
    for (int side = 0; !s.code && side < 2; side++)
        s = merge_side(h, side, rows, touched);
    shared_sync(&t->local[0].in_rows, t->replicas.mine);
    h->merges++;
    mem_free(&rows);
    mem_free(&touched);
    return comm_agree(t->world, s);
}

/* ---- training */

static void tick(void *context, const loop_tally *mine) {
    hogwild *h = context;
    training *t = h->t;
    if (!progress_due(&t->record.progress))
        return;
    const double visits = (double)loop_chunks(h->job);
    const double visit = fmin(visits, (double)atomic_load(h->job->next));
    const double loss = h->tally.loss + mine->loss, pairs = (double)(h->tally.pairs + mine->pairs);
    const progress_point point = {.epoch = h->epoch + 1,
                                  .done = (double)t->corpus.n_tokens * (h->epoch + visit / visits),
                                  .loss = pairs > 0 ? loss / pairs : NAN,
                                  .learning_rate = loop_rate(h->job, (int64_t)visit)};
    progress_report(&t->record.progress, &point);
}

static loop_job make_job(const hogwild *h, training_replica *r) {
    const training *t = h->t;
    const options *o = t->o;
    return (loop_job){.objective = t->objective,
                      .settings = &t->settings,
                      .kernel = t->kernel,
                      .sampler = &t->sampler,
                      .tree = &t->tree,
                      .view = &r->view,
                      .in = r->in_rows.data,
                      .out = r->out_rows.data,
                      .in_touched = r->in_touched.data,
                      .out_touched = r->out_touched.data,
                      .first = r->first,
                      .last = r->last,
                      .order = h->order,
                      .next = r->counter.data,
                      .seed = (uint64_t)(o->seed_sample >= 0 ? o->seed_sample : o->seed),
                      .epoch = h->epoch,
                      .rate = t->learning_rate,
                      .rate_floor = t->learning_rate * 1e-4,
                      .progress_begin = (double)h->epoch / (double)o->epochs,
                      .progress_end = (double)(h->epoch + 1) / (double)o->epochs};
}

/* The chunks of [begin, end), whoever comes first. */
static void take_chunks(hogwild *h, training_replica *r, loop_job *job, double begin, double end) {
    training *t = h->t;
    const double chunks = (double)loop_chunks(job);
    if (h->order)
        training_shuffle(t, h->order, loop_chunks(job),
                         (uint64_t)h->epoch * (uint64_t)t->replicas.n +
                             (uint64_t)(r - t->local + t->replicas.first));
    job->visit_end = (int64_t)(end * chunks);
    if (comm_rank(t->replicas.mine) == 0)
        atomic_store(job->next, (int64_t)(begin * chunks));
    shared_sync(&r->counter, t->replicas.mine);
    h->job = job;
    loop_run(job, t->workers, t->n_threads, &h->tally, tick, h);
    h->rate = loop_rate(job, job->visit_end);
}

/* All local replicas, one after the other, through [begin, end) parts of the epoch. */
static void train_round(hogwild *h, double begin, double end) {
    training *t = h->t;
    for (int g = 0; g < t->replicas.n_local; g++) {
        training_replica *r = &t->local[g];
        loop_job job = make_job(h, r);
        if (t->rounds) {
            train_rounds_stretch(t, &job, t->replicas.first + g, begin, end, &h->tally);
            h->rate = loop_rate_at(&job, end);
        } else {
            take_chunks(h, r, &job, begin, end);
        }
        shared_sync(&r->counter, t->replicas.mine);
    }
}

static status train_epoch(hogwild *h, int epoch) {
    training *t = h->t;
    const double started = clock_seconds();
    status s = status_ok();
    h->epoch = epoch;
    h->tally = (loop_tally){0};
    for (double begin = 0, end; !s.code && begin < 1; begin = end) {
        end = round_end(t, epoch, begin);
        h->round = (end - begin) * part_size(t);
        train_round(h, begin, end);
        if (t->replicas.n > 1)
            s = merge(h);
    }
    comm_barrier(t->world);
    if (!s.code && t->rounds)
        s = train_rounds_take_loss(t, &h->tally.loss);
    return s.code ? s
                  : training_end_epoch(t, epoch + 1, &h->tally, h->rate, clock_seconds() - started);
}

static status create(hogwild *h, training *t) {
    *h = (hogwild){.t = t};
    status s = status_ok();
    int64_t largest = 0;
    for (int g = 0; g < t->replicas.n_local; g++)
        if (t->local[g].last - t->local[g].first > largest)
            largest = t->local[g].last - t->local[g].first;
    if (t->o->order == ORDER_SHUFFLE)
        s = mem_new(&h->order, (size_t)(largest / t->settings.chunk + 1), sizeof *h->order,
                    "the order of chunks");
    if (t->replicas.n == 1 || s.code)
        return s;
    for (int side = 0; side < 2 && !s.code; side++)
        s = mem_new(&h->rates[side], (size_t)t->n_words, sizeof *h->rates[side],
                    "the rates of rows");
    if (!s.code)
        s = merge_create(&h->merger, &t->replicas);
    if (!s.code) {
        sampler_rates(&t->sampler, t->corpus.words.counts, t->o->negative_power, h->rates[0],
                      h->rates[1]);
        t->objective->rates(&t->settings, &t->tree, t->n_words, h->rates[0], h->rates[1]);
    }
    for (int side = 0; side < 2 && !s.code; side++)
        s = curvature_create(&h->curvatures[side], h->rates[side], rows_of(t, side), t->o->dim,
                             side == 0 && t->o->model == MODEL_CBOW ? t->settings.window + 1 : 1);
    return s;
}

status train_hogwild(training *t) {
    hogwild h;
    status s = comm_agree(t->world, create(&h, t));
    for (int epoch = 0; !s.code && epoch < t->o->epochs; epoch++)
        s = train_epoch(&h, epoch);
    if (h.merger)
        log_info("merged %d replicas %" PRId64 " times, %.1f MiB sent by rank 0", t->replicas.n,
                 h.merges, (double)merge_bytes_sent(h.merger) / 1048576);
    merge_destroy(&h.merger);
    mem_free(&h.order);
    for (int side = 0; side < 2; side++) {
        mem_free(&h.rates[side]);
        curvature_clear(&h.curvatures[side]);
    }
    return s;
}
