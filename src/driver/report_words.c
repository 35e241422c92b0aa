// SPDX-License-Identifier: Apache-2.0
/* Which words are looked at closely, and what their nearest words are in each run. */
#include <math.h>
#include <string.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "report.h"
#include "split_search.h"

enum { FROM_RESULTS = 4, MOST_WORDS = 16 };

/* ---- choosing */

static status add_word(report *r, const char *word, size_t length) {
    for (int i = 0; i < r->n_words; i++)
        if (strlen(r->words[i]) == length && !memcmp(r->words[i], word, length))
            return status_ok();
    status s = mem_grow(&r->words, &r->words_room, (size_t)r->n_words + 1, sizeof *r->words,
                        "words of a report");
    char *copy = NULL;
    if (!s.code)
        s = mem_new(&copy, length + 1, 1, "words of a report");
    if (s.code)
        return s;
    memcpy(copy, word, length);
    r->words[r->n_words++] = copy;
    return s;
}

/* The words that are highest, or lowest, by a column of a result. */
static status add_extremes(report *r, const result_table *t, const char *by, bool largest) {
    status s = status_ok();
    int64_t taken[FROM_RESULTS];
    const int64_t n = report_best(t, by, largest, FROM_RESULTS, taken, &s);
    for (int64_t i = 0; i < n && !s.code; i++) {
        size_t length;
        const char *word = chart_text(t, taken[i], "word", &length);
        if (length)
            s = add_word(r, word, length);
    }
    return s;
}

static const result_table *first_of(const result *found, const char *a, const char *b) {
    const result_table *t = result_find(found, a);
    return t ? t : result_find(found, b);
}

static status add_from_results(report *r) {
    status s = status_ok();
    for (int i = 0; i < r->n_results && !s.code && r->n_words < MOST_WORDS; i++) {
        const result *found = &r->results[i].found;
        const bool stable = !strcmp(found->command, "stability"),
                   epochs = result_find(found, "epochs");
        const result_table *t = first_of(found,
                                         stable   ? "least_stable"
                                         : epochs ? "moved"
                                                  : "changed",
                                         "words");
        const char *by = stable ? "mean" : epochs ? "displacement_aligned" : "change";
        if (t && chart_has(t, "excess") && !stable)
            by = "excess";
        if (t)
            s = add_extremes(r, t, by, !stable);
    }
    return s;
}

/* Frequent enough to have good vectors, rare enough to mean something. */
static status add_frequent(report *r) {
    static const int32_t places[] = {199, 499, 999, 1999, 4999};
    status s = status_ok();
    for (size_t i = 0; i < sizeof places / sizeof *places && r->n_runs && !s.code; i++) {
        size_t length;
        if (places[i] >= r->runs[0].words.n)
            break;
        const char *word = embedding_word(&r->runs[0].words, places[i], &length);
        s = add_word(r, word, length);
    }
    return s;
}

static status choose_words(report *r) {
    const string_list *given = &r->o->words;
    status s = status_ok();
    for (int i = 0; i < given->n && !s.code; i++)
        s = add_word(r, given->items[i], strlen(given->items[i]));
    if (!given->n)
        s = add_from_results(r);
    if (!given->n && !s.code)
        s = add_frequent(r);
    return s;
}

/* ---- searching */

/* The words that a run knows: places in it, and which of the report's words they are. */
typedef struct {
    int32_t *places, *which; /* [n] */
    int64_t n;
    neighbour *answers; /* [n][--neighbours] */
} asked;

static void clear_asked(asked *a) {
    mem_free(&a->places);
    mem_free(&a->which);
    mem_free(&a->answers);
}

static status find_places(const report *r, const embedding *e, asked *a) {
    const size_t most = (size_t)r->n_words;
    *a = (asked){0};
    status s = mem_new(&a->places, most, sizeof *a->places, "words");
    if (!s.code)
        s = mem_new(&a->which, most, sizeof *a->which, "words");
    if (!s.code)
        s = mem_new(&a->answers, most * (size_t)r->o->neighbours, sizeof *a->answers, "words");
    for (int i = 0; i < r->n_words && !s.code; i++) {
        const int32_t place = embedding_find(e, r->words[i]);
        if (place < 0)
            continue;
        a->places[a->n] = place;
        a->which[a->n++] = i;
    }
    return s;
}

