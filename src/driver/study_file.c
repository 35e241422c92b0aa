// SPDX-License-Identifier: Apache-2.0
#include "study_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "options_table.h"
#include "yaml_file.h"

enum { MOST_SEEDS = 10000, SEEDS_OF_RANKS = 5 };

typedef struct {
    study_file *f;
    yaml_file yaml;
    study_set *set; /* that is being read, with the options of these commands */
    int commands;
    bool is_grid;
    study_list *list;
    const yaml_node_t *controls_of; /* NULL: it is not there */
} reading;

static const char *const NOISE_NAMES[NOISE_KINDS] = {
    [NOISE_SEED] = "seed",   [NOISE_INIT] = "init",           [NOISE_SAMPLING] = "sampling",
    [NOISE_ORDER] = "order", [NOISE_BOOTSTRAP] = "bootstrap", [NOISE_REPEAT] = "repeat",
    [NOISE_RANKS] = "ranks"};

const char *noise_name(noise_kind kind) {
    return NOISE_NAMES[kind];
}

/* ---- lists that grow */

static status list_add(study_list *list, const char *text) {
    size_t room = (size_t)list->n;
    status s = mem_grow(&list->items, &room, (size_t)list->n + 1, sizeof *list->items, "the study");
    if (s.code)
        return s;
    s = mem_string(&list->items[list->n], text);
    list->n += !s.code;
    return s;
}

static void list_clear(study_list *list) {
    for (int i = 0; i < list->n; i++)
        mem_free(&list->items[i]);
    mem_free(&list->items);
}

static status set_add(study_set *set, const char *name, study_option **added) {
    size_t room = (size_t)set->n;
    status s =
        mem_grow(&set->options, &room, (size_t)set->n + 1, sizeof *set->options, "the study");
    if (s.code)
        return s;
    *added = &set->options[set->n];
    **added = (study_option){.name = NULL};
    s = mem_string(&(*added)->name, name);
    set->n += !s.code;
    return s;
}

static void set_clear(study_set *set) {
    for (int i = 0; i < set->n; i++) {
        mem_free(&set->options[i].name);
        list_clear(&set->options[i].values);
    }
    mem_free(&set->options);
    mem_free(&set->name);
}

/* ---- options of commands */

/* Files, seeds and what else is the study's own. */
static bool is_free(const char *name) {
    static const char *const own[] = {
        "output",    "overwrite",  "config",      "help",      "json",    "quiet",
        "seed-init", "seed-order", "seed-sample", "bootstrap", "control", "period",
        "restart",   "dry-run",    "max-time",    "csv",       "metrics"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(name, own[i]))
            return false;
    return true;
}

/* Of the reading of text, which `train` has as well. */
static bool is_of_text(const option_row *row) {
    return row->commands & C_PREPARE && !(row->commands & C_SAME) && strcmp(row->name, "seed") != 0;
}

static status check_option(const option_row *row, int commands, const char *name) {
    if (!row)
        return status_error(STATUS_USAGE, "unknown option %s", name);
    if (!is_free(name) || (commands == C_PREPARE && !strcmp(name, "seed")))
        return status_error(STATUS_USAGE, "%s is set by the study itself", name);
    if (commands == C_TRAIN && is_of_text(row))
        return status_error(STATUS_USAGE, "%s belongs under prepare", name);
    return status_ok();
}

/* Whether the option takes this value. */
static status try_value(const option_row *row, const char *text) {
    options o = {0};
    status s = option_set(&o, row, text);
    options_clear(&o);
    return s;
}

static status add_value(void *context, const yaml_node_t *value) {
    reading *r = context;
    study_option *option = &r->set->options[r->set->n - 1];
    const char *text;
    status s = yaml_file_text(&r->yaml, value, "a plain value is expected here", &text);
    if (s.code)
        return s;
    s = try_value(option_find(option->name, strlen(option->name), r->commands), text);
    if (s.code)
        return yaml_file_error(&r->yaml, value, s.message);
    return list_add(&option->values, text);
}

