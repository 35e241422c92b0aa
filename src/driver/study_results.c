// SPDX-License-Identifier: Apache-2.0
#include "study_results.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "command_table.h"
#include "h5.h"
#include "log.h"
#include "memory.h"
#include "provenance.h"
#include "stop.h"

/* ---- one result */

/* Whether there is a result and nothing that it was made of is newer. */
static bool is_newer(const study *x, const study_result *of, const string_list *inputs) {
    struct stat own, other;
    if (stat(of->output, &own) || stat(x->file.path, &other))
        return false;
    bool newer = of->command != C_REPORT || other.st_mtime <= own.st_mtime;
    for (int i = 0; i < of->n && newer; i++)
        newer = !stat(x->runs[of->runs[i]].output, &other) && other.st_mtime <= own.st_mtime;
    for (int i = 0; i < inputs->n && newer; i++)
        newer = !stat(inputs->items[i], &other) && other.st_mtime <= own.st_mtime;
    return newer;
}

/* On rank 0. A report does not tell its options, so the file of the study must be older. */
static bool is_kept(const study *x, const study_result *of, const options *o) {
    const group alone = group_alone();
    provenance_differences d = {.file = NULL};
    char kind[64];
    if (!is_newer(x, of, &o->inputs))
        return false;
    if (of->command == C_REPORT)
        return true;
    h5_kind(of->output, kind, sizeof kind);
    if (!*kind || h5_open(&d.file, of->output, NULL, &alone).code)
        return false;
    provenance_compare_options(&d, o, of->command);
    h5_close(&d.file);
    return !d.n;
}

static status run_command(const study *x, const study_result *of, const options *o) {
    const bool speaks = comm_rank(x->world) == 0;
    study_output output;
    char *path = NULL;
    status s = study_path(x, "results", of->name, ".log", &path);
    if (!s.code)
        s = study_output_begin(&output, path, speaks, false);
    s = comm_agree(x->world, s);
    if (!s.code) {
        s = command_by_bit(of->command)->run(o, x->world);
        if (s.code)
            log_error("%s", s.message);
        study_output_end(&output, speaks, x->o->quiet);
    }
    mem_free(&path);
    return s;
}

status study_result_make(const study *x, study_result *of) {
    const char *command = command_by_bit(of->command)->name;
    const double begin = clock_seconds();
    options o;
    study_line_option(&of->line, "output", of->output);
    study_line_option(&of->line, "overwrite", "true");
    study_line_limits(&of->line, x->o, &x->file.options);
    status s = comm_agree(x->world, study_line_read(&of->line, &o, of->command));
    int kept = !s.code && comm_rank(x->world) == 0 && is_kept(x, of, &o);
    comm_broadcast(x->world, 0, &kept, sizeof kept);
    if (!s.code && !kept)
        s = stop_agree(x->world, s, "comparing the runs of the study");
    if (!s.code && !kept) {
        s = run_command(x, of, &o);
        if (!s.code)
            log_info("%s: %s, %.1f s", command, of->name, clock_seconds() - begin);
    }
    if (s.code && s.code != STATUS_STOPPED)
        log_warning("%s of %s failed (%d): %s", command, of->name, (int)s.code, s.message);
    options_clear(&o);
    return s;
}

/* ---- stability of a source of noise */

/* Runs on the first number of ranks are compared with those on the second. */
static void list_sample(const study *x, const study_sample *sample, study_line *l) {
    for (int i = 0; i < sample->n; i++) {
        const char *path = x->runs[sample->runs[i]].output;
        if (i < sample->n / sample->n_counts)
            study_line_add(l, path);
        else
            study_line_option(l, "against", path);
    }
    study_line_set(l, &x->file.stability, NULL);
}

/* *path is new, NULL if the source has too few runs. */
static status analyse_sample(const study *x, const study_sample *sample, char **path) {
    char name[512];
    *path = NULL;
    if (sample->n < 2)
        return status_ok();
    snprintf(name, sizeof name, "%s-%s-%s", x->inputs[sample->input].name,
             x->settings[sample->setting].name, noise_name(sample->kind));
    status s = comm_agree(x->world, study_path(x, "results", name, ".h5", path));
    study_result of = {.command = C_STABILITY,
                       .name = name,
                       .output = *path,
                       .runs = sample->runs,
                       .n = sample->n};
    list_sample(x, sample, &of.line);
    if (!s.code)
        s = study_result_make(x, &of);
    if (s.code)
        mem_free(path);
    return s;
}

/* ---- drift of a setting */

