// SPDX-License-Identifier: Apache-2.0
/* train --model ppmi-svd. */
#ifndef WORDSHARD_TRAIN_SVD_H
#define WORDSHARD_TRAIN_SVD_H

#include "comm.h"
#include "options.h"

/* Collective. path: corpus.h5 or cooc.h5. */
status train_svd(const options *o, const char *path, const comm *world);

/* STATUS_USAGE for options of the factorisation where another model does not start from it. Local.
 */
status train_svd_refuse(const options *o);

#endif
