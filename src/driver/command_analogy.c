// SPDX-License-Identifier: Apache-2.0
/* analogy: a is to b as c is to what? */
#include <math.h>

#include "commands.h"
#include "embedding.h"
#include "memory.h"
#include "output.h"
#include "split_search.h"

enum { GIVEN = 3 };

typedef struct {
    const options *o;
    const char *path;
    embedding words;
    int32_t places[GIVEN];
    int k;
    neighbour *answers; /* [k] */
    double *cosines;    /* [k]: of the answers with b - a + c */
} session;

static status find_words(session *q) {
    char unknown[256] = "";
    size_t at = 0;
    for (int i = 0; i < GIVEN; i++) {
        const char *word = q->o->inputs.items[1 + i];
        q->places[i] = embedding_find(&q->words, word);
        if (q->places[i] < 0 && at < sizeof unknown)
            at += (size_t)snprintf(unknown + at, sizeof unknown - at, "%s%s", at ? ", " : "", word);
    }
    return at ? status_error(STATUS_INPUT, "%s does not know the word %s", q->path, unknown)
              : status_ok();
}

/* Cosine of each answer with b - a + c, whatever the method. */
static status measure_cosines(session *q, const unit_rows *probes) {
    unit_rows rows = {0};
    int32_t *places;
    float *target = NULL;
    status s = mem_new(&places, (size_t)q->k, sizeof *places, "answers");
    int n = 0;
    for (; n < q->k && !s.code && q->answers[n].row >= 0; n++)
        places[n] = q->answers[n].row;
    if (!s.code)
        s = mem_new(&target, (size_t)probes->dim, sizeof *target, "a vector");
    if (!s.code)
        s = embedding_rows(&q->words, n, places, 0, &rows);
    if (!s.code) {
        const float *a = probes->rows, *b = a + probes->stride, *c = b + probes->stride;
        for (int64_t j = 0; j < probes->dim; j++)
            target[j] = b[j] - a[j] + c[j];
        neighbours_normalise(target, probes->dim);
        for (int i = 0; i < n; i++)
            q->cosines[i] =
                neighbours_dot(rows.rows + (size_t)i * rows.stride, target, probes->dim);
    }
    mem_free(&places);
    mem_free(&target);
    mem_free(&rows.rows);
    return s;
}

static status search(session *q, const comm *world) {
    static const int32_t queries[GIVEN] = {0, 1, 2};
    int64_t top = embedding_top(&q->words, q->o);
    int64_t begin = top * comm_rank(world) / comm_size(world),
            end = top * (comm_rank(world) + 1) / comm_size(world);
    unit_rows candidates = {0}, probes = {0};
    q->k = q->o->neighbours < top ? (int)q->o->neighbours : (int)top;
    status s = mem_new(&q->answers, (size_t)q->k, sizeof *q->answers, "answers");
    if (!s.code)
        s = mem_new(&q->cosines, (size_t)q->k, sizeof *q->cosines, "answers");
    if (!s.code)
        s = embedding_rows(&q->words, end - begin, NULL, begin, &candidates);
    if (!s.code)
        s = embedding_rows(&q->words, GIVEN, q->places, 0, &probes);
    s = comm_agree(world, s);
    neighbours_task task = {.candidates = candidates,
                            .probes = probes,
                            .method = q->o->method == METHOD_3COSMUL ? NEIGHBOURS_3COSMUL
                                                                     : NEIGHBOURS_3COSADD,
                            .n_queries = 1,
                            .queries = queries,
                            .exclude = q->places,
                            .n_exclude = GIVEN,
                            .k = q->k,
                            .threads = common_threads(q->o)};
    if (!s.code)
        s = split_search(world, &task, begin, q->answers);
    if (!s.code)
        s = comm_agree(world, measure_cosines(q, &probes));
    mem_free(&candidates.rows);
    mem_free(&probes.rows);
    return s;
}

static status print_table(const session *q) {
    bool mul = q->o->method == METHOD_3COSMUL;
    output_table *t;
    status s =
        output_table_new(&t, mul ? "lrr" : "lr", mul ? "word\tscore\tcosine" : "word\tcosine");
    for (int i = 0; i < q->k && !s.code && q->answers[i].row >= 0; i++) {
        size_t length;
        const char *word = embedding_word(&q->words, q->answers[i].row, &length);
        if (mul)
            output_row(t, "%.*s\t%.4f\t%.4f", (int)length, word, q->answers[i].score,
                       q->cosines[i]);
        else
            output_row(t, "%.*s\t%.4f", (int)length, word, q->cosines[i]);
    }
    return s.code ? s : output_print(&t);
}

static status print_json(const session *q) {
    static const char *const names[GIVEN] = {"a", "b", "c"};
    json_t *object = embedding_json(&q->words, "analogy", q->o), *answers = json_array();
    json_object_set_new(object, "candidates", json_integer(embedding_top(&q->words, q->o)));
    json_object_set_new(object, "method",
                        json_string(q->o->method == METHOD_3COSMUL ? "3cosmul" : "3cosadd"));
    for (int i = 0; i < GIVEN; i++)
        json_object_set_new(object, names[i], output_text(q->o->inputs.items[1 + i]));
    for (int i = 0; i < q->k && q->answers[i].row >= 0; i++) {
        size_t length;
        const char *word = embedding_word(&q->words, q->answers[i].row, &length);
        json_array_append_new(answers,
                              json_pack("{s:o, s:o, s:o}", "word", output_string(word, length),
                                        "score", output_number(q->answers[i].score), "cosine",
                                        output_number(q->cosines[i])));
    }
    json_object_set_new(object, "answers", answers);
    return output_json(object);
}

status command_analogy(const options *o, const comm *world) {
    session q = {.o = o};
    if (o->inputs.n != 1 + GIVEN)
        return status_error(STATUS_USAGE, "a run file and three words are needed: wordshard "
                                          "analogy run.h5 A B C (A is to B as C is to what?)");
    q.path = o->inputs.items[0];
    status s = embedding_open(&q.words, q.path, o, world);
    if (!s.code)
        s = comm_agree(world, find_words(&q));
    if (!s.code)
        s = search(&q, world);
    if (!s.code && comm_rank(world) == 0)
        s = o->json ? print_json(&q) : print_table(&q);
    mem_free(&q.answers);
    mem_free(&q.cosines);
    embedding_close(&q.words);
    return comm_agree(world, s);
}
