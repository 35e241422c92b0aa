// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include "log.h"

static const double TERMINAL_SECONDS = 0.5;

/* Also the keys of --metrics. */
static const char *const UNITS[] = {[PROGRESS_WORDS] = "words", [PROGRESS_NONZEROS] = "nonzeros"};

status progress_open(progress *p, const options *o, bool speaks, progress_unit unit, double total) {
    *p = (progress){.started = clock_seconds(), .unit = unit, .total = total};
    p->last = p->started;
    p->n_epochs = (int)o->epochs;
    p->every = log_is_terminal() ? TERMINAL_SECONDS : o->report_every;
    if (!speaks)
        p->every = INFINITY;
    if (speaks && *o->metrics) {
        p->metrics = fopen(o->metrics, "a");
        if (!p->metrics)
            return status_errno(errno, "cannot append to", o->metrics);
    }
    return status_ok();
}

void progress_close(progress *p) {
    if (p->metrics)
        fclose(p->metrics);
    p->metrics = NULL;
}

void progress_begin(progress *p, double done) {
    p->started = p->last = clock_seconds();
    p->skipped = done;
}

bool progress_due(const progress *p) {
    return p->every < INFINITY && clock_seconds() - p->last >= p->every;
}

static void time_left_text(double seconds, char text[32]) {
    if (!isfinite(seconds))
        snprintf(text, 32, "?");
    else if (seconds < 60)
        snprintf(text, 32, "%.0fs", seconds);
    else if (seconds < 3600)
        snprintf(text, 32, "%.0fm%02.0fs", floor(seconds / 60), fmod(seconds, 60));
    else
        snprintf(text, 32, "%.0fh%02.0fm", floor(seconds / 3600), fmod(seconds / 60, 60));
}

/* JSON has no NaN: unknown numbers are null. */
static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static void write_line(progress *p, json_t *line) {
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (text) {
        fprintf(p->metrics, "%s\n", text);
        fflush(p->metrics);
    }
    free(text);
    json_decref(line);
}

void progress_report(progress *p, const progress_point *at) {
    char left[32], loss[32] = "-", per_second[32];
    const char *unit = UNITS[p->unit];
    double now = clock_seconds(), rate = (at->done - p->skipped) / (now - p->started);
    p->last = now;
    time_left_text((p->total - at->done) / rate, left);
    if (isfinite(at->loss))
        snprintf(loss, sizeof loss, "%.4f", at->loss);
    log_progress("epoch %d/%d  %5.1f%%  %.0f %s/s  loss %s  learning rate %.5f  %s left", at->epoch,
                 p->n_epochs, 100 * at->done / p->total, rate, unit, loss, at->learning_rate, left);
    snprintf(per_second, sizeof per_second, "%s_per_second", unit);
    if (p->metrics)
        write_line(p,
                   json_pack("{s:s, s:i, s:f, s:f, s:f, s:o, s:f}", "event", "progress", "epoch",
                             at->epoch, unit, at->done, "seconds", now - p->started, per_second,
                             rate, "loss", number(at->loss), "learning_rate", at->learning_rate));
}

void progress_epoch(progress *p, int epoch, const run_epoch *e) {
    const double work = p->unit == PROGRESS_WORDS ? e->words : e->pairs;
    log_info("epoch %d/%d: loss %.6f, %.0f %s/s, %.1f s", epoch, p->n_epochs, e->loss,
             work / e->seconds, UNITS[p->unit], e->seconds);
    if (p->metrics)
        write_line(p, json_pack("{s:s, s:i, s:o, s:f, s:o, s:f, s:f, s:f}", "event", "epoch",
                                "epoch", epoch, "loss", number(e->loss), "learning_rate",
                                e->learning_rate, "update_norm", number(e->update_norm), "words",
                                e->words, "pairs", e->pairs, "seconds", e->seconds));
}
