// SPDX-License-Identifier: Apache-2.0
/* Loops of other rooms on OpenMP threads (parallel.h). */
#ifndef WORDSHARD_THREADS_H
#define WORDSHARD_THREADS_H

#include "parallel.h"

parallel threads_of(int n_threads);

#endif
