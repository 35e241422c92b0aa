// SPDX-License-Identifier: Apache-2.0
#include "drift_groups.h"

#include <string.h>

#include "input.h"
#include "memory.h"

/* ---- names */

typedef struct {
    char ***names;
    int *n;
} name_list;

static int find_name(const name_list *list, const char *name, size_t length) {
    for (int i = 0; i < *list->n; i++)
        if (strlen((*list->names)[i]) == length && !strncmp((*list->names)[i], name, length))
            return i;
    return -1;
}

/* Its number; added when it is new. */
static status number_name(const name_list *list, const char *name, size_t length, int *number) {
    *number = find_name(list, name, length);
    if (*number >= 0)
        return status_ok();
    size_t room = (size_t)*list->n;
    char *copy;
    status s = mem_new(&copy, length + 1, 1, "a name");
    if (s.code)
        return s;
    memcpy(copy, name, length);
    s = mem_grow(list->names, &room, (size_t)*list->n + 1, sizeof **list->names, "names");
    if (s.code) {
        mem_free(&copy);
        return s;
    }
    *number = (*list->n)++;
    (*list->names)[*number] = copy;
    return s;
}

/* ---- runs, as they are found */

typedef struct {
    int set, period;
    char *path;
} found_run;

typedef struct {
    drift_groups *g;
    const comm *world;
    found_run *runs; /* [n] */
    size_t n, room;
} finding;

static status add_run(finding *f, int set, int period, const char *path) {
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->runs[i].path, path))
            return status_error(STATUS_USAGE, "%s is given twice; each run counts once", path);
    status s = mem_grow(&f->runs, &f->room, f->n + 1, sizeof *f->runs, "runs");
    if (s.code)
        return s;
    f->runs[f->n] = (found_run){set, period, NULL};
    s = mem_string(&f->runs[f->n].path, path);
    f->n += !s.code;
    return s;
}

/* Collective. Rank 0 looks, so that all ranks find the same files. */
static status expand(const comm *world, char *pattern, input_list *list) {
    const bool first = comm_rank(world) == 0;
    uint8_t *bytes = NULL;
    size_t n = 0;
    *list = (input_list){0};
    status s = first ? input_list_expand(list, 1, &pattern) : status_ok();
    if (!s.code && first)
        s = input_list_pack(list, &bytes, &n);
    s = comm_agree(world, s);
    comm_broadcast(world, 0, &n, sizeof n);
    if (!s.code && !first)
        s = mem_new(&bytes, n, 1, "a list of runs");
    s = comm_agree(world, s);
    if (!s.code)
        comm_broadcast(world, 0, bytes, n);
    if (!s.code && !first)
        s = input_list_unpack(list, bytes, n);
    mem_free(&bytes);
    return comm_agree(world, s);
}

/* Collective. "NAME=FILES" of --periods, "NAME@SET=FILES" of --control. */
static status read_item(finding *f, const char *option, char *item, bool is_control) {
    drift_groups *g = f->g;
    const name_list periods = {&g->periods, &g->n_periods}, sets = {&g->sets, &g->n_sets};
    const size_t length = strcspn(item, "=");
    const char *at = is_control ? memchr(item, '@', length) : NULL;
    const size_t name = at ? (size_t)(at - item) : length;
    int set = 0, period;
    if (!name || !item[length] || !item[length + 1])
        return status_error(STATUS_USAGE, "%s %s: no runs; give NAME%s=FILES", option, item,
                            is_control ? "@I" : "");
    status s = number_name(&periods, item, name, &period);
    if (!s.code && is_control)
        s = at ? number_name(&sets, at, (size_t)(item + length - at), &set)
               : number_name(&sets, "@", 1, &set);
    s = comm_agree(f->world, s);
    input_list list = {0};
    if (!s.code)
        s = expand(f->world, item + length + 1, &list);
    for (int64_t i = 0; i < list.n && !s.code; i++)
        s = add_run(f, set, period, list.files[i].path);
    input_list_clear(&list);
    return comm_agree(f->world, s);
}

/* A run as a period of its own. */
static status read_input(finding *f, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    const size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    const name_list periods = {&f->g->periods, &f->g->n_periods};
    int period;
    if (find_name(&periods, name, length) >= 0)
        return status_error(STATUS_USAGE,
                            "%s: another run has the name %.*s too; name the periods: --periods "
                            "NAME=FILES...",
                            path, (int)length, name);
    status s = number_name(&periods, name, length, &period);
    return s.code ? s : add_run(f, 0, period, path);
}

