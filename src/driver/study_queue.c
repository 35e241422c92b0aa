// SPDX-License-Identifier: Apache-2.0
/* The ranks are cut into groups, and each group takes one run after the other, the longest first.
 *
 * Which run is next is settled by files: a group that makes QUEUE/NUMBER with O_EXCL has the run.
 * The folder of these files belongs to one session, so that what a killed session has taken is
 * free again, and no rank has to answer a message while it trains. If a rank dies the launcher ends
 * the session, so there are no groups that take a run and never finish it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "objective.h"
#include "provenance.h"
#include "run_file.h"
#include "stop.h"
#include "study.h"

enum { PATH = 4096, NONE = -1 };

/* ---- states */

static bool exists(const char *path) {
    return !access(path, F_OK);
}

static void checkpoint_path(const study_run *run, char path[PATH]) {
    snprintf(path, PATH, "%.*s.ckpt", (int)(strlen(run->output) - strlen(".h5")), run->output);
}

/* What a bootstrap has drawn is not known before; its seed is an option. */
static status compare(const study *x, const study_run *run) {
    const group alone = group_alone();
    provenance_differences d = {.file = NULL};
    status s = h5_open(&d.file, run->output, RUN_FILE_KIND, &alone);
    if (s.code)
        return s;
    provenance_compare_options(&d, &run->o, C_TRAIN);
    const bool is_known = *x->inputs[run->input].hash; /* not when runs are only listed */
    if (run->variant.bootstrap < 0 && is_known)
        provenance_compare_text(&d, "/provenance", "corpus_hash", "the hash of the input",
                                x->inputs[run->input].hash);
    h5_close(&d.file);
    if (!d.n)
        return s;
    return status_error(STATUS_USAGE,
                        "%s was made otherwise: %s; remove it, so that it is made again, or choose "
                        "another folder",
                        run->output, d.list);
}

status study_look(study *x) {
    int32_t *states = NULL;
    status s =
        comm_agree(x->world, mem_new(&states, (size_t)x->n_runs, sizeof *states, "states of runs"));
    if (s.code)
        return s;
    for (int i = 0; i < x->n_runs && comm_rank(x->world) == 0 && !s.code; i++) {
        char checkpoint[PATH];
        checkpoint_path(&x->runs[i], checkpoint);
        states[i] = exists(x->runs[i].output) ? RUN_COMPLETE
                    : exists(checkpoint)      ? RUN_INTERRUPTED
                                              : RUN_MISSING;
        if (states[i] == RUN_COMPLETE)
            s = compare(x, &x->runs[i]);
    }
    comm_broadcast(x->world, 0, states, (size_t)x->n_runs * sizeof *states);
    for (int i = 0; i < x->n_runs; i++)
        x->runs[i].state = (study_state)states[i];
    mem_free(&states);
    return comm_agree(x->world, s);
}

/* ---- before */

/* Options that exclude each other are known to the models alone: ask them. The whole corpus will
 * do, and another job may complete the run meanwhile: nothing is written. */
static status ask(const study_run *run, const comm *alone) {
    study_output output;
    options o = run->o; /* borrowed strings */
    o.dry_run = o.overwrite = true;
    o.bootstrap = -1;
    status s = study_output_begin(&output, "/dev/null", true, true);
    if (!s.code)
        s = command_train(&o, alone);
    study_output_end(&output, true, run->o.quiet);
    return s.code ? status_error(s.code, "%s: %.400s", run->name, s.message) : s;
}

/* Whether an earlier run is to be trained that has the same options but for seeds and ranks. */
static bool is_asked(const study *x, int run) {
    for (int i = 0; i < run; i++)
        if (x->runs[i].setting == x->runs[run].setting && x->runs[i].state == RUN_MISSING &&
            x->runs[i].variant.shuffles == x->runs[run].variant.shuffles)
            return true;
    return false;
}

