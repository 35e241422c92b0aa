// SPDX-License-Identifier: Apache-2.0
/* The hogwild schedule, and what it shares with rounds. The run is cut into spans (spans.h); in a
 * span every replica trains its visits with all its ranks and threads, then the replicas merge.
 * Where rows are cut over the ranks, those of the next span are known and fetched meanwhile. */
#include <math.h>
#include <string.h>

#include "log.h"
#include "memory.h"
#include "merge.h"
#include "pull.h"
#include "spans.h"
#include "threads.h"
#include "train_rounds.h"
#include "fold.h"

enum { MOST_FREQUENT = 2000 }; /* rows whose length stands for that of all */

typedef struct {
    training *t;
    merger *merger;
    pull *pulls[2];   /* where rows are cut */
    bool is_cut;      /* whether rows of any table are */
    int32_t *order;   /* [chunks of the largest local part] or NULL */
    double *rates[2]; /* of input and output rows (objective.h) */
    span now;
    double rate;           /* learning rate at the end of the present span */
    double *squares;       /* [2, MOST_FREQUENT] of input and output rows */
    double mean_square[2]; /* of these, weighted by their rates */
    loop_tally tally;      /* of this rank, in the present epoch */
    const loop_job *job;   /* in training, for the progress line */
} hogwild;

/* ---- merging */

typedef struct {
    const hogwild *h;
    int side; /* 0 = input rows, 1 = output rows */
} fold_context;

/* Expected contraction of a row in one replica since the last merge: each update moves the row
 * towards its optimum by about rate * s'(x) * |other row|^2, s' the slope of the logistic
 * function, for which --merge-strength stands. */
static void fold_row(void *context, int64_t row, float *const *changes, int n, size_t used) {
    const fold_context *c = context;
    const hogwild *h = c->h;
    double u = h->t->o->merge_strength * h->rate * span_tokens(h->t, &h->now) *
               h->mean_square[1 - c->side] * h->rates[c->side][row];
    fold_changes(h->t->kernel, (fold_rule)h->t->o->merge, changes, n, used, h->t->replicas.n, u);
}

static int64_t rows_of(const training *t, int side) {
    return side ? t->n_outputs : t->n_words;
}

static int64_t few_rows(const hogwild *h, int side) {
    const int64_t n = rows_of(h->t, side);
    return n < MOST_FREQUENT ? n : MOST_FREQUENT;
}

static double square(const training *t, const float *row) {
    double sum = 0;
    for (int64_t k = 0; k < t->o->dim; k++)
        sum += (double)row[k] * (double)row[k];
    return sum;
}

/* |row|^2 of the most frequent rows: those that every replica holds, and of the others those that
 * this rank owns. */
static void take_squares(const hogwild *h, int side, double *squares) {
    const placement *p = &h->t->places[side];
    const int64_t n = few_rows(h, side), n_hot = h->t->hot[side];
    for (int64_t i = 0; i < n && i < n_hot; i++)
        squares[i] = square(h->t, p->base + (size_t)i * h->t->width);
    for (int64_t i = n_hot; i < n; i++)
        squares[i] = 0;
    for (int64_t i = 0; n_hot < n && i < placement_owned(p); i++) {
        int64_t id;
        const float *row = placement_owned_row(p, i, &id);
        if (id >= n)
            break;
        if (id >= n_hot)
            squares[id] = square(h->t, row);
    }
}

/* Mean of |row|^2 over the most frequent rows, weighted by how often training meets them. */
static double mean_square(const hogwild *h, int side) {
    double *squares = h->squares + (size_t)side * MOST_FREQUENT, sum = 0, weight = 0;
    const int64_t n = few_rows(h, side), n_hot = h->t->hot[side];
    take_squares(h, side, squares);
    if (n_hot < n)
        comm_spread_reals(h->t->world, squares + n_hot, n - n_hot);
    for (int64_t i = 0; i < n; i++) {
        sum += squares[i] * h->rates[side][i];
        weight += h->rates[side][i];
    }
    return weight > 0 ? sum / weight : 0;
}

/* Whether this rank takes part in the messages of its node. */
static bool merges(const training *t) {
    return comm_rank(t->replicas.mine) < t->replicas.slices;
}

