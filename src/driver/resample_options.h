// SPDX-License-Identifier: Apache-2.0
/* The options of a resampled corpus: those of the corpora that it is made of. */
#ifndef WORDSHARD_RESAMPLE_OPTIONS_H
#define WORDSHARD_RESAMPLE_OPTIONS_H

#include "h5.h"
#include "options.h"

/* Local. How the text was read is taken over from n corpora, but for limits of the vocabulary that
 * were given. STATUS_INPUT: the corpora differ in it, or the given options differ from them. */
status resample_inherit(options *own, int n, h5_file *const *sources);

#endif