static status add_option(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    const char *name;
    study_option *option;
    status s = yaml_file_text(&r->yaml, key, "the name of an option is expected here", &name);
    if (s.code)
        return s;
    const option_row *row = option_find(name, strlen(name), r->commands);
    s = check_option(row, r->commands, name);
    if (s.code)
        return yaml_file_error(&r->yaml, key, s.message);
    for (int i = 0; i < r->set->n; i++)
        if (!strcmp(r->set->options[i].name, name))
            return yaml_file_error(&r->yaml, key, "the option is here already");
    s = set_add(r->set, name, &option);
    if (s.code)
        return s;
    const bool is_list = value->type == YAML_SEQUENCE_NODE;
    if (is_list && (r->is_grid || row->kind == OPTION_list))
        s = yaml_file_each_item(&r->yaml, value, add_value, r);
    else
        s = add_value(r, value);
    if (!s.code && !option->values.n)
        s = yaml_file_error(&r->yaml, value, "at least one value is needed");
    return s;
}

static status read_set(reading *r, const yaml_node_t *node, study_set *set, int commands,
                       bool is_grid) {
    r->set = set;
    r->commands = commands;
    r->is_grid = is_grid;
    return yaml_file_each_pair(&r->yaml, node, "options are expected here: 'name: value'",
                               add_option, r);
}

/* ---- corpora and models */

