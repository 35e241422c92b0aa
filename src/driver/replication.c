// SPDX-License-Identifier: Apache-2.0
#include "replication.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "memory.h"
#include "rounds.h"
#include "row_record.h"
#include "spans.h"
#include "touches.h"

/* Counts of independent draws stay within so many standard deviations (1e-15). */
static const double DEVIATIONS = 8;
/* Room to expect for the rows of a span, which differ, before they are counted. */
static const double SLACK = 1.3;
/* What auto leaves free, as rows of spans are counted when it has chosen. */
static const double LEFT_FREE = 0.05;
enum { AUTO = -2, ALL = -1 };
static const char *const merging_options[] = {"replicate", "messages", NULL};

/* ---- the option */

static status read_option(const options *o, int64_t *n_hot) {
    char *end;
    const char *text = o->replicate;
    const bool is_auto = strcmp(text, "auto") == 0, is_all = strcmp(text, "all") == 0;
    *n_hot = is_auto ? AUTO : is_all ? ALL : strtoll(text, &end, 10);
    if (is_auto || is_all || (end != text && !*end && *n_hot >= 0))
        return status_ok();
    return status_error(STATUS_USAGE,
                        "--replicate %s: must be auto, all, or how many of the most frequent rows "
                        "every replica holds",
                        text);
}

status replication_check(const training *t) {
    int64_t n_hot;
    const status s = read_option(t->o, &n_hot);
    if (s.code)
        return s;
    if (t->o->objective == OBJECTIVE_SOFTMAX)
        return options_refuse(t->o, merging_options, "--objective softmax");
    if (n_hot >= 0 && !t->objective->foresee)
        return status_error(STATUS_USAGE,
                            "--replicate %s: --negatives per-pair touches too many rows to know "
                            "them before; use --negatives shared or --replicate all",
                            t->o->replicate);
    return status_ok();
}

/* ---- what a span is expected to touch */

