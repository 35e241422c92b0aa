// SPDX-License-Identifier: Apache-2.0
/* The corpora of a study: those that have to be written are, by all ranks, one after the other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "corpus_file.h"
#include "log.h"
#include "memory.h"
#include "provenance.h"
#include "resample.h"
#include "shell_words.h"
#include "study.h"
#include "study_line.h"

/* ---- folders */

static status make_folder(const study *x, const char *part) {
    char *path = NULL;
    status s = study_path(x, part, "", "", &path);
    if (!s.code && mkdir(path, 0777) && errno != EEXIST)
        s = status_errno(errno, "cannot make the folder", path);
    mem_free(&path);
    return s;
}

status study_make_folders(const study *x) {
    static const char *const parts[] = {"", "corpora", "runs", "results"};
    status s = status_ok();
    if (comm_rank(x->world) == 0)
        for (size_t i = 0; i < sizeof parts / sizeof *parts && !s.code; i++)
            s = make_folder(x, parts[i]);
    return comm_agree(x->world, s);
}

/* ---- what prepares an input */

/* The place, from 1, of a shuffled one among the periods that it was dealt from. */
static int place_of(const study_input *input) {
    int i = 0;
    while (input->periods[i] != input->corpus)
        i++;
    return i + 1;
}

/* The caller clears o, also after a failure. */
static status read_options(const study *x, const study_input *input, options *o) {
    study_line l = {0};
    if (input->control) {
        study_line_option(&l, "control", "shuffle");
        study_line_number(&l, "seed", input->control);
        study_line_number(&l, "period", place_of(input));
    } else {
        study_line_set(&l, &x->file.prepare, NULL);
    }
    study_line_limits(&l, x->o, &x->file.prepare);
    study_line_option(&l, "output", input->path);
    for (int i = 0; i < input->files.n; i++)
        study_line_add(&l, input->files.items[i]);
    return study_line_read(&l, o, C_PREPARE);
}

/* ---- is it there, and the same? */

static bool is_there(const study *x, const char *path) {
    int found = comm_rank(x->world) == 0 && !access(path, F_OK);
    comm_broadcast(x->world, 0, &found, sizeof found);
    return found;
}

/* The periods that a shuffled one was dealt from. */
static void compare_sources(const study *x, const study_input *input, provenance_differences *d) {
    for (int i = 0; i < input->n_periods; i++) {
        const study_input *from = &x->inputs[input->periods[i]];
        char attribute[32];
        snprintf(attribute, sizeof attribute, "source_hash_%d", i + 1);
        provenance_compare_text(d, "/provenance", attribute, from->name, from->hash);
    }
}

/* A list of files without their folders: these depend on where one stands. */
static void strip_folders(char *text) {
    char *word = text, *to = text;
    for (const char *c = text; *c; c++) {
        *to++ = *c;
        if (*c == ' ')
            word = to;
        if (*c == '/')
            to = word;
    }
    *to = '\0';
}

static status compare_files(const study_input *input, provenance_differences *d) {
    shell_words is = {0};
    char *was = NULL;
    for (int i = 0; i < input->files.n; i++)
        shell_words_add(&is, input->files.items[i]);
    status s = is.failure;
    if (!s.code)
        s = h5_get_text(d->file, "/provenance", "inputs", &was);
    if (!s.code) {
        strip_folders(was);
        strip_folders(is.text);
        if (strcmp(was, is.text) != 0 && strncmp(was, PROVENANCE_CUT, strlen(PROVENANCE_CUT)) != 0)
            s = status_error(STATUS_USAGE,
                             "%s was prepared from other files: %.100s, now %.100s; remove it and "
                             "the runs that used it, or choose another folder",
                             input->path, was, is.text);
    }
    mem_free(&was);
    shell_words_clear(&is);
    return s;
}

static status compare(const study *x, const study_input *input, h5_file *file) {
    provenance_differences d = {.file = file};
    options o;
    status s = read_options(x, input, &o);
    if (!s.code && input->control) {
        compare_sources(x, input, &d);
    } else if (!s.code) {
        provenance_compare_options(&d, &o, C_PREPARE);
        s = compare_files(input, &d);
    }
    options_clear(&o);
    if (s.code || !d.n)
        return s;
    return status_error(STATUS_USAGE,
                        "%s was prepared otherwise: %s; remove it and the runs that used it, or "
                        "choose another folder",
                        input->path, d.list);
}

/* ---- all of it */

/* The first inputs are the periods. */
static status shuffle(const study *x, const study_input *input, const options *o) {
    string_list periods = {.n = input->n_periods};
    prepare_report report;
    status s = comm_agree(x->world, mem_new(&periods.items, (size_t)periods.n,
                                            sizeof *periods.items, "the list of periods"));
    for (int i = 0; i < periods.n && !s.code; i++)
        periods.items[i] = x->inputs[input->periods[i]].path;
    if (!s.code)
        s = resample_corpus(o, &periods, input->path, x->world, &report);
    mem_free(&periods.items);
    return s;
}

static status write_input(const study *x, const study_input *input) {
    prepare_report report;
    options o;
    log_info("preparing %s", input->path);
    status s = comm_agree(x->world, read_options(x, input, &o));
    if (!s.code)
        s = input->control ? shuffle(x, input, &o)
                           : prepare_corpus(&o, &o.inputs, input->path, x->world, &report);
    options_clear(&o);
    return s;
}

static status read_size(const study *x, study_input *input, bool compares) {
    const group g = comm_group(x->world);
    corpus_file c;
    status s = corpus_file_open(&c, input->path, &g);
    if (s.code)
        return s;
    input->tokens = (double)c.n_tokens;
    memcpy(input->hash, c.hash, sizeof input->hash);
    if (compares)
        s = comm_agree(x->world, compare(x, input, c.file));
    corpus_file_close(&c);
    return s;
}

static status prepare_input_of(study *x, study_input *input, bool may_write) {
    const bool found = is_there(x, input->path);
    status s = status_ok();
    if (!found && (input->is_prepared || !may_write))
        return status_error(STATUS_USAGE,
                            "%s is missing; wordshard study %s -o %s --stage prepare writes it",
                            input->path, x->file.path, x->o->output);
    if (!found)
        s = write_input(x, input);
    return s.code ? s : read_size(x, input, found && !input->is_prepared);
}

status study_prepare(study *x, bool may_write) {
    status s = status_ok();
    for (int i = 0; i < x->n_inputs && !s.code; i++)
        s = prepare_input_of(x, &x->inputs[i], may_write);
    return s;
}
