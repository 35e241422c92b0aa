// SPDX-License-Identifier: Apache-2.0
#include "evaluation.h"

#include <math.h>
#include <string.h>

#include "analogies.h"
#include "categories.h"
#include "commands.h"
#include "memory.h"
#include "similarity.h"

enum { WORDS = 4, ASKED = 3 }; /* of an analogy question: all, and those that are given */

status evaluation_read(evaluation *v, evalset_kind kind, const char *path) {
    *v = (evaluation){.path = path, .value = NAN};
    status s = evalset_read(&v->set, kind, path);
    v->total = v->set.n;
    return s;
}

void evaluation_clear(evaluation *v) {
    evalset_clear(&v->set);
    mem_free(&v->sections);
}

/* The items whose words all have a place below limit: items[0..v->used) and their places,
 * v->set.width for each. */
static status find_items(evaluation *v, const embedding *e, int64_t limit, int64_t **items,
                         int32_t **places) {
    const int width = v->set.width;
    status s = mem_new(items, (size_t)v->set.n, sizeof **items, "evaluation items");
    if (!s.code)
        s = mem_new(places, (size_t)v->set.n * (size_t)width, sizeof **places, "evaluation items");
    v->used = 0;
    for (int64_t i = 0; i < v->set.n && !s.code; i++) {
        int known = 0;
        for (int j = 0; j < width; j++) {
            int32_t place = embedding_find(e, evalset_word(&v->set, i, j));
            (*places)[v->used * width + j] = place;
            known += place >= 0 && place < limit;
        }
        if (known == width)
            (*items)[v->used++] = i;
    }
    return s;
}

/* ---- analogies */

static void count_answers(evaluation *v, const int64_t *items, const int32_t *places,
                          const int32_t *answers) {
    tally all = {0};
    for (int64_t i = 0; i < v->set.n; i++)
        v->sections[v->set.groups[i]].total++;
    for (int64_t i = 0; i < v->used; i++) {
        bool right = answers[i] == places[i * WORDS + ASKED];
        tally *section = &v->sections[v->set.groups[items[i]]];
        section->asked++;
        section->right += right;
        all.asked++;
        all.right += right;
    }
    v->value = evaluation_accuracy(&all);
}

static status measure_analogies(evaluation *v, const embedding *e, const unit_rows *candidates,
                                const options *o, const comm *world) {
    int64_t *items = NULL;
    int32_t *places = NULL, *questions = NULL, *answers = NULL;
    status s = find_items(v, e, candidates->n, &items, &places);
    if (!s.code)
        s = mem_new(&v->sections, (size_t)v->set.n_groups, sizeof *v->sections, "sections");
    if (!s.code)
        s = mem_new(&questions, (size_t)v->used * ASKED, sizeof *questions, "questions");
    if (!s.code)
        s = mem_new(&answers, (size_t)v->used, sizeof *answers, "answers");
    for (int64_t i = 0; i < v->used && !s.code; i++)
        memcpy(questions + i * ASKED, places + i * WORDS, ASKED * sizeof *questions);
    s = comm_agree(world, s);
    if (!s.code)
        s = analogies_answer(world, candidates,
                             o->method == METHOD_3COSMUL ? NEIGHBOURS_3COSMUL : NEIGHBOURS_3COSADD,
                             v->used, questions, common_threads(o), answers);
    if (!s.code)
        count_answers(v, items, places, answers);
    mem_free(&items);
    mem_free(&places);
    mem_free(&questions);
    mem_free(&answers);
    return s;
}

static bool is_syntactic(const char *section) {
    return strncmp(section, "gram", 4) == 0;
}

static void add_tally(tally *sum, const tally *t) {
    sum->total += t->total;
    sum->asked += t->asked;
    sum->right += t->right;
}

bool evaluation_kinds(const evaluation *v, tally *semantic, tally *syntactic) {
    bool any = false;
    *semantic = *syntactic = (tally){0};
    for (int32_t g = 0; g < v->set.n_groups; g++) {
        bool gram = is_syntactic(evalset_group(&v->set, g));
        add_tally(gram ? syntactic : semantic, &v->sections[g]);
        any = any || gram;
    }
    return any;
}

double evaluation_accuracy(const tally *t) {
    return t->asked ? (double)t->right / (double)t->asked : NAN;
}

/* ---- similarity */

static status correlate(evaluation *v, const int64_t *items, const unit_rows *rows) {
    double *gold = NULL, *ours = NULL;
    status s = mem_new(&gold, (size_t)v->used, sizeof *gold, "scores");
    if (!s.code)
        s = mem_new(&ours, (size_t)v->used, sizeof *ours, "scores");
    for (int64_t i = 0; i < v->used && !s.code; i++) {
        const float *a = rows->rows + (size_t)(2 * i) * rows->stride, *b = a + rows->stride;
        gold[i] = v->set.scores[items[i]];
        ours[i] = neighbours_dot(a, b, rows->dim);
    }
    if (!s.code)
        s = similarity_spearman(v->used, gold, ours, &v->value);
    mem_free(&gold);
    mem_free(&ours);
    return s;
}

/* Small, and every rank can do it: so every rank does. */
static status measure_similarity(evaluation *v, const embedding *e) {
    int64_t *items = NULL;
    int32_t *places = NULL;
    unit_rows rows = {0};
    status s = find_items(v, e, e->n, &items, &places);
    if (!s.code)
        s = embedding_rows(e, 2 * v->used, places, 0, &rows);
    if (!s.code)
        s = correlate(v, items, &rows);
    mem_free(&rows.rows);
    mem_free(&items);
    mem_free(&places);
    return s;
}

/* ---- categories */

/* Number the classes that have a known word: classes[i] of used item i. */
static status number_classes(evaluation *v, const int64_t *items, int32_t **classes) {
    int32_t *numbers = NULL;
    status s = mem_new(classes, (size_t)v->used, sizeof **classes, "classes");
    if (!s.code)
        s = mem_new(&numbers, (size_t)v->set.n_groups, sizeof *numbers, "classes");
    for (int64_t i = 0; i < v->used && !s.code; i++) {
        int32_t *number = &numbers[v->set.groups[items[i]]];
        if (!*number)
            *number = ++v->n_classes;
        (*classes)[i] = *number - 1;
    }
    mem_free(&numbers);
    return s;
}

static status measure_categories(evaluation *v, const embedding *e, const options *o,
                                 const comm *world) {
    int64_t *items = NULL;
    int32_t *places = NULL, *classes = NULL;
    unit_rows rows = {0};
    categories_result result;
    status s = find_items(v, e, e->n, &items, &places);
    if (!s.code)
        s = number_classes(v, items, &classes);
    if (!s.code)
        s = embedding_rows(e, v->used, places, 0, &rows);
    s = comm_agree(world, s);
    if (!s.code && v->used) {
        s = categories_cluster(world, &rows, v->n_classes, classes, v->n_classes, common_threads(o),
                               &result, NULL);
        if (!s.code)
            v->value = result.purity;
    }
    mem_free(&rows.rows);
    mem_free(&items);
    mem_free(&places);
    mem_free(&classes);
    return s;
}

status evaluation_measure(evaluation *v, const embedding *e, const unit_rows *candidates,
                          const options *o, const comm *world) {
    switch (v->set.kind) {
    case EVALSET_ANALOGIES:
        return measure_analogies(v, e, candidates, o, world);
    case EVALSET_SIMILARITY:
        return comm_agree(world, measure_similarity(v, e));
    default:
        return measure_categories(v, e, o, world);
    }
}
