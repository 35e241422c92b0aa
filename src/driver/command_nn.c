// SPDX-License-Identifier: Apache-2.0
/* nn: the nearest words. */
#include "commands.h"
#include "embedding.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "split_search.h"

typedef struct {
    const options *o;
    const char *path;
    embedding words;
    const char **asked; /* [n]: the words given that are known */
    int32_t *places;    /* [n] */
    int64_t n;
    const char **unknown; /* [n_unknown] */
    int n_unknown;
    int k;
    neighbour *answers; /* [n * k] */
} session;

static status find_words(session *q) {
    const string_list *given = &q->o->inputs;
    size_t most = (size_t)given->n;
    status s = mem_new(&q->asked, most, sizeof *q->asked, "words");
    if (!s.code)
        s = mem_new(&q->unknown, most, sizeof *q->unknown, "words");
    if (!s.code)
        s = mem_new(&q->places, most, sizeof *q->places, "words");
    for (int i = 1; i < given->n && !s.code; i++) {
        int32_t place = embedding_find(&q->words, given->items[i]);
        if (place < 0) {
            q->unknown[q->n_unknown++] = given->items[i];
            continue;
        }
        q->asked[q->n] = given->items[i];
        q->places[q->n++] = place;
    }
    for (int i = 0; i < q->n_unknown && q->n; i++)
        log_warning("%s does not know the word %s", q->path, q->unknown[i]);
    if (!s.code && !q->n)
        s = status_error(STATUS_INPUT, "%s does not know the word %s%s", q->path, q->unknown[0],
                         q->n_unknown > 1 ? ", nor any other that was given" : "");
    return s;
}

static status search(session *q, const comm *world) {
    int64_t top = embedding_top(&q->words, q->o);
    int64_t begin = top * comm_rank(world) / comm_size(world),
            end = top * (comm_rank(world) + 1) / comm_size(world);
    unit_rows candidates = {0}, probes = {0};
    int32_t *queries = NULL;
    q->k = q->o->neighbours < top ? (int)q->o->neighbours : (int)top;
    status s = mem_new(&q->answers, (size_t)q->n * (size_t)q->k, sizeof *q->answers, "answers");
    if (!s.code)
        s = mem_new(&queries, (size_t)q->n, sizeof *queries, "queries");
    if (!s.code)
        s = embedding_rows(&q->words, end - begin, NULL, begin, &candidates);
    if (!s.code)
        s = embedding_rows(&q->words, q->n, q->places, 0, &probes);
    for (int32_t i = 0; i < q->n && !s.code; i++)
        queries[i] = i;
    s = comm_agree(world, s);
    neighbours_task task = {.candidates = candidates,
                            .probes = probes,
                            .method = NEIGHBOURS_COSINE,
                            .n_queries = q->n,
                            .queries = queries,
                            .exclude = q->places,
                            .n_exclude = 1,
                            .k = q->k,
                            .threads = common_threads(q->o)};
    if (!s.code)
        s = split_search(world, &task, begin, q->answers);
    mem_free(&queries);
    mem_free(&candidates.rows);
    mem_free(&probes.rows);
    return s;
}

static status print_tables(const session *q) {
    status s = status_ok();
    for (int64_t i = 0; i < q->n && !s.code; i++) {
        output_table *t;
        if (q->n > 1)
            printf("%s%s:\n", i ? "\n" : "", q->asked[i]);
        if ((s = output_table_new(&t, "lr", "word\tcosine")).code)
            break;
        for (const neighbour *a = q->answers + i * q->k; a < q->answers + (i + 1) * q->k; a++) {
            size_t length;
            if (a->row < 0)
                break;
            const char *word = embedding_word(&q->words, a->row, &length);
            output_row(t, "%.*s\t%.4f", (int)length, word, a->score);
        }
        s = output_print(&t);
    }
    return s;
}

static json_t *answers_json(const session *q, const neighbour *answers) {
    json_t *list = json_array();
    for (int i = 0; i < q->k && answers[i].row >= 0; i++) {
        size_t length;
        const char *word = embedding_word(&q->words, answers[i].row, &length);
        json_array_append_new(list, json_pack("{s:o, s:o}", "word", output_string(word, length),
                                              "cosine", output_number(answers[i].score)));
    }
    return list;
}

static status print_json(const session *q) {
    json_t *object = embedding_json(&q->words, "nn", q->o), *results = json_array(),
           *unknown = json_array();
    for (int64_t i = 0; i < q->n; i++)
        json_array_append_new(results,
                              json_pack("{s:o, s:o}", "word", output_text(q->asked[i]),
                                        "neighbours", answers_json(q, q->answers + i * q->k)));
    for (int i = 0; i < q->n_unknown; i++)
        json_array_append_new(unknown, output_text(q->unknown[i]));
    json_object_set_new(object, "candidates", json_integer(embedding_top(&q->words, q->o)));
    json_object_set_new(object, "results", results);
    json_object_set_new(object, "unknown", unknown);
    return output_json(object);
}

status command_nn(const options *o, const comm *world) {
    session q = {.o = o};
    if (o->inputs.n < 2)
        return status_error(STATUS_USAGE, "a run file and at least one word are needed: "
                                          "wordshard nn run.h5 WORD...");
    q.path = o->inputs.items[0];
    status s = embedding_open(&q.words, q.path, o, world);
    if (!s.code)
        s = comm_agree(world, find_words(&q));
    if (!s.code)
        s = search(&q, world);
    if (!s.code && comm_rank(world) == 0)
        s = o->json ? print_json(&q) : print_tables(&q);
    mem_free(&q.asked);
    mem_free(&q.unknown);
    mem_free(&q.places);
    mem_free(&q.answers);
    embedding_close(&q.words);
    return comm_agree(world, s);
}
