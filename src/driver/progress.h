// SPDX-License-Identifier: Apache-2.0
/* How training tells where it is: a line on stderr, and JSON lines in --metrics. Rank 0 only; on
 * other ranks every call does nothing. */
#ifndef WORDSHARD_PROGRESS_H
#define WORDSHARD_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include "options.h"
#include "run_file.h"

/* What the work of a run is counted in. */
typedef enum { PROGRESS_WORDS, PROGRESS_NONZEROS } progress_unit;

typedef struct {
    FILE *metrics; /* NULL without --metrics */
    double started, last, every;
    progress_unit unit;
    double total, skipped; /* work of the run, and what was done of it before */
    int n_epochs;
} progress;

/* speaks: this is rank 0. STATUS_IO if --metrics cannot be opened. */
status progress_open(progress *p, const options *o, bool speaks, progress_unit unit, double total);
void progress_close(progress *p);

typedef struct {
    int epoch;   /* from 1 */
    double done; /* work of the whole run so far */
    double loss; /* mean per pair so far in the epoch; NaN = not known yet */
    double learning_rate;
} progress_point;

/* Training begins now, with so much done before by earlier sessions. Without this it begins with
 * progress_open. */
void progress_begin(progress *p, double done);

/* True when it is time for another line. */
bool progress_due(const progress *p);
void progress_report(progress *p, const progress_point *at);

/* A line for a finished epoch (from 1), and one of JSON. */
void progress_epoch(progress *p, int epoch, const run_epoch *e);

#endif