/* ---- in order */

static status order(finding *f) {
    drift_groups *g = f->g;
    status s = mem_new(&g->paths, f->n, sizeof *g->paths, "runs");
    if (!s.code)
        s = mem_new(&g->first, (size_t)g->n_sets * (size_t)g->n_periods + 1, sizeof *g->first,
                    "groups of runs");
    for (int at = 0; at < g->n_sets * g->n_periods && !s.code; at++) {
        for (size_t i = 0; i < f->n && !s.code; i++)
            if (f->runs[i].set * g->n_periods + f->runs[i].period == at) {
                g->paths[g->n_runs++] = f->runs[i].path;
                f->runs[i].path = NULL;
            }
        g->first[at + 1] = g->n_runs;
    }
    return s;
}

/* ---- steps */

static status find_reference(drift_groups *g, const char *to) {
    const name_list periods = {&g->periods, &g->n_periods};
    g->reference = *to ? find_name(&periods, to, strlen(to)) : -1;
    return *to && g->reference < 0
               ? status_error(STATUS_USAGE, "--to %s: there is no period of that name", to)
               : status_ok();
}

int drift_groups_controls(const drift_groups *g, drift_ends step) {
    int n = 0;
    for (int set = 1; set < g->n_sets; set++)
        n += drift_group_serves(g, set, step);
    return n;
}

/* A control with the runs of one period only, or of two that no step is between. */
static status check_control(const drift_groups *g, int set) {
    int period = 0;
    for (int i = 0; i < g->n_periods - 1; i++)
        if (drift_group_serves(g, set, drift_ends_of(g->reference, i)))
            return status_ok();
    while (!drift_group_size(g, set, period))
        period++;
    return status_error(STATUS_USAGE,
                        "--control %s%s: no step has both of its periods in this control; give "
                        "runs of the other period too, or leave it out",
                        g->periods[period], g->sets[set]);
}

static status check_step(const drift_groups *g, drift_ends step) {
    const char *from = g->periods[step.from], *to = g->periods[step.to];
    return drift_groups_controls(g, step)
               ? status_ok()
               : status_error(STATUS_USAGE,
                              "no control for the step %s to %s; other steps have some: give "
                              "--control %s@I=FILES %s@I=FILES",
                              from, to, from, to);
}

static status check(const drift_groups *g, int n_named) {
    status s = status_ok();
    if (g->n_periods > n_named)
        return status_error(STATUS_USAGE, "--control: there is no period %s", g->periods[n_named]);
    if (g->n_periods < 2)
        return status_error(STATUS_USAGE, "two periods or more are needed, %d given", g->n_periods);
    for (int set = 1; set < g->n_sets && !s.code; set++)
        s = check_control(g, set);
    for (int i = 0; i < g->n_periods - 1 && g->n_sets > 1 && !s.code; i++)
        s = check_step(g, drift_ends_of(g->reference, i));
    return s;
}

/* ---- all of it */

status drift_groups_read(drift_groups *g, const options *o, const comm *world) {
    *g = (drift_groups){0};
    finding f = {.g = g, .world = world};
    int real;
    status s = number_name(&(name_list){&g->sets, &g->n_sets}, "", 0, &real);
    for (int i = 0; i < o->inputs.n && !s.code; i++)
        s = read_input(&f, o->inputs.items[i]);
    s = comm_agree(world, s);
    for (int i = 0; i < o->periods.n && !s.code; i++)
        s = read_item(&f, "--periods", o->periods.items[i], false);
    const int n_named = g->n_periods;
    for (int i = 0; i < o->drift_controls.n && !s.code; i++)
        s = read_item(&f, "--control", o->drift_controls.items[i], true);
    if (!s.code)
        s = comm_agree(world, order(&f));
    if (!s.code)
        s = find_reference(g, o->to);
    if (!s.code)
        s = check(g, n_named);
    for (size_t i = 0; i < f.n; i++)
        mem_free(&f.runs[i].path);
    mem_free(&f.runs);
    return s;
}

void drift_groups_clear(drift_groups *g) {
    for (int i = 0; i < g->n_periods; i++)
        mem_free(&g->periods[i]);
    for (int i = 0; i < g->n_sets; i++)
        mem_free(&g->sets[i]);
    for (int i = 0; i < g->n_runs; i++)
        mem_free(&g->paths[i]);
    mem_free(&g->periods);
    mem_free(&g->sets);
    mem_free(&g->paths);
    mem_free(&g->first);
}
