// SPDX-License-Identifier: Apache-2.0
/* eval: accuracy on analogies, rank correlation on similarity, purity on categories. */
#include <math.h>

#include "commands.h"
#include "embedding.h"
#include "evaluation.h"
#include "log.h"
#include "memory.h"
#include "output.h"

/* Everything that one call of eval measures. */
typedef struct {
    const options *o;
    const char *path;
    embedding words;
    int64_t top;
    evaluation *list; /* [n], analogies first, then similarity, then categories */
    int n;
} session;

static status read_files(session *e) {
    const string_list *files[] = {&e->o->analogies, &e->o->similarity, &e->o->categories};
    size_t all = (size_t)files[0]->n + (size_t)files[1]->n + (size_t)files[2]->n;
    status s = mem_new(&e->list, all, sizeof *e->list, "evaluations");
    for (int kind = 0; kind < 3; kind++)
        for (int i = 0; i < files[kind]->n && !s.code; i++)
            s = evaluation_read(&e->list[e->n++], (evalset_kind)kind, files[kind]->items[i]);
    return s;
}

static status measure_files(session *e, const comm *world) {
    unit_rows candidates = {0};
    status s = status_ok();
    e->top = embedding_top(&e->words, e->o);
    if (e->o->analogies.n)
        s = embedding_rows(&e->words, e->top, NULL, 0, &candidates);
    s = comm_agree(world, s);
    for (int i = 0; i < e->n && !s.code; i++)
        s = evaluation_measure(&e->list[i], &e->words, &candidates, e->o, world);
    mem_free(&candidates.rows);
    return s;
}

/* A file that asks nothing of this run is worth a warning; if all are so, the run and the files
 * do not belong together. */
static status check_coverage(const session *e) {
    int64_t used = 0;
    for (int i = 0; i < e->n; i++)
        used += e->list[i].used;
    for (int i = 0; i < e->n; i++)
        if (e->list[i].set.wordless)
            log_warning("%s: %lld lines have a class but no word and are skipped", e->list[i].path,
                        (long long)e->list[i].set.wordless);
    for (int i = 0; i < e->n && used; i++)
        if (!e->list[i].used)
            log_warning("%s: none of its %lld items has all its words in %s", e->list[i].path,
                        (long long)e->list[i].total, e->path);
    if (used)
        return status_ok();
    return status_error(STATUS_INPUT,
                        "%s knows the words of no item of the evaluation files (%s%s); are they "
                        "of its language, and is --case right?",
                        e->path, e->list[0].path, e->n > 1 ? ", ..." : "");
}

/* ---- tables */

/* Into text, which is returned; "-" for what is not defined. */
static const char *format_number(char text[32], double x, int digits, const char *unit) {
    if (isfinite(x))
        snprintf(text, 32, "%.*f%s", digits, x, unit);
    else
        snprintf(text, 32, "-");
    return text;
}

static void tally_row(output_table *t, const char *name, const tally *n) {
    char accuracy[32];
    output_row(t, "%s\t%lld\t%lld\t%lld\t%s", name, (long long)n->right, (long long)n->asked,
               (long long)n->total, format_number(accuracy, 100 * evaluation_accuracy(n), 2, " %"));
}

static tally sum_sections(const evaluation *v) {
    tally all = {.total = v->total, .asked = v->used};
    for (int32_t g = 0; g < v->set.n_groups; g++)
        all.right += v->sections[g].right;
    return all;
}

static void analogy_rows(output_table *t, const evaluation *v) {
    char name[256];
    tally all = sum_sections(v), semantic, syntactic;
    tally_row(t, v->path, &all);
    if (evaluation_kinds(v, &semantic, &syntactic)) {
        tally_row(t, "  semantic", &semantic);
        tally_row(t, "  syntactic", &syntactic);
    }
    for (int32_t g = 0; g < v->set.n_groups && v->set.n_groups > 1; g++) {
        snprintf(name, sizeof name, "  : %s", evalset_group(&v->set, g));
        tally_row(t, name, &v->sections[g]);
    }
}

static void value_row(output_table *t, const evaluation *v) {
    char value[32];
    format_number(value, v->value, 4, "");
    if (v->set.kind == EVALSET_SIMILARITY)
        output_row(t, "%s\t%s\t%lld\t%lld", v->path, value, (long long)v->used,
                   (long long)v->total);
    else
        output_row(t, "%s\t%s\t%lld\t%lld\t%d", v->path, value, (long long)v->used,
                   (long long)v->total, v->n_classes);
}