/* The rows of the next span, if there is one, have come and get the changes too. */
static status merge(hogwild *h, bool has_next) {
    training *t = h->t;
    status s = status_ok();
    for (int side = 0; side < 2; side++)
        h->mean_square[side] = mean_square(h, side);
    shared_sync(&t->local[0].in_rows, t->replicas.mine);
    for (int side = 0; !s.code && side < 2; side++) {
        fold_context context = {.h = h, .side = side};
        const bool pulled = has_next && training_is_cut(t, side);
        if (pulled && merges(t))
            pull_end(h->pulls[side]);
        s = merge_run(h->merger, &t->places[side], pulled ? h->pulls[side] : NULL, fold_row,
                      &context);
    }
    shared_sync(&t->local[0].in_rows, t->replicas.mine);
    s = comm_agree(t->world, s);
    for (int side = 0; !s.code && has_next && side < 2; side++)
        if (training_is_cut(t, side))
            placement_turn(&t->places[side]);
    return s;
}

/* ---- training */

static void report(hogwild *h, const loop_tally *mine) {
    training *t = h->t;
    const double visits = (double)loop_chunks(h->job);
    const double visit = fmin(visits, (double)atomic_load(h->job->next));
    const double loss = h->tally.loss + mine->loss, pairs = (double)(h->tally.pairs + mine->pairs);
    const progress_point point = {.epoch = h->now.epoch + 1,
                                  .done =
                                      (double)t->corpus.n_tokens * (h->now.epoch + visit / visits),
                                  .loss = pairs > 0 ? loss / pairs : NAN,
                                  .learning_rate = loop_rate(h->job, (int64_t)visit)};
    progress_report(&t->record.progress, &point);
}

static void move_messages(hogwild *h) {
    for (int side = 0; side < 2; side++)
        if (h->pulls[side])
            pull_move(h->pulls[side]);
}

static void tick(void *context, const loop_tally *mine) {
    hogwild *h = context;
    move_messages(h);
    if (progress_due(&h->t->record.progress))
        report(h, mine);
}

static loop_job make_job(const hogwild *h, training_replica *r, int epoch) {
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
                      .seed = training_seed(t, o->seed_sample),
                      .epoch = epoch,
                      .rate = t->learning_rate,
                      .rate_floor = t->learning_rate * 1e-4,
                      .progress_begin = (double)epoch / (double)o->epochs,
                      .progress_end = (double)(epoch + 1) / (double)o->epochs};
}

/* The chunks of a span, whoever comes first. */
static void set_visits(hogwild *h, training_replica *r, loop_job *job, const span *s) {
    training *t = h->t;
    const double chunks = (double)loop_chunks(job);
    if (h->order)
        training_shuffle(t, h->order, loop_chunks(job),
                         (uint64_t)s->epoch * (uint64_t)t->replicas.n +
                             (uint64_t)(r - t->local + t->replicas.first));
    job->visit_end = (int64_t)(s->end * chunks);
    if (comm_rank(t->replicas.mine) == 0)
        atomic_store(job->next, (int64_t)(s->begin * chunks));
    shared_sync(&r->counter, t->replicas.mine);
}

/* All local replicas, one after the other, through the present span. */
static void train_span(hogwild *h) {
    training *t = h->t;
    for (int g = 0; g < t->replicas.n_local; g++) {
        training_replica *r = &t->local[g];
        loop_job job = make_job(h, r, h->now.epoch);
        for (int side = 0; side < 2; side++)
            job.slots[side] = training_is_cut(t, side) ? placement_slots(&t->places[side]) : NULL;
        if (t->rounds) {
            train_rounds_stretch(t, &job, t->replicas.first + g, h->now.begin, h->now.end,
                                 &h->tally);
            h->rate = loop_rate_at(&job, h->now.end);
        } else {
            set_visits(h, r, &job, &h->now);
            h->job = &job;
            loop_run(&job, t->workers, t->n_threads, &h->tally, tick, h);
            h->rate = loop_rate(&job, job.visit_end);
        }
        shared_sync(&r->counter, t->replicas.mine);
    }
}

