// SPDX-License-Identifier: Apache-2.0
/* How the runs were trained: loss and movement of each epoch. */
#include <math.h>

#include "memory.h"
#include "report.h"

/* PPMI-SVD has an epoch without a loss. A table that cannot be read is told when it is written. */
static bool has_curve(const report_run *run) {
    run_epoch *epochs = NULL;
    int64_t n;
    const status s = run_file_read_training(&run->words.run, &n, &epochs);
    bool found = s.code != STATUS_OK;
    for (int64_t i = 0; i < n && !s.code; i++)
        found |= isfinite(epochs[i].loss) || isfinite(epochs[i].update_norm);
    mem_free(&epochs);
    return found;
}

static bool has_training(const report *r) {
    for (int i = 0; i < r->n_runs; i++)
        if (has_curve(&r->runs[i]))
            return true;
    return false;
}

static status add_run(const report_run *run, result_table *t) {
    run_epoch *epochs = NULL;
    int64_t n;
    status s = run_file_read_training(&run->words.run, &n, &epochs);
    for (int64_t i = 0; i < n && !s.code; i++) {
        result_put_string(t, run->label);
        result_put_whole(t, i + 1);
        result_put_real(t, epochs[i].loss);
        result_put_real(t, epochs[i].update_norm);
        result_put_real(t, epochs[i].learning_rate);
        result_put_real(t, epochs[i].words);
        result_put_real(t, epochs[i].pairs);
        result_put_real(t, epochs[i].seconds);
    }
    mem_free(&epochs);
    return s;
}

static status write_training(report *r) {
    static const result_column columns[] = {
        {"run", RESULT_TEXT, 0},           {"epoch", RESULT_WHOLE, 0},
        {"loss", RESULT_REAL, 4},          {"update_norm", RESULT_REAL, 2},
        {"learning_rate", RESULT_REAL, 5}, {"words", RESULT_REAL, 0},
        {"pairs", RESULT_REAL, 0},         {"seconds", RESULT_REAL, 1}};
    static const char *const shown[] = {"loss", "update_norm", NULL};
    status s = status_ok();
    int n;
    result_table *t = result_add(&r->data, "training", "epochs of the training", columns,
                                 sizeof columns / sizeof *columns);
    for (int i = 0; i < r->n_runs && !s.code; i++)
        s = add_run(&r->runs[i], t);
    if (s.code || !t)
        return s;
    report_begin_section(r, report_training.id, report_training.title, NULL);
    report_begin_figure(r, true);
    const chart_lines spec = {
        .c = {.data = t, .width = CHART_PANEL, .height = 240, .x_title = "epoch"},
        .series = "run",
        .x = "epoch",
        .points = true};
    s = report_panels(r, &spec, shown, &n);
    report_end_figure(r, "Training",
                      "Left: mean loss of a pair in nats; runs can be compared where model, "
                      "negatives and corpus are the same. Right: Frobenius norm of what an epoch "
                      "changed in the vectors; a run that still moves far has not settled.",
                      t);
    report_end_section(r);
    return s;
}

const report_section report_training = {"training", "Training", has_training, write_training};
