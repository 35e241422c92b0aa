// SPDX-License-Identifier: Apache-2.0
/* A loop that somebody else may run on threads: for rooms that have such loops and no OpenMP. */
#ifndef WORDSHARD_PARALLEL_H
#define WORDSHARD_PARALLEL_H

#include <stdint.h>

/* Part [begin, end) of a loop; thread in [0, n_threads): no two parts run on one at a time. */
typedef void (*parallel_work)(void *context, int64_t begin, int64_t end, int thread);

typedef struct {
    int n_threads;
    /* Returns when all of [0, n) is done. NULL: no threads, n_threads = 1. */
    void (*run)(int n_threads, int64_t n, parallel_work work, void *context);
} parallel;

static inline void parallel_each(const parallel *p, int64_t n, parallel_work work, void *context) {
    if (p->run && p->n_threads > 1)
        p->run(p->n_threads, n, work, context);
    else if (n > 0)
        work(context, 0, n, 0);
}

#endif
