// SPDX-License-Identifier: Apache-2.0
/* train --model glove. */
#ifndef WORDSHARD_TRAIN_GLOVE_H
#define WORDSHARD_TRAIN_GLOVE_H

#include "comm.h"
#include "options.h"

/* Collective. path: corpus.h5 or cooc.h5. */
status train_glove(const options *o, const char *path, const comm *world);

/* STATUS_USAGE for options that mean nothing without GloVe. Local. */
status train_glove_refuse(const options *o, const char *because);

#endif
