// SPDX-License-Identifier: Apache-2.0
#include "provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "memory.h"
#include "version.h"

typedef struct {
    h5_file *file;
    status s;
} writer;

static void write_option(void *context, const char *name, const char *value) {
    writer *w = context;
    if (!w->s.code)
        w->s = h5_set_text(w->file, "/provenance/options", name, value);
}

static status set_text(h5_file *f, const char *name, const char *value) {
    return h5_set_text(f, "/provenance", name, value);
}

status provenance_hosts(const comm *world, char **list) {
    enum { NAME = 64 };
    char mine[NAME] = {0}, *all;
    int64_t bytes;
    comm_host(mine, sizeof mine);
    status s = comm_concatenate(world, mine, sizeof mine, &all, &bytes);
    size_t size = (size_t)comm_size(world) * (NAME + 16) + 1, at = 0;
    if (!s.code)
        s = comm_agree(world, mem_new(list, size, 1, "the list of hosts"));
    for (int r = 0, n; !s.code && r < comm_size(world); r += n) {
        n = 1;
        while (r + n < comm_size(world) && !strcmp(all + r * NAME, all + (r + n) * NAME))
            n++;
        at +=
            (size_t)snprintf(*list + at, size - at, "%s%s x %d", at ? ", " : "", all + r * NAME, n);
    }
    mem_free(&all);
    return s;
}

const char *const *provenance_job_ids(size_t *n) {
    static const char *const names[] = {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID",
                                        "SLURM_RESTART_COUNT", "PBS_JOBID"};
    *n = sizeof names / sizeof *names;
    return names;
}

static status write_job_ids(h5_file *f, const comm *world) {
    size_t n;
    const char *const *names = provenance_job_ids(&n);
    status s = status_ok();
    for (size_t i = 0; i < n && !s.code; i++) {
        char value[128] = {0};
        const char *here = getenv(names[i]);
        if (here)
            snprintf(value, sizeof value, "%s", here);
        comm_broadcast(world, 0, value, sizeof value);
        if (*value)
            s = set_text(f, names[i], value);
    }
    return s;
}

static status write_machine(h5_file *f, const options *o, const comm *world) {
    char text[256], *hosts = NULL;
    status s = provenance_hosts(world, &hosts);
    if (!s.code)
        s = set_text(f, "hosts", hosts);
    mem_free(&hosts);
    comm_library(text, sizeof text);
    if (!s.code)
        s = set_text(f, "mpi", text);
    if (!s.code)
        s = h5_set_int(f, "/provenance", "ranks", comm_size(world));
    int64_t threads = comm_max(world, common_threads(o));
    if (!s.code)
        s = h5_set_int(f, "/provenance", "threads_per_rank", threads);
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    comm_broadcast(world, 0, text, sizeof text);
    return s.code ? s : set_text(f, "started", text);
}

status provenance_write(h5_file *f, const options *o, int command, const comm *world) {
    writer w = {.file = f, .s = set_text(f, "version", WORDSHARD_VERSION)};
    if (!w.s.code)
        w.s = set_text(f, "commit", WORDSHARD_COMMIT);
    if (!w.s.code)
        w.s = set_text(f, "compiler", WORDSHARD_COMPILER);
    if (!w.s.code)
        w.s = set_text(f, "build", WORDSHARD_BUILD);
    if (!w.s.code)
        w.s = write_machine(f, o, world);
    if (!w.s.code)
        w.s = write_job_ids(f, world);
    options_each(o, command, write_option, &w);
    return w.s;
}
