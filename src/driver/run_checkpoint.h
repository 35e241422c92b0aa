// SPDX-License-Identifier: Apache-2.0
/* The part of run_record that makes checkpoints and finds them again, for run_record.c. Collective,
 * the same status on every rank. */
#ifndef WORDSHARD_RUN_CHECKPOINT_H
#define WORDSHARD_RUN_CHECKPOINT_H

#include "run_record.h"

/* Look for a checkpoint of this output, compare its options, begin the present session. */
status run_checkpoint_find(run_record *r);

/* Copy the snapshots that belong to what was found into the run file. */
status run_checkpoint_bring_snapshots(run_record *r);

/* Write the list of sessions; the present one has come to `at`. */
status run_checkpoint_sessions(run_record *r, h5_file *file, const run_position *at,
                               const char *why);

/* Local. */
void run_checkpoint_clear(run_record *r);

/* What is known before the first epoch: options and provenance (run_record.c). */
status run_record_describe(const run_plan *p, h5_file *file);

#endif
