// SPDX-License-Identifier: Apache-2.0
/* The hogwild schedule, and what it shares with rounds. The run is cut into spans (spans.h); in a
 * span every replica trains its visits with all its ranks and threads, then the replicas merge.
 * Where rows are cut over the ranks, those of the next span are known and fetched meanwhile. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "fold.h"
#include "hogwild.h"
#include "log.h"
#include "memory.h"
#include "pull.h"
#include "threads.h"
#include "train_rounds.h"

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
                               .u = o->merge_strength * h->rate * span_tokens(h->t, &h->now) *
                                    h->rates[c->side][row],
                               .n_replicas = h->t->replicas.n};
    fold_changes(&how, changes, n, used);
}

static int64_t rows_of(const training *t, int side) {
    return side ? t->n_outputs : t->n_words;
}

/* Rows of the sample that every replica holds, and those that this rank owns; zeros elsewhere. They
 * grow, so that the cold ones come last: returns the first of these. */
static size_t take_sample(const hogwild *h, int side) {
    const placement *p = &h->t->places[side];
    const curvature *c = &h->curvatures[side];
    const size_t width = c->width;
    size_t first_cold = CURVATURE_SAMPLE;
    for (size_t k = 0; k < CURVATURE_SAMPLE; k++) {
        const int64_t row = c->sample[k];
        float *to = c->rows + k * width;
        if (row < p->shape.n_hot) {
            memcpy(to, p->base + (size_t)row * width, width * sizeof *to);
            continue;
        }
        first_cold = k < first_cold ? k : first_cold;
        if (placement_owns(p, row))
            memcpy(to, placement_own_row(p, row), width * sizeof *to);
        else
            memset(to, 0, width * sizeof *to);
    }
    return first_cold;
}

static void measure_curvature(hogwild *h, int side) {
    curvature *c = &h->curvatures[side];
    const size_t cold = take_sample(h, side);
    if (cold < CURVATURE_SAMPLE)
        comm_spread(h->t->world, c->rows + cold * c->width,
                    (CURVATURE_SAMPLE - cold) * c->width * sizeof *c->rows);
    curvature_measure(c);
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
        if (t->o->merge == FOLD_SEQUENCE || t->o->merge == FOLD_CONTRACTION)
            measure_curvature(h, side);
    shared_sync(&t->in_rows, t->replicas.mine);
    for (int side = 0; !s.code && side < 2; side++) {
        fold_context context = {.h = h, .side = side};
        const bool pulled = has_next && training_is_cut(t, side);
        if (pulled && merges(t))
            pull_end(t->pulls[side]);
        s = merge_run(h->merger, &h->changes[side], pulled ? t->pulls[side] : NULL, fold_row,
                      &context);
    }
    shared_sync(&t->in_rows, t->replicas.mine);
    s = comm_agree(t->world, s);
    h->merges++;
    for (int side = 0; !s.code && has_next && side < 2; side++)
        if (training_is_cut(t, side))
            placement_turn(&t->places[side]);
    return s;
}

/* ---- training */

static void report(hogwild *h, const loop_tally *mine) {
    training *t = h->t;
    const double visits = (double)loop_chunks(h->job);
    const double visit = fmin(visits, (double)atomic_load(&h->job->counter->next));
    const double loss = h->tally.loss + mine->loss, pairs = (double)(h->tally.pairs + mine->pairs);
    const progress_point point = {.epoch = h->now.epoch + 1,
                                  .done =
                                      (double)t->corpus.n_tokens * (h->now.epoch + visit / visits),
                                  .loss = pairs > 0 ? loss / pairs : NAN,
                                  .learning_rate = loop_rate(h->job, (int64_t)visit)};
    progress_report(&t->record.progress, &point);
}

static bool tick(void *context, const loop_tally *mine) {
    hogwild *h = context;
    training_move_messages(h->t);
    if (progress_due(&h->t->record.progress))
        report(h, mine);
    return training_interrupts(h->t);
}

