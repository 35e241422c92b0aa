// SPDX-License-Identifier: Apache-2.0
/* info: what one of our files holds. Rank 0 reads it into a JSON object; the tables for people are
 * made from the same object. Keys: docs/json.md. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint_file.h"
#include "commands.h"
#include "cooc_file.h"
#include "info_command.h"
#include "corpus_file.h"
#include "memory.h"
#include "output.h"
#include "result.h"
#include "run_file.h"

static const char SESSIONS[] = "/provenance/sessions";

/* ---- into JSON */

typedef struct {
    h5_file *file;
    const char *object;
    json_t *into;
} reader;

static void add_attribute(void *context, const char *name, const char *value) {
    const reader *r = context;
    int64_t whole;
    double real;
    json_t *item;
    if (!h5_get_int(r->file, r->object, name, &whole).code)
        item = json_integer(whole);
    else if (!h5_get_real(r->file, r->object, name, &real).code)
        item = output_number(real);
    else
        item = output_text(value);
    json_object_set_new(r->into, name, item);
}

/* The attributes of an object as a member of info; an empty one when there is no such object. */
static status add_attributes(json_t *info, const char *key, h5_file *file, const char *object) {
    json_t *into = json_object();
    json_object_set_new(info, key, into);
    if (!h5_exists(file, object))
        return status_ok();
    reader r = {.file = file, .object = object, .into = into};
    return h5_each_attribute(file, object, add_attribute, &r);
}

typedef struct {
    h5_file *file;
    const char *group; /* "" or "/vocab" */
    json_t *into;
    status s;
} dataset_walk;

static void add_dataset(void *context, const char *name, char kind) {
    dataset_walk *w = context;
    char full[256], text[64];
    int n = snprintf(full, sizeof full, "%s/%s", w->group, name);
    if (w->s.code || n >= (int)sizeof full)
        return;
    if (kind == 'g') {
        dataset_walk inner = {.file = w->file, .group = full, .into = w->into, .s = w->s};
        status s = h5_each_member(w->file, full, add_dataset, &inner);
        w->s = status_first(inner.s, s);
    } else {
        w->s = h5_describe(w->file, full, text, sizeof text);
        json_object_set_new(w->into, full, output_text(text));
    }
}

static status add_datasets(json_t *info, h5_file *file) {
    dataset_walk w = {.file = file, .group = "", .into = json_object(), .s = status_ok()};
    json_object_set_new(info, "datasets", w.into);
    status s = h5_each_member(file, "/", add_dataset, &w);
    return status_first(w.s, s);
}

typedef struct {
    h5_file *file;
    json_t *list;
    status s;
} session_walk;

static void add_session(void *context, const char *name, char kind) {
    session_walk *w = context;
    char object[128];
    json_t *members = json_object();
    if (kind == 'g' && !w->s.code &&
        snprintf(object, sizeof object, "%s/%s", SESSIONS, name) < (int)sizeof object)
        w->s = add_attributes(members, "session", w->file, object);
    json_array_append(w->list, json_object_get(members, "session"));
    json_decref(members);
}

/* Of a run: when and where it was trained, from where to where. */
static status add_sessions(json_t *info, h5_file *file) {
    session_walk w = {.file = file, .list = json_array(), .s = status_ok()};
    if (!h5_exists(file, SESSIONS)) {
        json_decref(w.list);
        return status_ok();
    }
    json_object_set_new(info, "sessions", w.list);
    const status s = h5_each_member(file, SESSIONS, add_session, &w);
    return status_first(w.s, s);
}

static status add_common(json_t *info, h5_file *file) {
    status s = add_datasets(info, file);
    if (!s.code)
        s = add_attributes(info, "attributes", file, "/");
    if (!s.code)
        s = add_attributes(info, "provenance", file, "/provenance");
    if (!s.code)
        s = add_attributes(info, "options", file, "/provenance/options");
    return s.code ? s : add_sessions(info, file);
}