/* Mark the rows that a span will touch. */
static void foresee(hogwild *h, const span *s) {
    training *t = h->t;
    uint8_t *wanted[2];
    for (int side = 0; side < 2; side++)
        wanted[side] = training_is_cut(t, side) ? t->places[side].wanted : NULL;
    for (int g = 0; g < t->replicas.n_local; g++) {
        training_replica *r = &t->local[g];
        loop_job job = make_job(h, r, s->epoch);
        if (t->rounds) {
            train_rounds_foresee(t, &job, s->begin, s->end, wanted);
        } else {
            set_visits(h, r, &job, s);
            loop_foresee(&job, t->workers, t->n_threads, wanted);
        }
        shared_sync(&r->counter, t->replicas.mine);
    }
}

/* Ask for the cold rows of a span. */
static status begin_pulls(hogwild *h, const span *s) {
    training *t = h->t;
    status st = status_ok();
    if (!h->is_cut)
        return st;
    foresee(h, s);
    for (int side = 0; side < 2; side++) {
        if (!training_is_cut(t, side))
            continue;
        st = comm_agree(t->world, placement_plan(&t->places[side]));
        if (!st.code && merges(t))
            st = pull_begin(h->pulls[side]);
        if ((st = comm_agree(t->world, st)).code)
            return st;
    }
    return st;
}

/* The cold rows of the first span. */
static status begin_first(hogwild *h) {
    training *t = h->t;
    const status s = begin_pulls(h, &h->now);
    for (int side = 0; !s.code && side < 2; side++) {
        if (h->pulls[side])
            pull_end(h->pulls[side]);
        if (training_is_cut(t, side))
            placement_turn(&t->places[side]);
    }
    return s;
}

static status end_epoch(hogwild *h, double seconds) {
    training *t = h->t;
    status s = status_ok();
    if (t->rounds)
        s = train_rounds_take_loss(t, &h->tally.loss);
    if (!s.code)
        s = training_end_epoch(t, h->now.epoch + 1, &h->tally, h->rate, seconds);
    h->tally = (loop_tally){0};
    return s;
}

static status train(hogwild *h) {
    training *t = h->t;
    double started = clock_seconds();
    bool has_next = true;
    h->now = span_first(t);
    status s = begin_first(h);
    while (!s.code && has_next) {
        span next;
        has_next = span_next(t, &h->now, &next);
        if (has_next)
            s = begin_pulls(h, &next);
        if (s.code)
            break;
        train_span(h);
        if (t->replicas.n > 1)
            s = merge(h, has_next);
        if (!s.code && span_ends_epoch(&h->now)) {
            comm_barrier(t->world);
            s = end_epoch(h, clock_seconds() - started);
            started = clock_seconds();
        }
        h->now = next;
    }
    return s;
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
    for (int side = 0; side < 2 && !s.code; side++) {
        s = mem_new(&h->rates[side], (size_t)t->n_words, sizeof *h->rates[side],
                    "the rates of rows");
        if (!s.code && training_is_cut(t, side) && merges(t))
            s = pull_create(&h->pulls[side], &t->places[side]);
        h->is_cut |= training_is_cut(t, side);
    }
    if (!s.code)
        s = mem_new(&h->squares, 2 * MOST_FREQUENT, sizeof *h->squares, "the lengths of rows");
    if (!s.code) {
        const parallel threads = threads_of(t->n_threads);
        s = merge_create(&h->merger, &t->replicas, (row_format)t->o->messages,
                         training_seed(t, t->o->seed_sample), &threads);
    }
    if (!s.code) {
        sampler_rates(&t->sampler, t->corpus.words.counts, t->o->negative_power, h->rates[0],
                      h->rates[1]);
        t->objective->rates(&t->settings, &t->tree, t->n_words, h->rates[0], h->rates[1]);
    }
    return s;
}

static void clear(hogwild *h) {
    merge_destroy(&h->merger);
    mem_free(&h->order);
    mem_free(&h->squares);
    for (int side = 0; side < 2; side++) {
        pull_destroy(&h->pulls[side]);
        mem_free(&h->rates[side]);
    }
}

static void count_bytes(hogwild *h) {
    int64_t sent = h->merger ? merge_bytes_sent(h->merger) : 0;
    for (int side = 0; side < 2; side++)
        sent += h->pulls[side] ? pull_bytes_sent(h->pulls[side]) : 0;
    h->t->bytes_sent = comm_sum(h->t->world, sent);
}

status train_hogwild(training *t) {
    hogwild h;
    status s = comm_agree(t->world, create(&h, t));
    if (!s.code)
        s = train(&h);
    if (!s.code)
        count_bytes(&h);
    clear(&h);
    return s;
}
