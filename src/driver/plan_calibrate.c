// SPDX-License-Identifier: Apache-2.0
/* How fast this machine is: the real commands on the beginning of the corpus, with its whole
 * vocabulary, in a folder that goes. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "objective.h"
#include "plan.h"
#include "run_file.h"

static const double WANTED = 1.5;       /* seconds of a run that is long enough */
static const double FIRST_TOKENS = 2e5; /* of the first run */
static const int64_t BLOCK = 1 << 20;   /* tokens copied at a time */

typedef struct {
    const options *o;
    const comm *world;
    corpus_file corpus;
    char folder[PLAN_PATH], part[PLAN_PATH + 16], run[PLAN_PATH + 16];
} calibration;

/* What a run took. */
typedef struct {
    double tokens;        /* of its corpus */
    double work, seconds; /* of training, as plan counts them */
    double whole;         /* seconds of everything */
} trial;

/* ---- the beginning of the corpus as a file */

static status copy_tokens(const corpus_file *c, h5_file *to, int64_t n) {
    int32_t *tokens = NULL;
    status s = mem_new(&tokens, (size_t)BLOCK, sizeof *tokens, "a block of the corpus");
    for (int64_t at = 0; !s.code && at < n; at += BLOCK) {
        const int64_t now = n - at < BLOCK ? n - at : BLOCK;
        s = corpus_file_tokens(c, at, now, tokens);
        if (!s.code)
            s = h5_write_rows(to, "/tokens", at, now, tokens);
    }
    mem_free(&tokens);
    return s;
}

static status copy_documents(const corpus_file *c, h5_file *to, int64_t n) {
    int64_t *documents = NULL, last;
    status s = corpus_file_find(c, n - 1, &last);
    if (!s.code)
        s = mem_new(&documents, (size_t)last + 2, sizeof *documents, "documents");
    if (!s.code)
        s = corpus_file_documents(c, 0, last + 1, documents);
    if (!s.code) {
        const h5_dataset d = {.name = "/documents", .type = H5_I64, .rows = last + 2};
        documents[last + 1] = n;
        s = h5_write(to, &d, 0, last + 2, documents, 1);
    }
    mem_free(&documents);
    return s;
}

/* Local. */
static status write_part(const calibration *k, int64_t n) {
    const group alone = group_alone();
    const h5_dataset tokens = {.name = "/tokens", .type = H5_I32, .rows = n};
    h5_file *file = NULL;
    status s = h5_create(&file, k->part, CORPUS_FILE_KIND, CORPUS_FILE_VERSION, &alone);
    if (!s.code)
        s = wordlist_write(&k->corpus.words, file, "/vocab/counts");
    if (!s.code)
        s = h5_set_text(file, "/", CONTENT_HASH, k->corpus.hash);
    if (!s.code)
        s = h5_write_begin(file, &tokens);
    if (!s.code)
        s = h5_write_end(file, copy_tokens(&k->corpus, file, n));
    if (!s.code)
        s = copy_documents(&k->corpus, file, n);
    if (!s.code)
        s = h5_commit(&file);
    h5_discard(&file);
    return s;
}

/* ---- one run */

/* Commands print their result, which nobody wants here. Returns what to give back. */
static int silence(void) {
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    return kept;
}

static void speak(int kept) {
    fflush(stdout);
    if (kept >= 0) {
        dup2(kept, STDOUT_FILENO);
        close(kept);
    }
}

/* Training of one epoch: what the file says. */
static status read_trial(const calibration *k, trial *t) {
    const group alone = group_alone();
    const bool of_pairs = k->o->model == MODEL_GLOVE;
    run_file run;
    run_epoch *epochs = NULL;
    int64_t n = 0, cells = 0;
    status s = run_file_open(&run, k->run, &alone);
    if (s.code)
        return s;
    s = run_file_read_training(&run, &n, &epochs);
    if (!s.code && k->o->model == MODEL_PPMI_SVD)
        s = h5_get_int(run.file, "/provenance", "ppmi_cells", &cells);
    if (!s.code && n) {
        t->seconds = epochs[0].seconds;
        t->work = cells ? (double)cells : of_pairs ? epochs[0].pairs : epochs[0].words;
    }
    mem_free(&epochs);
    run_file_close(&run);
    return s;
}

/* Of each rank: as planned, but no more than this machine has. */
static int threads_here(const calibration *k) {
    options o = *k->o;
    const int planned = common_threads(&o);
    o.threads = 0;
    const int here = common_threads(&o);
    return planned < here ? planned : here;
}