static status check_ranks(const study *x) {
    for (int i = 0; i < x->n_runs; i++)
        if (x->runs[i].variant.ranks > comm_size(x->world) && x->runs[i].state != RUN_COMPLETE)
            return status_error(STATUS_USAGE, "%s needs %d ranks, %d are here", x->runs[i].name,
                                x->runs[i].variant.ranks, comm_size(x->world));
    return status_ok();
}

status study_check(const study *x) {
    comm *alone = comm_split(x->world, comm_rank(x->world));
    const bool speaks = comm_rank(x->world) == 0;
    status s = check_ranks(x);
    for (int i = 0; i < x->n_runs && speaks && !s.code; i++)
        if (x->runs[i].state == RUN_MISSING && !is_asked(x, i))
            s = ask(&x->runs[i], alone);
    comm_free(&alone);
    log_init(speaks, x->o->quiet);
    return comm_agree(x->world, s);
}

/* ---- the queue of runs that have the same number of ranks */

typedef struct {
    study *x;
    const comm *ranks; /* of this group */
    const int *order;  /* [n] runs, the longest first */
    int n, at;
    char folder[PATH];
    int failed;
    status failure; /* the first of this group */
} queue;

/* About: tokens, epochs and the length of a vector. */
static void estimate(const study *x, study_run *run) {
    const double passes = run->o.model == MODEL_PPMI_SVD ? 5 : (double)run->o.epochs;
    run->cost =
        x->inputs[run->input].tokens * passes * ((double)run->o.dim + 50) / run->variant.ranks;
}

