// SPDX-License-Identifier: Apache-2.0
/* Runs the cases of a test without CUnit. */
#include "support.h"

static int asserts, failures;

void cross_assert(int holds, const char *what, const char *file, int line) {
    enum { SHOWN = 10 };
    asserts++;
    if (!holds && failures++ < SHOWN)
        fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

int test_run(const char *suite, const test_case *cases, int n_cases, int rank) {
    (void)rank;
    for (int i = 0; i < n_cases; i++)
        cases[i].run();
    printf("%s: %d tests, %d asserts, %d failed\n", suite, n_cases, asserts, failures);
    return failures > 0;
}
