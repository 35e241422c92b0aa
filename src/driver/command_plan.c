// SPDX-License-Identifier: Apache-2.0
/* wordshard plan: what a command is going to take, and whether it fits. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "objective.h"
#include "output.h"
#include "plan.h"
#include "plan_sbatch.h"

/* ---- disk */

/* While the next generation of the state is written, both others are there. */
enum { GENERATIONS = 3 };

static double disk_most(const forecast *p) {
    return p->output + GENERATIONS * p->checkpoint + p->snapshots + p->scratch;
}

/* Where the output will be, if that is known and here. */
static status check_disk(const forecast *p, const options *o) {
    struct statvfs fs;
    char *folder = NULL, need[32], have[32];
    if (!*o->output)
        return status_ok();
    status s = common_folder(o->output, &folder);
    if (!s.code && !statvfs(folder, &fs) &&
        disk_most(p) > (double)fs.f_bavail * (double)fs.f_frsize)
        s = status_error(STATUS_SPACE,
                         "this run needs up to %s in %s, %s are free; use another disk, or "
                         "--snapshots last",
                         mem_format(need, disk_most(p)), folder,
                         mem_format(have, (double)fs.f_bavail * (double)fs.f_frsize));
    mem_free(&folder);
    return s;
}

/* ---- the result */

static json_int_t whole(double x) {
    return x < 0x1p62 ? (json_int_t)llround(x) : INT64_MAX;
}

static json_t *memory_json(const estimate *e) {
    json_t *items = json_object();
    for (int i = 0; i < e->n; i++)
        json_object_set_new(items, e->items[i].what, json_integer(whole(e->items[i].bytes)));
    return items;
}

static status print_json(const forecast *p, const char *command) {
    const double memory = estimate_sum(&p->memory);
    return output_json(json_pack(
        "{s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:I, s:s, s:o, s:I, s:I, s:I, s:I, "
        "s:I, s:s, s:I, s:o, s:o, s:b}",
        "command", command, "input", output_text(p->input), "words", whole(p->words), "tokens",
        whole(p->tokens), "documents", whole(p->documents), "nonzeros", whole(p->nonzeros), "ranks",
        p->shape.ranks, "nodes", p->shape.nodes, "threads_per_rank", p->shape.threads,
        "memory_per_rank", whole(memory), "memory_per_node", whole(memory * p->shape.node_ranks),
        "memory_phase", p->memory.phase, "memory", memory_json(&p->memory), "output_bytes",
        whole(p->output), "checkpoint_bytes", whole(p->checkpoint), "snapshot_bytes",
        whole(p->snapshots), "scratch_bytes", whole(p->scratch), "disk_bytes", whole(disk_most(p)),
        "unit", p->unit, "work", whole(p->work), "speed",
        output_number(p->speed > 0 ? p->speed : NAN), "seconds",
        output_number(p->seconds > 0 ? p->seconds : NAN), "measured", p->measured));
}

static const char *duration(char text[32], double seconds) {
    if (seconds < 120)
        snprintf(text, 32, "%.0f s", seconds);
    else if (seconds < 7200)
        snprintf(text, 32, "%.0f min", seconds / 60);
    else
        snprintf(text, 32, "%.1f h", seconds / 3600);
    return text;
}

static void add_bytes(output_table *t, const char *what, double bytes) {
    char text[32];
    if (bytes >= 1)
        output_row(t, "%s\t%s", what, mem_format(text, bytes));
}

static status print_table(const forecast *p, const char *command) {
    char text[32];
    output_table *t;
    status s = output_table_new(&t, "lr", "plan\t");
    if (s.code)
        return s;
    output_row(t, "command\t%s %s", command, p->input);
    if (p->tokens > 0)
        output_row(t, "words, tokens\t%.0f, %.0f", p->words, p->tokens);
    if (p->nonzeros > 0)
        output_row(t, "non-zeros\t%.4g", p->nonzeros);
    output_row(t, "ranks x threads, nodes\t%d x %d, %d", p->shape.ranks, p->shape.threads,
               p->shape.nodes);
    output_row(t, "memory of a rank\t%s", mem_format(text, estimate_sum(&p->memory)));
    output_row(t, "  most while\t%s", p->memory.phase);
    for (int i = 0; i < p->memory.n; i++) {
        char what[64];
        snprintf(what, sizeof what, "  %s", p->memory.items[i].what);
        add_bytes(t, what, p->memory.items[i].bytes);
    }
    add_bytes(t, "memory of a node", estimate_sum(&p->memory) * p->shape.node_ranks);
    add_bytes(t, "disk, at most", disk_most(p));
    add_bytes(t, "  output", p->output);
    add_bytes(t, "  checkpoints", GENERATIONS * p->checkpoint);
    add_bytes(t, "  snapshots while it lasts", p->snapshots);
    add_bytes(t, "  scratch files", p->scratch);
    if (p->speed > 0 && isfinite(p->speed))
        output_row(t, "%s/s\t%.4g%s", p->unit, p->speed, p->measured ? " (measured)" : "");
    output_row(t, "time\t%s", p->seconds > 0 ? duration(text, p->seconds) : "not known");
    return output_print(&t);
}