/* Insertion: the numbers are small, and equal runs stay in the order of the study. */
static int list_runs(const study *x, int ranks, int64_t task, int64_t tasks, int *order) {
    int n = 0;
    for (int i = 0; i < x->n_runs; i++) {
        if (x->runs[i].variant.ranks != ranks)
            continue;
        int at = n++;
        for (; at > 0 && x->runs[order[at - 1]].cost < x->runs[i].cost; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    /* Shares are cut before complete runs are left out: they are the same for every job. */
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (i % tasks == task - 1 && x->runs[order[i]].state != RUN_COMPLETE)
            order[kept++] = order[i];
    return kept;
}

/* The place of the next run that nobody has, or NONE; on the group's first rank. */
static status take(queue *q, int *place) {
    char path[PATH + 16];
    *place = NONE;
    for (; q->at < q->n && *place == NONE && !stop_asked(); q->at++) {
        snprintf(path, sizeof path, "%s/%d", q->folder, q->at);
        const int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (file < 0 && errno != EEXIST)
            return status_errno(errno, "cannot take a run by making", path);
        if (file >= 0) {
            close(file);
            *place = q->at;
        }
    }
    return status_ok();
}

static status take_together(queue *q, int *place) {
    const bool leads = comm_rank(q->ranks) == 0;
    status s = comm_agree(q->ranks, leads ? take(q, place) : status_ok());
    comm_broadcast(q->ranks, 0, place, sizeof *place);
    return s;
}

static void report(const queue *q, const study_run *run, int place, status s, double seconds) {
    if (!s.code)
        log_info("run %d of %d: %s, %.1f s", place + 1, q->n, run->name, seconds);
    else if (s.code != STATUS_STOPPED)
        log_warning("run %d of %d: %s failed (%d): %s", place + 1, q->n, run->name, (int)s.code,
                    s.message);
}

/* Collective over the group. STATUS_STOPPED, or OK also where the run failed. */
static status train(queue *q, int place) {
    study_run *run = &q->x->runs[q->order[place]];
    const bool leads = comm_rank(q->ranks) == 0;
    const double begin = clock_seconds();
    char path[PATH];
    study_output output;
    snprintf(path, sizeof path, "%.*s.log", (int)(strlen(run->output) - strlen(".h5")),
             run->output);
    status s = comm_agree(q->ranks, study_output_begin(&output, path, leads, false));
    if (!s.code)
        s = command_train(&run->o, q->ranks);
    if (s.code)
        log_error("%s", s.message);
    study_output_end(&output, leads, q->x->o->quiet);
    report(q, run, place, s, clock_seconds() - begin);
    if (s.code == STATUS_STOPPED)
        return s;
    if (s.code)
        q->failure = q->failed++ ? q->failure : s;
    return status_ok();
}

static status work(queue *q) {
    status s = status_ok();
    for (int place = 0; !s.code && place != NONE;) {
        s = take_together(q, &place);
        if (!s.code && place != NONE)
            s = train(q, place);
    }
    return s;
}

/* ---- phases */

/* Collective. A folder that no other session has. */
static status open_folder(queue *q) {
    status s = status_ok();
    if (comm_rank(q->x->world) == 0) {
        snprintf(q->folder, sizeof q->folder, "%s/queue.XXXXXX", q->x->o->output);
        if (!mkdtemp(q->folder))
            s = status_errno(errno, "cannot make the folder", q->folder);
    }
    comm_broadcast(q->x->world, 0, q->folder, sizeof q->folder);
    return comm_agree(q->x->world, s);
}

static void close_folder(const queue *q) {
    char path[PATH + 16];
    if (comm_rank(q->x->world) != 0)
        return;
    for (int i = 0; i < q->n; i++) {
        snprintf(path, sizeof path, "%s/%d", q->folder, i);
        unlink(path);
    }
    rmdir(q->folder);
}

/* Collective. The groups of `ranks` ranks work until their queue is empty; left over ranks wait. */
static status run_phase(study *x, int ranks, const int *order, int n, int *failed) {
    const int groups = comm_size(x->world) / ranks;
    const int mine = comm_rank(x->world) / ranks;
    queue q = {.x = x, .order = order, .n = n};
    status s = open_folder(&q);
    if (s.code)
        return s;
    comm *group_ranks = comm_split(x->world, mine < groups ? mine : groups);
    q.ranks = group_ranks;
    if (mine < groups)
        s = work(&q);
    s = stop_agree(x->world, s, "training the runs of the study");
    log_init(comm_rank(x->world) == 0, x->o->quiet);
    *failed += (int)comm_sum(x->world, comm_rank(q.ranks) == 0 ? q.failed : 0);
    comm_free(&group_ranks);
    close_folder(&q);
    const status first = comm_agree(x->world, q.failure);
    return s.code ? s : first;
}

static int count_complete(const study *x) {
    int n = 0;
    for (int i = 0; i < x->n_runs; i++)
        n += x->runs[i].state == RUN_COMPLETE;
    return n;
}

/* What users are told at the end. */
static status sum_up(study *x, status first, int failed) {
    const status s = study_look(x);
    const int n = count_complete(x);
    if (first.code == STATUS_STOPPED)
        return status_error(STATUS_STOPPED,
                            "stopped by %s; %d of %d runs are complete, the same command goes on",
                            stop_reason(), n, x->n_runs);
    if (failed)
        return status_error(first.code, "%d of %d runs failed; the first: %.300s", failed,
                            x->n_runs, first.message);
    return status_first(first, s);
}

status study_train(study *x, int64_t task, int64_t tasks) {
    int *order = NULL, failed = 0;
    status first = status_ok();
    status s = comm_agree(x->world, mem_new(&order, (size_t)x->n_runs, sizeof *order, "the queue"));
    for (int i = 0; i < x->n_runs; i++)
        estimate(x, &x->runs[i]);
    for (int ranks = comm_size(x->world); ranks > 0 && !s.code; ranks--) {
        const int n = list_runs(x, ranks, task, tasks, order);
        const status phase = n ? run_phase(x, ranks, order, n, &failed) : status_ok();
        first = status_first(first, phase);
        if (phase.code == STATUS_STOPPED)
            s = first = phase;
    }
    mem_free(&order);
    return s.code && s.code != STATUS_STOPPED ? s : sum_up(x, first, failed);
}