static void add_snapshot(void *context, const char *name, char kind) {
    int epoch;
    if (kind == 'g' && sscanf(name, "%d", &epoch) == 1)
        json_array_append_new(context, json_integer(epoch));
}

static status add_snapshots(json_t *info, const run_file *run) {
    json_t *epochs = json_array();
    json_object_set_new(info, "snapshots", epochs);
    return run->n_epochs ? h5_each_member(run->file, "/epochs", add_snapshot, epochs) : status_ok();
}

/* A count that the file keeps as a real number. */
static json_t *whole_number(double x) {
    return fabs(x) < 0x1p53 ? json_integer((json_int_t)x) : output_number(x);
}

static status add_training(json_t *info, const run_file *run) {
    int64_t n;
    run_epoch *epochs;
    json_t *rows = json_array();
    json_object_set_new(info, "training", rows);
    status s = run_file_read_training(run, &n, &epochs);
    for (int64_t i = 0; i < n && !s.code; i++) {
        const run_epoch *e = &epochs[i];
        json_t *row = json_object();
        json_object_set_new(row, "epoch", json_integer(i + 1));
        json_object_set_new(row, "loss", output_number(e->loss));
        json_object_set_new(row, "learning_rate", output_number(e->learning_rate));
        json_object_set_new(row, "update_norm", output_number(e->update_norm));
        json_object_set_new(row, "words", whole_number(e->words));
        json_object_set_new(row, "pairs", whole_number(e->pairs));
        json_object_set_new(row, "seconds", output_number(e->seconds));
        json_array_append_new(rows, row);
    }
    mem_free(&epochs);
    return s;
}

static status read_corpus(json_t *info, const char *path, bool verify) {
    const group alone = group_alone();
    corpus_file c;
    status s = corpus_file_open(&c, path, &alone);
    if (s.code)
        return s;
    json_object_set_new(info, "words", json_integer(c.words.n));
    json_object_set_new(info, "tokens", json_integer(c.n_tokens));
    json_object_set_new(info, "documents", json_integer(c.n_documents));
    s = add_common(info, c.file);
    if (!s.code && verify)
        s = corpus_file_check(&c);
    corpus_file_close(&c);
    return s;
}

static status read_cooccurrence(json_t *info, const char *path, bool verify) {
    const group alone = group_alone();
    cooc_file c;
    status s = cooc_file_open(&c, path, &alone);
    if (s.code)
        return s;
    const double n = (double)c.words.n;
    json_object_set_new(info, "words", json_integer(c.words.n));
    json_object_set_new(info, "tokens", json_integer(c.header.n_tokens));
    json_object_set_new(info, "window", json_integer(c.header.window));
    json_object_set_new(info, "cells", json_integer(c.header.n_cells));
    json_object_set_new(info, "nonzeros", json_integer(c.header.n_nonzeros));
    json_object_set_new(info, "density", output_number((double)c.header.n_nonzeros / (n * n)));
    s = add_common(info, c.file);
    if (!s.code && verify)
        s = cooc_file_check(&c);
    cooc_file_close(&c);
    return s;
}

static status read_run(json_t *info, const char *path, bool verify) {
    const group alone = group_alone();
    run_file run;
    status s = run_file_open(&run, path, &alone);
    if (s.code)
        return s;
    json_object_set_new(info, "words", json_integer(run.words.n));
    json_object_set_new(info, "columns", json_integer(run.dim));
    s = add_snapshots(info, &run);
    if (!s.code)
        s = add_training(info, &run);
    if (!s.code)
        s = add_common(info, run.file);
    if (!s.code && verify)
        s = run_file_check(&run);
    run_file_close(&run);
    return s;
}