static status print_kind(const session *e, evalset_kind kind) {
    static const struct {
        const char *align, *columns;
    } looks[] = {
        {"lrrrr", "analogies\tright\tasked\tof\taccuracy"},
        {"lrrr", "similarity\tSpearman\tpairs\tof"},
        {"lrrrr", "categories\tpurity\twords\tof\tclasses"},
    };
    output_table *t;
    status s = output_table_new(&t, looks[kind].align, looks[kind].columns);
    if (s.code)
        return s;
    for (int i = 0; i < e->n; i++) {
        if (e->list[i].set.kind != kind)
            continue;
        if (kind == EVALSET_ANALOGIES)
            analogy_rows(t, &e->list[i]);
        else
            value_row(t, &e->list[i]);
    }
    printf("\n");
    return output_print(&t);
}

static status print_tables(const session *e) {
    const options *o = e->o;
    printf("%s: %lld words x %lld columns (%s)", e->path, (long long)e->words.n,
           (long long)e->words.run.dim, embedding_table_name(o->table));
    if (o->epoch)
        printf(", epoch %lld", (long long)o->epoch);
    if (o->analogies.n)
        printf("; analogies by %s among the %lld most frequent words",
               o->method == METHOD_3COSMUL ? "3CosMul" : "3CosAdd", (long long)e->top);
    printf("\n");
    status s = status_ok();
    if (o->analogies.n)
        s = print_kind(e, EVALSET_ANALOGIES);
    if (!s.code && o->similarity.n)
        s = print_kind(e, EVALSET_SIMILARITY);
    if (!s.code && o->categories.n)
        s = print_kind(e, EVALSET_CATEGORIES);
    return s;
}

/* ---- JSON */

static json_t *tally_json(const tally *t) {
    return json_pack("{s:I, s:I, s:I, s:o}", "right", (json_int_t)t->right, "asked",
                     (json_int_t)t->asked, "total", (json_int_t)t->total, "accuracy",
                     output_number(evaluation_accuracy(t)));
}

static json_t *analogies_json(const evaluation *v) {
    tally all = sum_sections(v), semantic, syntactic;
    json_t *object = tally_json(&all), *sections = json_array();
    for (int32_t g = 0; g < v->set.n_groups; g++) {
        json_t *section = tally_json(&v->sections[g]);
        json_object_set_new(section, "name", output_text(evalset_group(&v->set, g)));
        json_array_append_new(sections, section);
    }
    json_object_set_new(object, "sections", sections);
    if (evaluation_kinds(v, &semantic, &syntactic)) {
        json_object_set_new(object, "semantic", tally_json(&semantic));
        json_object_set_new(object, "syntactic", tally_json(&syntactic));
    }
    return object;
}

static json_t *evaluation_json(const evaluation *v) {
    json_t *object;
    if (v->set.kind == EVALSET_ANALOGIES)
        object = analogies_json(v);
    else if (v->set.kind == EVALSET_SIMILARITY)
        object = json_pack("{s:o, s:I, s:I}", "spearman", output_number(v->value), "pairs",
                           (json_int_t)v->used, "total", (json_int_t)v->total);
    else
        object = json_pack("{s:o, s:I, s:I, s:i, s:I}", "purity", output_number(v->value), "words",
                           (json_int_t)v->used, "total", (json_int_t)v->total, "classes",
                           v->n_classes, "wordless", (json_int_t)v->set.wordless);
    json_object_set_new(object, "file", output_text(v->path));
    return object;
}

static status print_json(const session *e) {
    static const char *const kinds[] = {"analogies", "similarity", "categories"};
    const options *o = e->o;
    json_t *object = embedding_json(&e->words, "eval", o);
    json_object_set_new(object, "candidates", json_integer(e->top));
    json_object_set_new(object, "method",
                        json_string(o->method == METHOD_3COSMUL ? "3cosmul" : "3cosadd"));
    for (int kind = 0; kind < 3; kind++) {
        json_t *list = json_array();
        for (int i = 0; i < e->n; i++)
            if (e->list[i].set.kind == (evalset_kind)kind)
                json_array_append_new(list, evaluation_json(&e->list[i]));
        json_object_set_new(object, kinds[kind], list);
    }
    return output_json(object);
}

status command_eval(const options *o, const comm *world) {
    session e = {.o = o};
    status s = common_one_input(o, "run file", &e.path);
    if (s.code)
        return s;
    if (!o->analogies.n && !o->similarity.n && !o->categories.n)
        return status_error(STATUS_USAGE, "nothing to measure: give --analogies, --similarity or "
                                          "--categories with a file");
    s = comm_agree(world, read_files(&e));
    if (!s.code)
        s = embedding_open(&e.words, e.path, o, world);
    if (!s.code)
        s = measure_files(&e, world);
    if (!s.code)
        s = check_coverage(&e);
    if (!s.code && comm_rank(world) == 0)
        s = o->json ? print_json(&e) : print_tables(&e);
    embedding_close(&e.words);
    for (int i = 0; i < e.n; i++)
        evaluation_clear(&e.list[i]);
    mem_free(&e.list);
    return comm_agree(world, s);
}
