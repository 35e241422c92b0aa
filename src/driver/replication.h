// SPDX-License-Identifier: Apache-2.0
/* --replicate: which rows every replica holds, and how many of the others it needs room for
 * (placement.h). */
#ifndef WORDSHARD_REPLICATION_H
#define WORDSHARD_REPLICATION_H

#include "training.h"

/* STATUS_USAGE for a value that cannot be read, or that this run has no use for. Local. */
status replication_check(const training *t);

/* Collective. Sets t->hot and t->room, expected from the frequencies of words, so that memory can
 * be estimated. */
status replication_choose(training *t);

/* Collective, when the tokens are there: the room that the spans of the run need. */
status replication_measure(training *t);

#endif
