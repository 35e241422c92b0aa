// SPDX-License-Identifier: Apache-2.0
#include "provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "command_table.h"
#include "commands.h"
#include "memory.h"
#include "shell_words.h"
#include "version.h"

enum { TEXT = 256, LONGEST_LINE = 60000 };

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

/* What rank 0 knows. */
static status set_shared(h5_file *f, const comm *world, const char *name, char text[TEXT]) {
    comm_broadcast(world, 0, text, TEXT);
    return *text ? set_text(f, name, text) : status_ok();
}

/* The processor's name; empty if the system does not tell. */
static void read_cpu(char *text, size_t size) {
    FILE *info = fopen("/proc/cpuinfo", "r");
    char line[TEXT];
    *text = '\0';
    while (info && !*text && fgets(line, sizeof line, info))
        if (!strncmp(line, "model name", 10) && strchr(line, ':'))
            snprintf(text, size, "%.*s", (int)strcspn(strchr(line, ':') + 2, "\n"),
                     strchr(line, ':') + 2);
    if (info)
        fclose(info);
}

static void read_system(char *text, size_t size) {
    struct utsname u;
    *text = '\0';
    if (!uname(&u))
        snprintf(text, size, "%.60s %.60s %.60s", u.sysname, u.release, u.machine);
}

static status write_machine(h5_file *f, const options *o, const comm *world) {
    char text[TEXT], *hosts = NULL;
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
    h5_library(text, sizeof text);
    if (!s.code)
        s = set_text(f, "hdf5", text);
    read_cpu(text, sizeof text);
    if (!s.code)
        s = set_shared(f, world, "cpu", text);
    read_system(text, sizeof text);
    return s.code ? s : set_shared(f, world, "system", text);
}

static status write_time(h5_file *f, const comm *world, const char *name) {
    char text[TEXT] = "";
    const time_t now = time(NULL);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return set_shared(f, world, name, text);
}

/* An attribute has at most 64 KiB: a line that the shell has made of a pattern may be longer. */
static status set_line(h5_file *f, const char *name, const char *line) {
    char text[TEXT];
    if (strlen(line) <= LONGEST_LINE)
        return set_text(f, name, line);
    snprintf(text, sizeof text, "%s%zu bytes, too long to be kept", PROVENANCE_CUT, strlen(line));
    return set_text(f, name, text);
}

static status write_line(h5_file *f, const options *o, int command) {
    shell_words line = {0}, inputs = {0};
    const char *name = command_by_bit(command)->name;
    const command_row *given = command_by_bit(o->command);
    shell_words_add(&line, "wordshard");
    shell_words_add(&line, given ? given->name : name);
    for (int i = 0; i < o->inputs.n; i++)
        shell_words_add(&inputs, o->inputs.items[i]);
    status s = status_first(line.failure, inputs.failure);
    char *whole = NULL;
    if (!s.code)
        s = mem_new(&whole, line.size + strlen(o->line ? o->line : "") + 2, 1, "a command line");
    if (!s.code) {
        sprintf(whole, "%s %s", line.text, o->line ? o->line : "");
        s = set_text(f, "command", name);
    }
    if (!s.code)
        s = set_line(f, "command_line", whole);
    if (!s.code)
        s = set_line(f, "inputs", inputs.text ? inputs.text : "");
    mem_free(&whole);
    shell_words_clear(&line);
    shell_words_clear(&inputs);
    return s;
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
    if (!w.s.code)
        w.s = write_time(f, world, "started");
    if (!w.s.code)
        w.s = write_line(f, o, command);
    options_each(o, command, write_option, &w);
    return w.s;
}

status provenance_finish(h5_file *f, const comm *world) {
    comm *node = comm_split_node(world);
    const int64_t mine = common_peak_memory(comm_size(node));
    comm_free(&node);
    const int64_t most = comm_max(world, mine), all = comm_sum(world, mine);
    status s = write_time(f, world, "ended");
    if (!s.code)
        s = h5_set_int(f, "/provenance", "peak_memory", most);
    return s.code ? s : h5_set_int(f, "/provenance", "peak_memory_of_all_ranks", all);
}

/* ---- is it what this command would make? */

static void add_difference(provenance_differences *d, const char *name, const char *was,
                           const char *is) {
    const size_t used = strlen(d->list);
    snprintf(d->list + used, sizeof d->list - used, "%s%s was %s, now %s", d->n ? "; " : "", name,
             *was ? was : "\"\"", *is ? is : "\"\"");
    d->n++;
}

void provenance_compare_text(provenance_differences *d, const char *object, const char *attribute,
                             const char *name, const char *is) {
    char *was = NULL;
    if (h5_get_text(d->file, object, attribute, &was).code)
        add_difference(d, name, "not known", is);
    else if (strcmp(was, is) != 0)
        add_difference(d, name, was, is);
    mem_free(&was);
}

static void compare_option(void *context, const char *name, const char *value) {
    char shown[64];
    snprintf(shown, sizeof shown, "--%s", name);
    if (options_define(name))
        provenance_compare_text(context, "/provenance/options", name, shown, value);
}

void provenance_compare_options(provenance_differences *d, const options *o, int command) {
    options_each(o, command, compare_option, d);
}