loop_job hogwild_job(const hogwild *h, const training_replica *r, int epoch) {
    const training *t = h->t;
    const options *o = t->o;
    return (loop_job){.objective = t->objective,
                      .settings = &t->settings,
                      .kernel = t->kernel,
                      .sampler = &t->sampler,
                      .tree = &t->tree,
                      .view = &r->view,
                      .in = t->in_rows.data,
                      .out = t->out_rows.data,
                      .in_touched = t->in_touched.data,
                      .out_touched = t->out_touched.data,
                      .first = r->first,
                      .last = r->last,
                      .order = h->order,
                      .counter = r->counter.data,
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
    const int64_t chunks = loop_chunks(job);
    if (h->order)
        training_shuffle(t, h->order, chunks,
                         (uint64_t)s->epoch * (uint64_t)t->replicas.n +
                             (uint64_t)(r - t->local + t->replicas.first));
    job->visit_end = span_place(s->end, chunks);
    if (comm_rank(t->replicas.mine) == 0)
        loop_begin(job->counter, span_place(s->begin, chunks));
    shared_sync(&r->counter, t->replicas.mine);
}

/* What a local replica has made of the span. */
static void keep_changes(hogwild *h, int g) {
    for (int side = 0; side < 2; side++)
        if (h->merger && merges(h->t))
            changes_keep(&h->changes[side], g);
}

/* Where a local replica has come to in the present span: its end, unless it was interrupted. */
static double reached(const hogwild *h, const loop_job *job) {
    const training *t = h->t;
    if (t->rounds)
        return train_rounds_reached(t, job, h->now.end);
    const int64_t visit = atomic_load(&job->counter->reached);
    return visit == LOOP_TO_THE_END ? h->now.end : (double)visit / (double)loop_chunks(job);
}

/* All local replicas, one after the other, through the present span, or until an interruption.
 * Returns where the last of them has come to. */
static double train_span(hogwild *h) {
    training *t = h->t;
    double part = h->now.end;
    for (int g = 0; g < t->replicas.n_local && part == h->now.end; g++) {
        training_replica *r = &t->local[g];
        loop_job job = hogwild_job(h, r, h->now.epoch);
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
        shared_sync(&t->in_rows, t->replicas.mine);
        part = reached(h, &job);
        shared_sync(&t->in_rows, t->replicas.mine);
        if (part == h->now.end)
            keep_changes(h, g);
    }
    return part;
}

/* Mark the rows that a span will touch. */
static void foresee(hogwild *h, const span *s) {
    training *t = h->t;
    uint8_t *wanted[2];
    for (int side = 0; side < 2; side++)
        wanted[side] = training_is_cut(t, side) ? t->places[side].wanted : NULL;
    for (int g = 0; g < t->replicas.n_local; g++) {
        training_replica *r = &t->local[g];
        loop_job job = hogwild_job(h, r, s->epoch);
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
            st = pull_begin(h->t->pulls[side]);
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
        if (h->t->pulls[side])
            pull_end(h->t->pulls[side]);
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

/* ---- pauses */

/* One replica: what it has trained of the span counts, and the rest is the next span. */
static bool cut_span(hogwild *h, double part, span *next) {
    if (part == h->now.end)
        return false;
    *next = (span){.epoch = h->now.epoch, .begin = part, .end = h->now.end};
    h->now.end = part;
    return true;
}

static status save(hogwild *h, run_pause why, const span *at) {
    const run_state state = hogwild_state(h);
    const run_position position = {.epoch = at->epoch, .part = at->begin};
    return run_record_save(&h->t->record, why, &position, &state);
}

/* Several replicas that stop within a span: what they have changed in it is left out. has_next:
 * rows of the next are on their way. */
static status stop_in_span(hogwild *h, bool has_next) {
    training *t = h->t;
    for (int side = 0; has_next && side < 2; side++)
        if (t->pulls[side])
            pull_end(t->pulls[side]);
    h->tally = h->before;
    if (t->rounds)
        train_rounds_forget(t);
    return save(h, RUN_STOPS, &h->now);
}

/* ---- the run */

typedef struct {
    double started; /* clock_seconds of the present epoch */
    span next;
    bool has_next;
} walk;

/* The present span is done but for the merge. */
static status end_span(hogwild *h, walk *w) {
    training *t = h->t;
    status s = status_ok();
    h->seconds = clock_seconds() - w->started;
    if (t->replicas.n > 1)
        s = merge(h, w->has_next);
    if (!s.code && span_ends_epoch(&h->now)) {
        comm_barrier(t->world);
        s = end_epoch(h, clock_seconds() - w->started);
        w->started = clock_seconds();
        h->seconds = 0;
    }
    return s;
}

static status train_and_pause(hogwild *h, walk *w) {
    training *t = h->t;
    const double part = train_span(h);
    const run_pause why = run_record_pause(&t->record);
    if (t->replicas.n > 1 && comm_max(t->world, part < h->now.end))
        return stop_in_span(h, w->has_next);
    if (t->replicas.n == 1)
        w->has_next |= cut_span(h, part, &w->next);
    const status s = end_span(h, w);
    return s.code || why == RUN_GOES_ON || !w->has_next ? s : save(h, why, &w->next);
}

static status begin(hogwild *h) {
    const run_state state = hogwild_state(h);
    status s = status_ok();
    progress_begin(&h->t->record.progress, 0);
    if (run_record_resumes(&h->t->record))
        s = run_record_resume(&h->t->record, &h->resumed, &state);
    h->now = span_from(h->t, h->resumed.epoch, h->resumed.part);
    return s;
}

static void begin_span(hogwild *h) {
    h->before = h->tally;
    if (h->t->rounds)
        train_rounds_begin_span(h->t);
}

static status train(hogwild *h) {
    training *t = h->t;
    status s = begin(h);
    walk w = {.started = clock_seconds() - h->seconds, .has_next = true};
    if (!s.code)
        s = begin_first(h);
    while (!s.code && w.has_next) {
        begin_span(h);
        w.has_next = span_next(t, &h->now, &w.next);
        if (w.has_next)
            s = begin_pulls(h, &w.next);
        if (!s.code)
            s = train_and_pause(h, &w);
        if (w.has_next)
            h->now = w.next;
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
            s = pull_create(&h->t->pulls[side], &t->places[side]);
        h->is_cut |= training_is_cut(t, side);
    }
    const parallel threads = threads_of(t->n_threads);
    if (!s.code)
        s = merge_create(&h->merger, &t->replicas, &threads);
    for (int side = 0; side < 2 && !s.code; side++)
        s = changes_create(&h->changes[side], &t->places[side], side, (row_format)t->o->messages,
                           training_seed(t, t->o->seed_sample), &threads);
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

static void clear(hogwild *h) {
    merge_destroy(&h->merger);
    mem_free(&h->order);
    for (int side = 0; side < 2; side++) {
        changes_free(&h->changes[side]);
        curvature_clear(&h->curvatures[side]);
        pull_destroy(&h->t->pulls[side]);
        mem_free(&h->rates[side]);
    }
}

static void count_bytes(hogwild *h) {
    int64_t sent = h->merger ? merge_bytes_sent(h->merger) : 0;
    for (int side = 0; side < 2; side++)
        sent += h->t->pulls[side] ? pull_bytes_sent(h->t->pulls[side]) : 0;
    h->t->bytes_sent = comm_sum(h->t->world, sent);
    if (h->merger)
        log_info("merged %d replicas %" PRId64 " times, %.1f MiB sent by all ranks",
                 h->t->replicas.n, h->merges, (double)h->t->bytes_sent / 1048576);
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