/* Collective. */
static status search(const report *r, const embedding *e, asked *a) {
    const int64_t top = embedding_top(e, r->o);
    const int64_t ranks = comm_size(r->world), rank = comm_rank(r->world);
    const int64_t begin = top * rank / ranks, end = top * (rank + 1) / ranks;
    unit_rows candidates = {0}, probes = {0};
    int32_t *queries = NULL;
    status s = find_places(r, e, a);
    if (!s.code)
        s = mem_new(&queries, (size_t)a->n, sizeof *queries, "queries");
    if (!s.code)
        s = embedding_rows(e, end - begin, NULL, begin, &candidates);
    if (!s.code)
        s = embedding_rows(e, a->n, a->places, 0, &probes);
    for (int32_t i = 0; i < a->n && !s.code; i++)
        queries[i] = i;
    s = comm_agree(r->world, s);
    const neighbours_task task = {.candidates = candidates,
                                  .probes = probes,
                                  .method = NEIGHBOURS_COSINE,
                                  .n_queries = a->n,
                                  .queries = queries,
                                  .exclude = a->places,
                                  .n_exclude = 1,
                                  .k = (int)r->o->neighbours,
                                  .threads = common_threads(r->o)};
    if (!s.code)
        s = split_search(r->world, &task, begin, a->answers);
    mem_free(&queries);
    mem_free(&candidates.rows);
    mem_free(&probes.rows);
    return s;
}

/* Collective. Rows of the table for one run or epoch. */
static status add_neighbours(report *r, const embedding *e, const char *label, int64_t number,
                             result_table *t) {
    asked a;
    status s = search(r, e, &a);
    for (int64_t i = 0; i < a.n && !s.code; i++)
        for (int64_t k = 0; k < r->o->neighbours; k++) {
            const neighbour *x = &a.answers[i * r->o->neighbours + k];
            size_t length;
            if (x->row < 0)
                break;
            const char *word = embedding_word(e, x->row, &length);
            result_put_string(t, r->words[a.which[i]]);
            result_put_whole(t, number);
            result_put_string(t, label);
            result_put_whole(t, k + 1);
            result_put_text(t, word, length);
            result_put_real(t, x->score);
        }
    clear_asked(&a);
    return s;
}

static const result_column columns[] = {{"word", RESULT_TEXT, 0},      {"number", RESULT_WHOLE, 0},
                                        {"run", RESULT_TEXT, 0},       {"rank", RESULT_WHOLE, 0},
                                        {"neighbour", RESULT_TEXT, 0}, {"cosine", RESULT_REAL, 3}};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static status search_runs(report *r) {
    result_table *t =
        result_add(&r->data, "neighbours", "nearest words in each run", columns, N_COLUMNS);
    status s = comm_agree(r->world, r->data.failure);
    for (int i = 0; i < r->n_runs && !s.code; i++)
        s = add_neighbours(r, &r->runs[i].words, r->runs[i].label, i + 1, t);
    return s;
}

/* The first run that keeps more than one snapshot, its epochs. */
static status search_epochs(report *r) {
    const report_run *run = r->runs;
    while (run < r->runs + r->n_runs && run->words.run.n_epochs < 2)
        run++;
    if (run == r->runs + r->n_runs)
        return status_ok();
    result_table *t =
        result_add(&r->data, "neighbours_epochs", "nearest words after each epoch of the first run",
                   columns, N_COLUMNS);
    status s = comm_agree(r->world, r->data.failure);
    const int n = run->words.run.n_epochs;
    for (int epoch = 1; epoch <= n && !s.code; epoch++) {
        char label[32];
        embedding e = run->words;
        e.epoch = epoch;
        snprintf(label, sizeof label, "epoch %d", epoch);
        if (run_file_has(&e.run, "vectors", epoch))
            s = add_neighbours(r, &e, label, epoch, t);
    }
    return s;
}

static void warn_unknown(const report *r) {
    for (int i = 0; i < r->o->words.n; i++) {
        bool known = false;
        for (int k = 0; k < r->n_runs; k++)
            known = known || embedding_find(&r->runs[k].words, r->o->words.items[i]) >= 0;
        if (!known && r->n_runs)
            log_warning("no run knows the word %s", r->o->words.items[i]);
    }
}

status report_find_neighbours(report *r) {
    status s = comm_agree(r->world, choose_words(r));
    if (s.code || !r->n_runs || !r->n_words)
        return s;
    warn_unknown(r);
    s = search_runs(r);
    return s.code ? s : search_epochs(r);
}
