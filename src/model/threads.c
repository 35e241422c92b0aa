// SPDX-License-Identifier: Apache-2.0
#include "threads.h"

#include <omp.h>

/* Parts a thread takes, as rows differ in work, and what is not worth waking threads for. */
enum { PARTS = 8, FEW = 512 };

static void run(int n_threads, int64_t n, parallel_work work, void *context) {
    const int64_t parts = n < FEW ? 1 : (int64_t)n_threads * PARTS;
    if (n < 1)
        return;
    if (parts == 1) {
        work(context, 0, n, 0);
        return;
    }
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1) default(none)                 \
    shared(n, work, context, parts)
    for (int64_t part = 0; part < parts; part++)
        if (n * part / parts < n * (part + 1) / parts)
            work(context, n * part / parts, n * (part + 1) / parts, omp_get_thread_num());
}

parallel threads_of(int n_threads) {
    return (parallel){.n_threads = n_threads, .run = run};
}
