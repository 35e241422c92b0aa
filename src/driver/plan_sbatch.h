// SPDX-License-Identifier: Apache-2.0
/* --sbatch: jobs/train.sbatch with the numbers of a plan. */
#ifndef WORDSHARD_PLAN_SBATCH_H
#define WORDSHARD_PLAN_SBATCH_H

#include "options.h"
#include "plan.h"

/* Local. Into the file o->sbatch, or to standard output for "-". STATUS_IO if the file is there and
 * --overwrite is not given. */
status plan_sbatch(const forecast *p, const options *o);

#endif
