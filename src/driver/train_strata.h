// SPDX-License-Identifier: Apache-2.0
/* train --schedule strata: skip-gram with negative sampling. */
#ifndef WORDSHARD_TRAIN_STRATA_H
#define WORDSHARD_TRAIN_STRATA_H

#include "comm.h"
#include "options.h"

/* Collective. path: corpus.h5. */
status train_strata(const options *o, const char *path, const comm *world);

/* STATUS_USAGE for options that mean nothing without this schedule. Local. */
status train_strata_refuse(const options *o, const char *because);

#endif