/* Names become parts of file names. */
static status read_name(const reading *r, const yaml_node_t *key, const char **name) {
    status s = yaml_file_text(&r->yaml, key, "a name is expected here", name);
    if (s.code)
        return s;
    for (const char *c = *name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+", *c))
            return yaml_file_error(&r->yaml, key,
                                   "a name has letters, digits and . - _ + only: it becomes a part "
                                   "of file names");
    return **name && !strchr(".-", **name)
               ? s
               : yaml_file_error(&r->yaml, key, "a name is empty or begins with a dot or a dash");
}

static status add_input(void *context, const yaml_node_t *item) {
    reading *r = context;
    const char *text;
    status s = yaml_file_text(&r->yaml, item, "a file is expected here", &text);
    if (!s.code && !*text)
        s = yaml_file_error(&r->yaml, item, "a file is expected here");
    return s.code ? s : list_add(r->list, text);
}

/* One more element, zeros but for its name, of a list of n whose elements have `size` bytes and
 * begin with their names. list: address of its pointer. */
static status add_named(const reading *r, const yaml_node_t *key, void *list, int *n, size_t size) {
    const char *name;
    char *elements, *own;
    status s = read_name(r, key, &name);
    memcpy(&elements, list, sizeof elements);
    for (int i = 0; i < *n && !s.code; i++) {
        memcpy(&own, elements + (size_t)i * size, sizeof own);
        if (!strcmp(own, name))
            s = yaml_file_error(&r->yaml, key, "this name is here already");
    }
    size_t room = (size_t)*n;
    if (!s.code)
        s = mem_grow(list, &room, room + 1, size, "the study");
    if (!s.code)
        s = mem_string(&own, name);
    if (s.code)
        return s;
    memcpy(&elements, list, sizeof elements);
    memset(elements + (size_t)*n * size, 0, size);
    memcpy(elements + (size_t)*n * size, &own, sizeof own);
    ++*n;
    return s;
}

static status add_corpus(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    study_file *f = r->f;
    status s = add_named(r, key, &f->corpora, &f->n_corpora, sizeof *f->corpora);
    if (s.code)
        return s;
    study_corpus *corpus = &f->corpora[f->n_corpora - 1];
    r->list = &corpus->inputs;
    if (value->type == YAML_SEQUENCE_NODE)
        s = yaml_file_each_item(&r->yaml, value, add_input, r);
    else
        s = add_input(r, value);
    if (!s.code && !corpus->inputs.n)
        s = yaml_file_error(&r->yaml, value, "a file is expected here");
    return s;
}

static status read_corpora(reading *r, const yaml_node_t *key, const yaml_node_t *value,
                           bool is_time) {
    if (r->f->n_corpora)
        return yaml_file_error(&r->yaml, key,
                               "a study has either corpora, or periods in the order of time");
    r->f->is_time = is_time;
    status s = yaml_file_each_pair(
        &r->yaml, value, "names and files are expected here: 'name: file'", add_corpus, r);
    if (!s.code && is_time && r->f->n_corpora < 2)
        s = yaml_file_error(&r->yaml, value, "at least two periods are needed");
    return s;
}

static status add_model(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    study_file *f = r->f;
    const status s = add_named(r, key, &f->models, &f->n_models, sizeof *f->models);
    return s.code ? s : read_set(r, value, &f->models[f->n_models - 1], C_TRAIN, false);
}

/* ---- noise */

static status read_number(const reading *r, const yaml_node_t *node, int64_t lowest,
                          int64_t highest, int64_t *number) {
    const char *text;
    char *end, message[96];
    status s = yaml_file_text(&r->yaml, node, "a whole number is expected here", &text);
    if (s.code)
        return s;
    *number = strtoll(text, &end, 10);
    if (*text && !*end && *number >= lowest && *number <= highest)
        return s;
    snprintf(message, sizeof message, "a whole number from %lld to %lld is expected here",
             (long long)lowest, (long long)highest);
    return yaml_file_error(&r->yaml, node, message);
}

static status add_number(void *context, const yaml_node_t *item) {
    reading *r = context;
    int64_t number;
    char text[32];
    status s = read_number(r, item, r->list == &r->f->noise[NOISE_RANKS], INT32_MAX, &number);
    if (s.code)
        return s;
    snprintf(text, sizeof text, "%lld", (long long)number);
    for (int i = 0; i < r->list->n; i++)
        if (!strcmp(r->list->items[i], text))
            return yaml_file_error(&r->yaml, item, "the number is here already");
    return list_add(r->list, text);
}

/* A list, or n for 1 to n. */
static status read_numbers(reading *r, const yaml_node_t *value, study_list *list) {
    int64_t n;
    char text[32];
    r->list = list;
    if (value->type == YAML_SEQUENCE_NODE)
        return yaml_file_each_item(&r->yaml, value, add_number, r);
    status s = read_number(r, value, 1, MOST_SEEDS, &n);
    for (int64_t i = 1; i <= n && !s.code; i++) {
        snprintf(text, sizeof text, "%lld", (long long)i);
        s = list_add(list, text);
    }
    return s;
}

static status read_of_ranks(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    const char *name;
    status s = yaml_file_text(&r->yaml, key, "counts or seeds is expected here", &name);
    if (!s.code && !strcmp(name, "seeds"))
        return read_number(r, value, 1, MOST_SEEDS, &r->f->rank_seeds);
    if (!s.code && strcmp(name, "counts") != 0)
        return yaml_file_error(&r->yaml, key, "counts or seeds is expected here");
    if (!s.code && value->type != YAML_SEQUENCE_NODE)
        return yaml_file_error(&r->yaml, value, "numbers of ranks are expected here: [1, 4]");
    if (!s.code)
        s = read_numbers(r, value, &r->f->noise[NOISE_RANKS]);
    return s.code || r->f->noise[NOISE_RANKS].n == 2
               ? s
               : yaml_file_error(&r->yaml, value, "two numbers of ranks are compared: [1, 4]");
}

static status add_noise(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    const char *name;
    status s = yaml_file_text(&r->yaml, key, "a source of noise is expected here", &name);
    for (int kind = 0; kind < NOISE_KINDS && !s.code; kind++) {
        study_list *list = &r->f->noise[kind];
        if (strcmp(name, NOISE_NAMES[kind]) != 0)
            continue;
        if (list->n)
            return yaml_file_error(&r->yaml, key, "the source of noise is here already");
        s = kind == NOISE_RANKS
                ? yaml_file_each_pair(&r->yaml, value, "expected {counts: [1, 4], seeds: 5}",
                                      read_of_ranks, r)
                : read_numbers(r, value, list);
        return s.code || list->n ? s : yaml_file_error(&r->yaml, value, "no number is given");
    }
    return s.code ? s
                  : yaml_file_error(&r->yaml, key,
                                    "a source of noise is one of seed, init, sampling, order, "
                                    "bootstrap, repeat and ranks");
}

/* ---- controls */

static status read_controls_of(reading *r, const yaml_node_t *value) {
    const char *text;
    status s = yaml_file_text(&r->yaml, value, "steps or all is expected here", &text);
    if (!s.code && strcmp(text, "steps") != 0 && strcmp(text, "all") != 0)
        s = yaml_file_error(&r->yaml, value, "steps or all is expected here");
    if (s.code)
        return s;
    r->controls_of = value;
    r->f->controls_of = strcmp(text, "all") ? CONTROLS_OF_STEPS : CONTROLS_OF_ALL;
    return s;
}

static status find_reference(study_file *f) {
    const char *to = "";
    for (int i = 0; i < f->drift.n; i++)
        if (!strcmp(f->drift.options[i].name, "to"))
            to = f->drift.options[i].values.items[0];
    for (int c = 0; c < f->n_corpora; c++)
        if (!strcmp(f->corpora[c].name, to))
            f->reference = c;
    return f->is_time && *to && f->reference < 0
               ? status_error(STATUS_USAGE, "%s: drift: --to %s: there is no period of that name",
                              f->path, to)
               : status_ok();
}

/* ---- all of it */

static status read_part(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    study_file *f = r->f;
    const struct {
        const char *name;
        study_set *set;
        int commands;
        bool is_grid;
    } sets[] = {{"prepare", &f->prepare, C_PREPARE, false},
                {"options", &f->options, C_TRAIN, false},
                {"grid", &f->grid, C_TRAIN, true},
                {"stability", &f->stability, C_STABILITY, false},
                {"drift", &f->drift, C_DRIFT, false},
                {"report", &f->report, C_REPORT, false}};
    const char *name;
    status s = yaml_file_text(&r->yaml, key, "a part of a study is expected here", &name);
    if (s.code)
        return s;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!strcmp(name, sets[i].name))
            return read_set(r, value, sets[i].set, sets[i].commands, sets[i].is_grid);
    if (!strcmp(name, "corpora") || !strcmp(name, "periods"))
        return read_corpora(r, key, value, *name == 'p');
    if (!strcmp(name, "models"))
        return yaml_file_each_pair(&r->yaml, value,
                                   "names and options are expected here: 'name: {model: cbow}'",
                                   add_model, r);
    if (!strcmp(name, "noise"))
        return yaml_file_each_pair(&r->yaml, value, "expected 'source: number of runs'", add_noise,
                                   r);
    if (!strcmp(name, "controls"))
        return read_number(r, value, 0, MOST_SEEDS, &f->controls);
    if (!strcmp(name, "controls-of"))
        return read_controls_of(r, value);
    if (!strcmp(name, "ranks-per-run"))
        return read_number(r, value, 1, INT32_MAX, &f->ranks_per_run);
    return yaml_file_error(&r->yaml, key,
                           "a study has corpora or periods, prepare, models, options, grid, noise, "
                           "controls, controls-of, ranks-per-run, stability, drift and report");
}