/* The planned command with what may not matter here left out. Borrows strings of k. */
static options command_of(const calibration *k) {
    static char none[] = "";
    options o = *k->o;
    o.command &= ~C_PLAN;
    o.plan_ranks = o.plan_nodes = o.node_memory = o.memory = 0;
    o.json = o.dry_run = false;
    o.quiet = o.overwrite = true;
    o.output = (char *)(uintptr_t)k->run;
    o.metrics = o.scratch = none;
    o.snapshots = SNAPSHOTS_LAST;
    o.epochs = 1;
    o.max_time = 0;
    o.threads = threads_here(k);
    o.episodes = 1;
    o.blend = 0;
    if (o.model != MODEL_GLOVE)
        o.init = INIT_RANDOM;
    return o;
}

/* Collective. The first n tokens. */
static status try(const calibration *k, double tokens, trial *t) {
    char *inputs[] = {(char *)(uintptr_t)k->part};
    options o = command_of(k);
    o.inputs = (string_list){.n = 1, .items = inputs};
    *t = (trial){.tokens = tokens};
    status s = comm_rank(k->world) == 0 ? write_part(k, (int64_t)tokens) : status_ok();
    if ((s = comm_agree(k->world, s)).code)
        return s;
    const int kept = silence();
    const double started = clock_seconds();
    s = o.command & C_COOCCUR ? command_cooccur(&o, k->world) : command_train(&o, k->world);
    t->whole = clock_seconds() - started;
    speak(kept);
    if (!s.code && (o.command & C_TRAIN) && comm_rank(k->world) == 0)
        s = read_trial(k, t);
    if (o.command & C_COOCCUR) {
        t->work = tokens;
        t->seconds = t->whole;
    }
    s = comm_agree(k->world, s);
    comm_broadcast(k->world, 0, t, sizeof *t);
    return s;
}

/* ---- enough of them */

/* Tokens of an episode are as many as in the run, so that buckets are as full. */
static double first_tokens(const calibration *k) {
    const double all = (double)k->corpus.n_tokens, episode = all / (double)k->o->episodes;
    const bool strata = k->o->command & C_TRAIN && k->o->schedule == SCHEDULE_STRATA;
    return fmin(all, strata ? fmin(episode, 2e6) : FIRST_TOKENS);
}

/* A second, longer run if the first was over too soon. */
static status try_long(const calibration *k, trial *t) {
    const double all = (double)k->corpus.n_tokens;
    status s = try(k, first_tokens(k), t);
    if (!s.code && t->seconds < WANTED / 2 && t->tokens < all)
        s = try(k, fmin(all, ceil(t->tokens * fmin(50, WANTED / fmax(t->seconds, 1e-3)))), t);
    return s;
}

/* Ranks times threads, planned for each that runs now. */
static double more_cores(const forecast *p, const calibration *k) {
    const double now = (double)comm_size(k->world) * threads_here(k);
    return (double)p->shape.ranks * p->shape.threads / now;
}

/* Of two runs, as a part of the work does not depend on the corpus. */
static status calibrate_svd(forecast *p, const calibration *k) {
    const double all = (double)k->corpus.n_tokens;
    trial small, large;
    status s = try(k, fmin(all, 5e5), &small);
    if (!s.code)
        s = try(k, fmin(all, 2e6), &large);
    if (s.code)
        return s;
    const double more = large.work - small.work;
    const double slope = more > 0 ? fmax(0, (large.seconds - small.seconds) / more) : 0;
    const double counting = (large.whole - large.seconds) / large.tokens;
    p->before = (large.seconds - slope * large.work + counting * all) / more_cores(p, k);
    p->speed = slope > 0 ? more_cores(p, k) / slope : INFINITY;
    return s;
}

static status calibrate(forecast *p, const calibration *k) {
    trial t;
    if (k->o->model == MODEL_PPMI_SVD && k->o->command & C_TRAIN)
        return calibrate_svd(p, k);
    const status s = try_long(k, &t);
    if (s.code || !(t.seconds > 0))
        return s;
    p->speed = t.work / t.seconds * more_cores(p, k);
    if (k->o->model == MODEL_GLOVE && k->o->command & C_TRAIN)
        p->before =
            (t.whole - t.seconds) / t.tokens * (double)k->corpus.n_tokens / more_cores(p, k);
    return s;
}

/* ---- all of it */

status plan_calibrate(forecast *p, const options *o, const comm *world) {
    const group g = comm_group(world);
    calibration k = {.o = o, .world = world};
    status s = corpus_file_open(&k.corpus, p->input, &g);
    if (s.code)
        return s;
    s = plan_folder_open(k.folder, o, world);
    snprintf(k.part, sizeof k.part, "%s/part.h5", k.folder);
    snprintf(k.run, sizeof k.run, "%s/run.h5", k.folder);
    if (!s.code) {
        log_init(comm_rank(world) == 0, true);
        mem_set_limit(0);
        s = calibrate(p, &k);
        mem_set_limit((size_t)o->memory);
        log_init(comm_rank(world) == 0, o->quiet);
        plan_folder_remove(k.folder, world);
    }
    corpus_file_close(&k.corpus);
    p->measured = !s.code && p->speed > 0;
    return s;
}