/* NAME=FILE for each run of a period, NAME@SET=FILE for those of shuffled ones. */
static void list_periods(const study *x, int setting, study_line *l, int *runs, int *n) {
    char text[8192];
    for (int i = 0; i < x->n_runs; i++) {
        const study_run *run = &x->runs[i];
        const study_input *input = &x->inputs[run->input];
        const char *period = x->file.corpora[input->corpus].name;
        if (run->setting != setting)
            continue;
        if (input->control)
            snprintf(text, sizeof text, "%s@%s=%s", period, input->set, run->output);
        else
            snprintf(text, sizeof text, "%s=%s", period, run->output);
        study_line_option(l, input->control ? "control" : "periods", text);
        runs[(*n)++] = i;
    }
    study_line_set(l, &x->file.drift, NULL);
}

static status analyse_drift(const study *x, int setting, char **path) {
    char name[512];
    int *runs = NULL;
    snprintf(name, sizeof name, "%s-drift", x->settings[setting].name);
    study_result of = {.command = C_DRIFT, .name = name};
    status s = study_path(x, "results", name, ".h5", path);
    if (!s.code)
        s = mem_new(&runs, (size_t)x->n_runs, sizeof *runs, "the runs of a setting");
    s = comm_agree(x->world, s);
    if (!s.code) {
        of.output = *path;
        of.runs = runs;
        list_periods(x, setting, &of.line, runs, &of.n);
        s = study_result_make(x, &of);
    }
    mem_free(&runs);
    if (s.code)
        mem_free(path);
    return s;
}

/* ---- the report */

/* One run of each setting and corpus stands for its like: the first. */
static void list_examples(const study *x, study_line *l) {
    for (int i = 0; i < x->n_runs; i++) {
        bool is_first = !x->inputs[x->runs[i].input].control;
        for (int j = 0; j < i; j++)
            is_first &=
                x->runs[j].input != x->runs[i].input || x->runs[j].setting != x->runs[i].setting;
        if (is_first)
            study_line_add(l, x->runs[i].output);
    }
}

/* The table of sources, where it was made, and the results. */
static status write_report(const study *x, bool has_table, char *const *results, int n) {
    study_result of = {.command = C_REPORT, .name = "report"};
    char *table = NULL;
    status s = study_path(x, "", "report", ".html", &of.output);
    if (!s.code && has_table)
        s = study_path(x, "results", "study", ".h5", &table);
    s = comm_agree(x->world, s);
    if (table)
        study_line_add(&of.line, table);
    mem_free(&table);
    for (int i = 0; i < n; i++)
        if (results[i])
            study_line_add(&of.line, results[i]);
    list_examples(x, &of.line);
    study_line_set(&of.line, &x->file.report, NULL);
    if (!s.code)
        s = study_result_make(x, &of);
    mem_free(&of.output);
    return s;
}

/* ---- all of it */

static status check(const study *x) {
    int missing = 0;
    for (int i = 0; i < x->n_runs; i++)
        missing += x->runs[i].state != RUN_COMPLETE;
    return missing ? status_error(STATUS_USAGE,
                                  "%d of %d runs are missing; train them first "
                                  "(without --stage, or with --stage train)",
                                  missing, x->n_runs)
                   : status_ok();
}

/* A stop ends it; after other failures the rest is done. */
static bool goes_on(status *first, status s) {
    *first = s.code == STATUS_STOPPED ? s : status_first(*first, s);
    return first->code != STATUS_STOPPED;
}

/* results[n_samples + n_settings]: the files that were made, NULL where there is none. */
static status analyse(const study *x, char **results) {
    status first = status_ok();
    bool on = true;
    for (int i = 0; i < x->n_settings && on && x->file.is_time; i++)
        on = goes_on(&first, analyse_drift(x, i, &results[x->n_samples + i]));
    for (int i = 0; i < x->n_samples && on; i++)
        on = goes_on(&first, analyse_sample(x, &x->samples[i], &results[i]));
    status table = status_ok();
    if (on)
        on = goes_on(&first, table = study_sources(x, results));
    if (!on)
        return first;
    /* The page needs another program, which not every node has; the numbers are there. */
    const status page = write_report(x, !table.code, results, x->n_samples + x->n_settings);
    return page.code == STATUS_STOPPED ? page : first;
}

status study_analyse(study *x) {
    const int n = x->n_samples + x->n_settings;
    char **results = NULL;
    status s = check(x);
    if (!s.code)
        s = comm_agree(x->world,
                       mem_new(&results, (size_t)n, sizeof *results, "the results of the study"));
    if (!s.code)
        s = analyse(x, results);
    for (int i = 0; i < n && results; i++)
        mem_free(&results[i]);
    mem_free(&results);
    return s;
}
