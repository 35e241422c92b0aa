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

static bool is_newer(const char *path, const string_list *inputs) {
    struct stat own, other;
    if (stat(path, &own))
        return false;
    for (int i = 0; i < inputs->n; i++)
        if (stat(inputs->items[i], &other) || other.st_mtime > own.st_mtime)
            return false;
    return true;
}

/* On rank 0. */
static bool is_kept(const options *o, int command) {
    const group alone = group_alone();
    provenance_differences d = {.file = NULL};
    char kind[64];
    h5_kind(o->output, kind, sizeof kind);
    if (!*kind || !is_newer(o->output, &o->inputs) || !is_newer(o->output, &o->against) ||
        h5_open(&d.file, o->output, NULL, &alone).code)
        return false;
    provenance_compare_options(&d, o, command);
    h5_close(&d.file);
    return !d.n;
}

static status run_command(const study *x, int command, const options *o, const char *name) {
    const bool speaks = comm_rank(x->world) == 0;
    study_output output;
    char *path = NULL;
    status s = study_path(x, "results", name, ".log", &path);
    if (!s.code)
        s = study_output_begin(&output, path, speaks, false);
    s = comm_agree(x->world, s);
    if (!s.code) {
        s = command_by_bit(command)->run(o, x->world);
        if (s.code)
            log_error("%s", s.message);
        study_output_end(&output, speaks, x->o->quiet);
    }
    mem_free(&path);
    return s;
}

status study_result_make(const study *x, int command, study_line *line, const char *output,
                         const char *name) {
    const double begin = clock_seconds();
    options o;
    study_line_option(line, "output", output);
    study_line_option(line, "overwrite", "true");
    study_line_limits(line, x->o, &x->file.options);
    status s = comm_agree(x->world, study_line_read(line, &o, command));
    int kept = !s.code && comm_rank(x->world) == 0 && is_kept(&o, command);
    comm_broadcast(x->world, 0, &kept, sizeof kept);
    if (!s.code && !kept)
        s = stop_agree(x->world, s, "comparing the runs of the study");
    if (!s.code && !kept) {
        s = run_command(x, command, &o, name);
        if (s.code)
            log_warning("%s %s failed (%d): %s", command_by_bit(command)->name, name, (int)s.code,
                        s.message);
        else
            log_info("%s: %s, %.1f s", command_by_bit(command)->name, name,
                     clock_seconds() - begin);
    }
    options_clear(&o);
    return s;
}

/* ---- stability of a source of noise */

static void add_runs(const study *x, study_line *l, const int *runs, int n) {
    for (int i = 0; i < n; i++)
        study_line_add(l, x->runs[runs[i]].output);
}

/* Runs on the first number of ranks against those on the others, which are a group together. */
static status compare_runs(const study *x, const study_sample *of, const char *output,
                           const char *name) {
    const int n_first = of->n / of->n_counts;
    study_line l = {0};
    add_runs(x, &l, of->runs, n_first);
    for (int i = n_first; i < of->n; i++)
        study_line_option(&l, "against", x->runs[of->runs[i]].output);
    study_line_set(&l, &x->file.stability, NULL);
    return study_result_make(x, C_STABILITY, &l, output, name);
}

/* *path is new, NULL if the source has too few runs. */
static status analyse_sample(const study *x, const study_sample *of, char **path) {
    char name[512];
    *path = NULL;
    if (of->n < 2)
        return status_ok();
    snprintf(name, sizeof name, "%s-%s-%s", x->inputs[of->input].name,
             x->settings[of->setting].name, noise_name(of->kind));
    status s = comm_agree(x->world, study_path(x, "results", name, ".h5", path));
    if (!s.code)
        s = compare_runs(x, of, *path, name);
    if (s.code)
        mem_free(path);
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

status study_analyse(study *x) {
    char **paths = NULL;
    status first = check(x);
    if (!first.code)
        first = comm_agree(x->world, mem_new(&paths, (size_t)x->n_samples, sizeof *paths,
                                             "the results of the study"));
    if (first.code)
        return first;
    for (int i = 0; i < x->n_samples && first.code != STATUS_STOPPED; i++) {
        const status s = analyse_sample(x, &x->samples[i], &paths[i]);
        first = s.code == STATUS_STOPPED ? s : status_first(first, s);
    }
    if (first.code != STATUS_STOPPED)
        first = status_first(first, study_sources(x, paths));
    for (int i = 0; i < x->n_samples; i++)
        mem_free(&paths[i]);
    mem_free(&paths);
    return first;
}