static status check(const reading *r) {
    const study_file *f = r->f;
    if (!f->n_corpora)
        return status_error(STATUS_USAGE, "%s: corpora (or periods) are missing", f->path);
    if (!f->n_models)
        return status_error(STATUS_USAGE, "%s: models are missing", f->path);
    if (f->controls && !f->is_time)
        return status_error(STATUS_USAGE, "%s: controls are for periods, which it does not have",
                            f->path);
    return r->controls_of && !f->controls
               ? yaml_file_error(&r->yaml, r->controls_of,
                                 "controls-of has no meaning without controls")
               : status_ok();
}

status study_file_open(study_file *f, const char *path) {
    *f = (study_file){
        .path = path, .rank_seeds = SEEDS_OF_RANKS, .ranks_per_run = 1, .reference = -1};
    reading r = {.f = f};
    status s = yaml_file_open(&r.yaml, path, "study");
    if (!s.code && yaml_file_root(&r.yaml))
        s = yaml_file_each_pair(&r.yaml, yaml_file_root(&r.yaml),
                                "expected lines of the form 'part: ...'", read_part, &r);
    if (!s.code)
        s = check(&r);
    yaml_file_close(&r.yaml);
    return s.code ? s : find_reference(f);
}

void study_file_close(study_file *f) {
    study_set *const sets[] = {&f->prepare,   &f->options, &f->grid,
                               &f->stability, &f->drift,   &f->report};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        set_clear(sets[i]);
    for (int i = 0; i < f->n_corpora; i++) {
        mem_free(&f->corpora[i].name);
        list_clear(&f->corpora[i].inputs);
    }
    for (int i = 0; i < f->n_models; i++)
        set_clear(&f->models[i]);
    for (int kind = 0; kind < NOISE_KINDS; kind++)
        list_clear(&f->noise[kind]);
    mem_free(&f->corpora);
    mem_free(&f->models);
}
