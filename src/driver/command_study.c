// SPDX-License-Identifier: Apache-2.0
/* wordshard study: many runs from one file, and what they say together. */
#include <jansson.h>

#include "commands.h"
#include "log.h"
#include "output.h"
#include "study.h"

static const char *const STATES[] = {
    [RUN_MISSING] = "missing", [RUN_INTERRUPTED] = "interrupted", [RUN_COMPLETE] = "complete"};

/* ---- the list of runs */

static status print_table(const study *x) {
    output_table *table;
    status s = output_table_new(&table, "lrl", "run\tranks\tstate");
    if (s.code)
        return s;
    for (int i = 0; i < x->n_runs; i++)
        output_row(table, "%s\t%d\t%s", x->runs[i].name, x->runs[i].variant.ranks,
                   STATES[x->runs[i].state]);
    return output_print(&table);
}

static status print_json(const study *x) {
    json_t *runs = json_array();
    for (int i = 0; i < x->n_runs; i++)
        json_array_append_new(
            runs, json_pack("{s:o, s:o, s:i, s:s}", "name", output_text(x->runs[i].name), "file",
                            output_text(x->runs[i].output), "ranks", x->runs[i].variant.ranks,
                            "state", STATES[x->runs[i].state]));
    return output_json(json_pack("{s:o, s:o}", "folder", output_text(x->o->output), "runs", runs));
}

static status print_runs(const study *x) {
    status s = status_ok();
    if (comm_rank(x->world) == 0)
        s = x->o->json ? print_json(x) : print_table(x);
    return comm_agree(x->world, s);
}

/* ---- all of it */

static status check(const options *o) {
    if (!*o->output)
        return status_error(STATUS_USAGE, "-o FOLDER is missing");
    if (o->task > o->tasks)
        return status_error(STATUS_USAGE, "--task %lld: there are %lld tasks", (long long)o->task,
                            (long long)o->tasks);
    if (o->tasks > 1 && o->stage != STAGE_TRAIN && !o->list)
        return status_error(STATUS_USAGE, "--tasks shares training: prepare first (--stage "
                                          "prepare), then give --stage train to all tasks");
    return status_ok();
}

static bool is_stage(const options *o, int stage) {
    return o->stage == STAGE_ALL || o->stage == stage;
}

/* With threads or ranks that race, no source of noise varies alone. */
static void warn_of_races(const study *x) {
    for (int i = 0; i < x->n_settings; i++)
        if (x->settings[i].races) {
            log_warning("%s: threads or ranks of a run race, which is noise in every source; "
                        "threads: 1, or deterministic: true, varies one at a time",
                        x->settings[i].name);
            return;
        }
}

static status run(study *x) {
    const options *o = x->o;
    status s = is_stage(o, STAGE_PREPARE) ? study_make_folders(x) : status_ok();
    if (!s.code)
        s = study_prepare(x, is_stage(o, STAGE_PREPARE));
    if (!s.code)
        s = study_look(x);
    if (!s.code && is_stage(o, STAGE_TRAIN)) {
        s = study_check(x);
        if (!s.code)
            warn_of_races(x);
        if (!s.code)
            s = study_train(x, o->task, o->tasks);
    }
    if (!s.code && is_stage(o, STAGE_ANALYSIS))
        s = study_analyse(x);
    return s;
}

status command_study(const options *o, const comm *world) {
    const char *path;
    study x;
    status s = common_one_input(o, "study.yaml", &path);
    if (!s.code)
        s = check(o);
    if (s.code)
        return s;
    s = comm_agree(world, study_open(&x, path, o, world));
    if (!s.code && o->list) {
        s = study_look(&x);
        if (!s.code)
            s = print_runs(&x);
    } else if (!s.code) {
        s = run(&x);
    }
    study_close(&x);
    return s;
}
