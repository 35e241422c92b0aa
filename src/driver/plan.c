// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "cooc_file.h"
#include "memory.h"
#include "objective.h"

/* A word in a vocabulary: its bytes twice (once at fixed length, compressed), place and count. */
static const double WORD_BYTES = 2 * 8 + 2 * sizeof(int64_t);

void plan_disk(forecast *p, const options *o, double n_words, double row_bytes, double rows) {
    const double tables =
        h5_stored_bytes(n_words, row_bytes) + h5_stored_bytes(rows - n_words, row_bytes);
    const bool all = o->snapshots == SNAPSHOTS_ALL && o->model != MODEL_PPMI_SVD;
    p->words = n_words;
    p->epochs_kept = all ? (double)o->epochs : 1;
    p->output = n_words * WORD_BYTES + p->epochs_kept * tables +
                (o->blend > 0 ? h5_stored_bytes(n_words, row_bytes) : 0);
    p->checkpoint = rows * row_bytes;
    p->snapshots = p->epochs_kept * rows * row_bytes;
}

void plan_corpus(forecast *p, const options *o, const corpus_file *c) {
    p->tokens = (double)c->n_tokens;
    p->documents = (double)c->n_documents;
    p->unit = "words";
    p->work = p->tokens * (double)o->epochs;
}

/* ---- counts */

static status size_of_file(forecast *p, cooc_size *x, const char *path, const group *g) {
    cooc_file c;
    const status s = cooc_file_open(&c, path, g);
    if (s.code)
        return s;
    const cooccurrence counts = {.words = c.words,
                                 .n_cells = c.header.n_cells,
                                 .n_nonzeros = c.header.n_nonzeros,
                                 .n_tokens = c.header.n_tokens};
    *x = cooc_size_of(&counts);
    p->memory = (estimate){0};
    cooc_file_close(&c);
    return s;
}

static status size_of_corpus(forecast *p, cooc_size *x, const options *o, const char *path,
                             const comm *world) {
    const group g = comm_group(world);
    corpus_file c;
    estimate e = {0};
    status s = corpus_file_open(&c, path, &g);
    if (s.code)
        return s;
    job_shape_add_process(&p->shape, &e);
    s = cooc_size_sample(x, &c, o, &p->shape, world);
    cooc_size_estimate(x, &p->shape, (o->command & C_COOCCUR) != 0, &e);
    p->memory = e;
    corpus_file_close(&c);
    return s;
}

status cooc_plan_counts(forecast *p, cooc_size *x, const options *o, const char *path,
                        const comm *world) {
    const group g = comm_group(world);
    char kind[64] = "";
    if (comm_rank(world) == 0)
        h5_kind(path, kind, sizeof kind);
    comm_broadcast(world, 0, kind, sizeof kind);
    const status s = strcmp(kind, COOC_FILE_KIND) ? size_of_corpus(p, x, o, path, world)
                                                  : size_of_file(p, x, path, &g);
    p->words = x->n_words;
    p->tokens = x->n_tokens;
    p->documents = x->n_documents;
    p->nonzeros = x->nonzeros;
    return s;
}

status cooc_plan(forecast *p, const options *o, const char *path, const comm *world) {
    cooc_size x = {0};
    status s = job_shape_find(&p->shape, o, world);
    if (!s.code)
        s = size_of_corpus(p, &x, o, path, world);
    if (s.code)
        return s;
    p->words = x.n_words;
    p->tokens = p->work = x.n_tokens;
    p->documents = x.n_documents;
    p->nonzeros = x.nonzeros;
    p->unit = "words";
    p->output = x.n_words * (WORD_BYTES + sizeof(int64_t)) + x.cells * 2 * sizeof(int32_t);
    if (o->memory && estimate_sum(&p->memory) > (double)o->memory) {
        /* Chunks go to scratch files and are merged into others. */
        p->scratch = 2 * x.part_cells * p->shape.ranks * 2 * sizeof(int32_t);
        p->memory = (estimate){.phase = "counting in chunks"};
        estimate_add(&p->memory, "limit", (double)o->memory);
    }
    return job_shape_check(&p->shape, o, world, &p->memory,
                           "use more ranks, or --memory with room "
                           "for scratch files");
}

/* ---- a folder for trials */

status plan_folder_open(char folder[PLAN_PATH], const options *o, const comm *world) {
    const char *temporary = getenv("TMPDIR");
    char *beside = NULL;
    status s = *o->output ? common_folder(o->output, &beside) : status_ok();
    snprintf(folder, PLAN_PATH, "%.400s/wordshard-plan-XXXXXX",
             beside      ? beside
             : temporary ? temporary
                         : "/tmp");
    if (!s.code && comm_rank(world) == 0 && !mkdtemp(folder))
        s = status_errno(errno, "cannot make a folder", folder);
    mem_free(&beside);
    s = comm_agree(world, s);
    comm_broadcast(world, 0, folder, PLAN_PATH);
    return s;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

void plan_folder_remove(const char *folder, const comm *world) {
    comm_barrier(world);
    if (comm_rank(world) == 0)
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