static int64_t rows_of(const training *t, int side) {
    return side ? t->n_outputs : t->n_words;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Parts of a replica that are trained side by side. */
static int workers_of(const training *t) {
    return training_is_rounds(t) ? (int)t->o->workers : 1;
}

static double with_deviations(double mean) {
    return mean + DEVIATIONS * sqrt(mean) + DEVIATIONS;
}

/* A span ends with a chunk of each worker. */
static double slack(const training *t) {
    const double longest = span_longest(t);
    return SLACK * (longest + (double)t->settings.chunk * workers_of(t)) / longest;
}

static void set_hot(training *t, const touches *x, int64_t n_hot) {
    double negatives = 0;
    for (int side = 0; side < 2; side++) {
        const int64_t n_rows = rows_of(t, side);
        double cold = 0;
        t->hot[side] = least(n_hot, n_rows);
        t->touched[side] = 0;
        for (int64_t i = 0; i < n_rows; i++) {
            t->touched[side] += x->touch[side][i];
            if (i >= t->hot[side])
                cold += touches_any(x->touch[side][i], t->replicas.n_local);
        }
        t->room[side] = least((int64_t)with_deviations(slack(t) * cold), n_rows - t->hot[side]);
    }
    for (int64_t i = t->hot[1]; i < t->n_outputs; i++)
        negatives += touches_any(x->negative[i], t->replicas.n_local);
    t->centres = x->centres * t->replicas.n_local;
    t->cold_negatives = negatives;
}

/* ---- auto */

/* What a row costs a node in a span, in rows received, when every node touches it with probability
 * q: hot, if any node touches it; cold, once before the span and again if it changes meanwhile. */
static bool is_cheaper_hot(double q, int n_nodes) {
    const double any = touches_any(q, n_nodes);
    return any <= q * (1 + any);
}

static int64_t cheapest(const training *t, const touches *x, int n_nodes) {
    int64_t n_hot = 0;
    for (int side = 0; side < 2 && n_nodes > 1; side++)
        for (int64_t i = n_hot; i < rows_of(t, side); i++)
            if (is_cheaper_hot(touches_any(x->touch[side][i], t->replicas.n_local), n_nodes))
                n_hot = i + 1;
    return n_nodes == 1 ? t->n_words : n_hot;
}

static bool fits(training *t, const touches *x, int64_t n_hot) {
    set_hot(t, x, n_hot);
    estimate e = training_estimate(t);
    estimate_add(&e, "left free", LEFT_FREE * estimate_sum(&e));
    return !job_shape_check(&t->shape, t->o, t->world, &e, "").code;
}

/* The most hot rows up to `most` that fit; 0 if none do, which the caller refuses. */
static int64_t largest_fit(training *t, const touches *x, int64_t most) {
    int64_t low = 0, high = most;
    if (fits(t, x, most))
        return most;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (fits(t, x, middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- messages */

/* Bytes that all ranks send for a span and at its end. updated: part of the spans that another
 * follows, whose rows change before it begins. */
static double span_bytes(const training *t, const touches *x, double updated) {
    const replicas *r = &t->replicas;
    const double record = (double)row_record_bytes((row_format)t->o->messages, (size_t)t->o->dim);
    const double row = sizeof(int32_t) + (double)t->width * sizeof(float);
    const double away = 1 - 1.0 / r->n_peers; /* part of the rows that another rank owns */
    double bytes = 0;
    for (int side = 0; side < 2; side++)
        for (int64_t i = 0; i < rows_of(t, side); i++) {
            const double one = x->touch[side][i], any = touches_any(one, r->n);
            const double asks = touches_any(one, (double)r->n / r->n_peers);
            bytes += r->n * one * away * record;
            if (i < t->hot[side])
                bytes += any * (r->n_peers - 1) * record;
            else
                bytes += r->n_peers * asks * away * (row + updated * any * record);
        }
    return bytes;
}

/* Spans by length: [0] the longest, [k] those down to 2^-k of it. */
typedef struct {
    double n, tokens;
} span_class;
enum { CLASSES = 6 };

static void classify_spans(const training *t, span_class classes[CLASSES]) {
    span s = span_from(t, 0, 0);
    do {
        const double tokens = span_tokens(t, &s), part = tokens / span_longest(t);
        int k = 0;
        while (k + 1 < CLASSES && part < (k ? ldexp(1, -k) : 0.99))
            k++;
        classes[k].n++;
        classes[k].tokens += tokens;
    } while (span_next(t, &s, &s));
}

/* full: of the longest spans. */
static status expect_bytes(training *t, const touches *full) {
    span_class classes[CLASSES] = {0};
    status s = status_ok();
    classify_spans(t, classes);
    double n_spans = 0;
    for (int k = 0; k < CLASSES; k++)
        n_spans += classes[k].n;
    const double updated = (n_spans - 1) / n_spans;
    double bytes = classes[0].n * span_bytes(t, full, updated);
    for (int k = 1; !s.code && k < CLASSES; k++) {
        touches shorter = {0};
        if (classes[k].n > 0)
            s = touches_create(&shorter, t, classes[k].tokens / classes[k].n);
        if (!s.code && classes[k].n > 0)
            bytes += classes[k].n * span_bytes(t, &shorter, updated);
        touches_clear(&shorter);
    }
    t->expected_bytes = bytes / ((double)t->corpus.n_tokens * (double)t->o->epochs);
    return s;
}

status replication_choose(training *t) {
    touches x = {0};
    int64_t n_hot;
    t->hot[0] = t->n_words;
    t->hot[1] = t->n_outputs;
    status s = read_option(t->o, &n_hot);
    if (!s.code && t->replicas.n == 1)
        return options_refuse(t->o, merging_options, "one replica, which holds all rows");
    if (!s.code)
        s = touches_create(&x, t, span_longest(t));
    if (!s.code && n_hot == AUTO && t->objective->foresee)
        n_hot = largest_fit(t, &x, cheapest(t, &x, t->replicas.n_nodes));
    if (!s.code) {
        set_hot(t, &x, n_hot < 0 ? t->n_words : comm_max(t->world, n_hot));
        s = expect_bytes(t, &x);
    }
    touches_clear(&x);
    return s;
}

/* ---- measured */

/* Different cold rows of a span: for each row the last span that touched it. */
typedef struct {
    const training *t;
    int32_t *seen[2]; /* [words], [outputs] */
    int32_t now;
    int64_t n[2];
    double centres; /* expected to be kept */
} census;

static status census_create(census *c, const training *t) {
    *c = (census){.t = t};
    status s = mem_new(&c->seen[0], (size_t)t->n_words, sizeof *c->seen[0], "a census of rows");
    if (!s.code)
        s = mem_new(&c->seen[1], (size_t)t->n_outputs, sizeof *c->seen[1], "a census of rows");
    return s;
}

static void see_nodes(census *c, int32_t word) {
    const huffman *tree = &c->t->tree;
    for (int64_t at = tree->offsets[word]; at < tree->offsets[word + 1]; at++) {
        const int32_t node = (int32_t)(tree->steps[at] >> 1);
        c->n[1] += c->seen[1][node] != c->now && node >= c->t->hot[1];
        c->seen[1][node] = c->now;
    }
}

static void see_word(census *c, int32_t word) {
    c->centres += sampler_keep_probability(&c->t->sampler, word);
    if (c->seen[0][word] == c->now)
        return;
    c->seen[0][word] = c->now;
    c->n[0] += word >= c->t->hot[0];
    if (c->t->objective->uses_tree)
        see_nodes(c, word);
    else
        c->n[1] += word >= c->t->hot[1];
}

/* The tokens of a span in a local replica: a stretch of each worker, or one. */
static void see_replica(census *c, const training_replica *r, const span *s) {
    const training *t = c->t;
    const int64_t chunk = t->settings.chunk, n = r->last - r->first;
    const int workers = workers_of(t);
    const double turns = (double)rounds_in_epoch(r->first, r->last, workers, chunk);
    const int64_t first = (int64_t)(s->begin * turns) * chunk;
    const int64_t last = (int64_t)(s->end * turns) * chunk;
    for (int k = 0; k < workers; k++) {
        const int64_t begin = r->first + n * k / workers, end = r->first + n * (k + 1) / workers;
        for (int64_t at = least(begin + first, end); at < least(begin + last, end); at++)
            see_word(c, r->view.tokens[at - r->view.begin]);
    }
}

/* The most cold rows of the tokens of a span; every epoch is like the first whole one after the
 * ramp. */
static void count_spans(census *c, int64_t most[2], double *centres) {
    const training *t = c->t;
    span s = span_from(t, 0, 0);
    do {
        c->now++;
        c->n[0] = c->n[1] = 0;
        c->centres = 0;
        for (int g = 0; g < t->replicas.n_local; g++)
            see_replica(c, &t->local[g], &s);
        for (int side = 0; side < 2; side++)
            most[side] = c->n[side] > most[side] ? c->n[side] : most[side];
        *centres = fmax(*centres, c->centres);
    } while (span_next(t, &s, &s) && (s.epoch - 1) < t->o->merge_ramp * (double)t->o->epochs + 1);
}

/* Chunks in any order hold any tokens. */
static void bound_spans(const training *t, int64_t most[2], double *centres) {
    most[0] = ((int64_t)span_longest(t) + t->settings.chunk) * t->replicas.n_local;
    most[1] = most[0] * (t->objective->uses_tree ? t->tree.longest : 1);
    *centres = (double)most[0];
}

/* With the contexts of the centres at the ends of stretches, and with negatives: more centres than
 * expected have at most as many more different ones. */
static void set_room(training *t, const int64_t most[2], double centres) {
    const bool shuffled = t->o->order == ORDER_SHUFFLE;
    const double tokens = span_longest(t) * t->replicas.n_local;
    const double stretches = shuffled ? tokens / (double)t->settings.chunk + 1
                                      : (double)t->replicas.n_local * workers_of(t);
    const double more = fmax(1, with_deviations(centres) / t->centres);
    const double needed[2] = {(double)most[0] + 2 * stretches * t->settings.window,
                              (double)most[1] + with_deviations(more * t->cold_negatives)};
    for (int side = 0; side < 2; side++) {
        const double cold = (double)((side ? t->n_outputs : t->n_words) - t->hot[side]);
        t->room[side] = (int64_t)fmin(cold, needed[side]);
    }
}

status replication_measure(training *t) {
    census c = {0};
    int64_t most[2] = {0, 0};
    double centres = 0;
    if (!t->room[0] && !t->room[1])
        return status_ok();
    status s = status_ok();
    if (t->o->order == ORDER_SHUFFLE)
        bound_spans(t, most, &centres);
    else if (comm_rank(t->replicas.mine) == 0)
        s = census_create(&c, t);
    if (!s.code && c.seen[0])
        count_spans(&c, most, &centres);
    for (int side = 0; side < 2; side++)
        most[side] = comm_max(t->replicas.mine, most[side]);
    centres = (double)comm_max(t->replicas.mine, (int64_t)ceil(centres));
    set_room(t, most, centres);
    mem_free(&c.seen[0]);
    mem_free(&c.seen[1]);
    return comm_agree(t->world, s);
}