/* ---- finding out */

static status find_train(forecast *p, const options *o, const comm *world) {
    const char *path = p->input;
    if (o->model == MODEL_GLOVE)
        return train_glove_plan(p, o, path, world);
    if (o->model == MODEL_PPMI_SVD)
        return train_svd_plan(p, o, path, world);
    return o->schedule == SCHEDULE_STRATA ? train_strata_plan(p, o, path, world)
                                          : training_plan(p, o, path, world);
}

/* The one file of ours that is planned for. */
static status find_input(forecast *p, const options *o, const comm *world) {
    char kind[64] = "";
    status s = common_one_input(o, "corpus.h5 or cooc.h5", &p->input);
    if (s.code)
        return s;
    if (comm_rank(world) == 0)
        h5_kind(p->input, kind, sizeof kind);
    comm_broadcast(world, 0, kind, sizeof kind);
    if (!*kind)
        s = status_error(STATUS_INPUT,
                         "%s is none of our files: prepare the text first (plan prepare tells what "
                         "that takes), then plan with its corpus.h5",
                         p->input);
    return s;
}

static bool is_counts(const forecast *p) {
    return p->nonzeros > 0 && p->documents <= 0;
}

static status find_time(forecast *p, const options *o, const comm *world) {
    status s = status_ok();
    if (o->plan_speed > 0)
        p->speed = o->plan_speed;
    else if (!is_counts(p))
        s = plan_calibrate(p, o, world);
    if (s.code == STATUS_SPACE) {
        log_warning("no time: this machine cannot try it (%s); give --words-per-second", s.message);
        s = status_ok();
    } else if (is_counts(p) && !(o->plan_speed > 0)) {
        log_warning("no time: a part of a corpus.h5 can be tried, but counts cannot be cut; give "
                    "--words-per-second, or plan with the corpus");
    }
    if (p->speed > 0)
        p->seconds = p->before + p->work / p->speed;
    return s;
}

static status find(forecast *p, const options *o, const comm *world) {
    if (o->command & C_PREPARE)
        return prepare_plan(p, o, world);
    status s = find_input(p, o, world);
    if (!s.code)
        s = o->command & C_COOCCUR ? cooc_plan(p, o, p->input, world) : find_train(p, o, world);
    return s.code ? s : find_time(p, o, world);
}

static const char *name_of(int command) {
    return command & C_PREPARE ? "prepare" : command & C_COOCCUR ? "cooccur" : "train";
}

status command_plan(const options *o, const comm *world) {
    forecast p = {0};
    status s = status_ok();
    if (!(o->command & (C_PREPARE | C_COOCCUR | C_TRAIN)))
        return status_error(STATUS_USAGE, "plan what? plan prepare, plan cooccur or plan train");
    if (*o->sbatch && !(o->command & C_TRAIN))
        return status_error(STATUS_USAGE,
                            "--sbatch writes a script for a training run: plan train");
    if (!s.code)
        s = find(&p, o, world);
    if (!s.code && comm_rank(world) == 0)
        s = check_disk(&p, o);
    if (!s.code && comm_rank(world) == 0 && *o->sbatch)
        s = plan_sbatch(&p, o);
    const bool on_stdout = strcmp(o->sbatch, "-") == 0;
    if (!s.code && comm_rank(world) == 0 && !on_stdout)
        s = o->json ? print_json(&p, name_of(o->command)) : print_table(&p, name_of(o->command));
    return comm_agree(world, s);
}