/* A state or a snapshot; only the former has provenance. */
static status read_checkpoint(json_t *info, const char *path, const char *kind, bool verify) {
    const group alone = group_alone();
    h5_file *file;
    status s = h5_open(&file, path, kind, &alone);
    if (s.code)
        return s;
    if (h5_exists(file, "/provenance")) {
        s = add_common(info, file);
    } else {
        s = add_datasets(info, file);
        if (!s.code)
            s = add_attributes(info, "attributes", file, "/");
    }
    if (!s.code && verify)
        s = checkpoint_file_check(file);
    h5_close(&file);
    return s;
}

static status read_result(json_t *info, const char *path, bool verify) {
    const group alone = group_alone();
    h5_file *file;
    result r = {0};
    status s = h5_open(&file, path, RESULT_FILE_KIND, &alone);
    if (!s.code)
        s = result_read(&r, file);
    if (!s.code)
        s = add_attributes(info, "facts", file, "/facts");
    if (!s.code)
        s = add_common(info, file);
    if (!s.code && verify)
        s = h5_verify_tree(file, "/");
    result_clear(&r);
    h5_close(&file);
    return s;
}

static status read_any(json_t *info, const char *path, bool verify) {
    const group alone = group_alone();
    h5_file *file;
    char kind[64];
    struct stat st;
    status s = h5_open(&file, path, NULL, &alone); /* for its message */
    h5_close(&file);
    if (s.code)
        return s;
    h5_kind(path, kind, sizeof kind);
    json_object_set_new(info, "file", output_text(path));
    json_object_set_new(info, "kind", output_text(kind));
    json_object_set_new(info, "bytes", json_integer(stat(path, &st) ? 0 : st.st_size));
    json_object_set_new(info, "verified", json_boolean(verify));
    if (!strcmp(kind, CORPUS_FILE_KIND))
        return read_corpus(info, path, verify);
    if (!strcmp(kind, COOC_FILE_KIND))
        return read_cooccurrence(info, path, verify);
    if (!strcmp(kind, RUN_FILE_KIND))
        return read_run(info, path, verify);
    if (!strcmp(kind, CHECKPOINT_FILE_KIND) || !strcmp(kind, SNAPSHOT_FILE_KIND))
        return read_checkpoint(info, path, kind, verify);
    if (!strcmp(kind, RESULT_FILE_KIND))
        return read_result(info, path, verify);
    return status_error(STATUS_INPUT, "%s is a %s file, which this program does not know", path,
                        kind);
}

/* ---- for people */

/* The text of a value, without the characters that end a cell or a line; *text is new. */
static status cell_text(const json_t *value, char **text) {
    char number[40];
    if (json_is_string(value)) {
        status s = mem_string(text, json_string_value(value));
        for (char *c = *text; c && *c; c++)
            if ((unsigned char)*c < ' ')
                *c = ' ';
        return s;
    }
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        snprintf(number, sizeof number, "%s", json_is_true(value) ? "yes" : "no");
    else
        snprintf(number, sizeof number, "%.9g", json_is_real(value) ? json_real_value(value) : NAN);
    return mem_string(text, number);
}

/* Two columns: every member of an object that is not one itself. */
static status print_members(const char *title, json_t *object) {
    output_table *t;
    const char *key;
    json_t *value;
    if (json_object_size(object) == 0)
        return status_ok();
    printf("\n");
    status s = output_table_new(&t, "ll", title);
    if (s.code)
        return s;
    json_object_foreach(object, key, value) {
        char *text = NULL;
        if (s.code || json_is_array(value) || json_is_object(value))
            continue;
        s = cell_text(value, &text);
        if (!s.code)
            output_row(t, "%s\t%s", key, text);
        mem_free(&text);
    }
    return status_first(s, output_print(&t));
}

static double number_of(const json_t *row, const char *key) {
    const json_t *value = json_object_get(row, key);
    return json_is_null(value) ? NAN : json_number_value(value);
}

