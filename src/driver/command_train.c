// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "command_input.h"
#include "commands.h"
#include "memory.h"
#include "output.h"
#include "train_glove.h"
#include "train_strata.h"
#include "train_svd.h"
#include "training.h"

static status print_result(const training *t) {
    const run_epoch *last = &t->record.epochs[t->o->epochs - 1];
    const double seconds = run_record_seconds(&t->record);
    double words = 0;
    for (int64_t e = 0; e < t->o->epochs; e++)
        words += t->record.epochs[e].words;
    if (t->o->json) {
        json_t *object = json_pack(
            "{s:s, s:s, s:I, s:I, s:i, s:o, s:f, s:f, s:f, s:s, s:i, s:i, s:i, s:I, s:I}", "run",
            t->o->output, "corpus", t->corpus_path, "words", (json_int_t)t->n_words, "dim",
            (json_int_t)t->o->dim, "epochs", (int)t->o->epochs, "loss", output_number(last->loss),
            "tokens", words, "seconds", seconds, "words_per_second", words / seconds, "isa",
            t->kernel->name, "replicas", t->replicas.n, "ranks", comm_size(t->world),
            "threads_per_rank", t->n_threads, "bytes_sent", (json_int_t)t->bytes_sent,
            "peak_memory", (json_int_t)common_peak_memory(1));
        return output_json(object);
    }
    run_record_print(&t->record, words);
    return status_ok();
}

static status run(training *t) {
    status s = training_prepare(t);
    if (!s.code)
        s = t->softmax ? train_softmax(t) : train_hogwild(t);
    if (!s.code)
        s = training_blend(t);
    if (!s.code)
        s = run_record_commit(&t->record);
    if (s.code)
        return run_record_abandon(&t->record, s);
    if (comm_rank(t->world) == 0)
        s = print_result(t);
    return comm_agree(t->world, s);
}

/* Skip-gram and CBOW. */
static status train_windows(const options *o, const char *path, const comm *world) {
    training t = {0};
    status s = training_open(&t, o, path, world);
    if (!s.code && o->dry_run)
        s = comm_agree(world, comm_rank(world) == 0 ? training_describe(&t) : status_ok());
    if (!s.code && !o->dry_run)
        s = run(&t);
    training_close(&t);
    return s;
}

status command_train(const options *o, const comm *world) {
    char *path = NULL;
    status s = o->dry_run && !*o->output ? status_ok() : common_check_output(o, world);
    if (!s.code)
        s = command_input(o, world, &path);
    if (!s.code)
        s = o->model == MODEL_GLOVE          ? train_glove(o, path, world)
            : o->model == MODEL_PPMI_SVD     ? train_svd(o, path, world)
            : o->schedule == SCHEDULE_STRATA ? train_strata(o, path, world)
                                             : train_windows(o, path, world);
    command_input_end(o, world, &path);
    return s;
}