static status print_training(json_t *rows) {
    output_table *t;
    size_t i;
    json_t *row;
    if (json_array_size(rows) == 0)
        return status_ok();
    printf("\n");
    status s = output_table_new(&t, "rrrrrrr",
                                "epoch\tloss\tlearning rate\tupdate norm\twords\tpairs\tseconds");
    if (s.code)
        return s;
    json_array_foreach(rows, i, row) {
        output_row(t, "%.0f\t%.5f\t%.6g\t%.6g\t%.0f\t%.0f\t%.1f", number_of(row, "epoch"),
                   number_of(row, "loss"), number_of(row, "learning_rate"),
                   number_of(row, "update_norm"), number_of(row, "words"), number_of(row, "pairs"),
                   number_of(row, "seconds"));
    }
    return output_print(&t);
}

static const char *text_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : "";
}

static status print_sessions(json_t *list) {
    output_table *t;
    size_t i;
    json_t *x;
    if (json_array_size(list) == 0)
        return status_ok();
    printf("\n");
    status s = output_table_new(&t, "rllllll", "session\tstarted\tended\tfrom\tto\tbecause\thosts");
    if (s.code)
        return s;
    json_array_foreach(list, i, x) output_row(
        t, "%zu\t%s\t%s\t%s\t%s\t%s\t%s", i + 1, text_of(x, "started"), text_of(x, "ended"),
        text_of(x, "from"), text_of(x, "to"), text_of(x, "why"), text_of(x, "hosts"));
    return output_print(&t);
}

static void print_snapshots(json_t *epochs) {
    size_t i;
    json_t *epoch;
    if (json_array_size(epochs) == 0)
        return;
    printf("\nsnapshots of epochs");
    json_array_foreach(epochs, i, epoch)
        printf(" %" JSON_INTEGER_FORMAT, json_integer_value(epoch));
    printf("\n");
}

static status print_tables(json_t *info, bool verified) {
    char size[32], *path = NULL;
    status s = cell_text(json_object_get(info, "file"), &path);
    if (s.code)
        return s;
    printf("%s: %s, %s%s\n", path, json_string_value(json_object_get(info, "kind")),
           mem_format(size, number_of(info, "bytes")),
           verified ? ", read completely: nothing is damaged" : "");
    mem_free(&path);
    s = print_members("fact\tvalue", json_object_get(info, "facts"));
    if (!s.code)
        s = print_members("dataset\ttype and shape", json_object_get(info, "datasets"));
    if (!s.code)
        s = print_members("attribute\tvalue", json_object_get(info, "attributes"));
    if (!s.code)
        s = print_members("provenance\tvalue", json_object_get(info, "provenance"));
    if (!s.code)
        s = print_members("option\tvalue", json_object_get(info, "options"));
    if (!s.code)
        s = print_sessions(json_object_get(info, "sessions"));
    if (s.code)
        return s;
    print_snapshots(json_object_get(info, "snapshots"));
    return print_training(json_object_get(info, "training"));
}

static status show(const options *o, const char *path) {
    json_t *info = json_object();
    if (!info)
        return status_error(STATUS_SPACE, "not enough memory to describe %s", path);
    status s = read_any(info, path, o->verify);
    if (!s.code && o->json)
        return output_json(info);
    if (!s.code)
        s = print_tables(info, o->verify);
    json_decref(info);
    return s;
}

static status show_command(const options *o, const char *path) {
    const group alone = group_alone();
    h5_file *file;
    shell_words line = {0};
    status s = h5_open(&file, path, NULL, &alone);
    if (!s.code)
        s = info_command(file, &line);
    if (!s.code && o->json)
        s = output_json(
            json_pack("{s:o, s:o}", "file", output_text(path), "command", output_text(line.text)));
    else if (!s.code)
        printf("%s\n", line.text);
    shell_words_clear(&line);
    h5_close(&file);
    return s;
}

status command_info(const options *o, const comm *world) {
    const char *path;
    status s = common_one_input(o, "file", &path);
    if (!s.code && comm_rank(world) == 0)
        s = o->show_command ? show_command(o, path) : show(o, path);
    return comm_agree(world, s);
}
