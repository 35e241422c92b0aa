// SPDX-License-Identifier: Apache-2.0
/* Running CUnit suites so that every rank of a test prints its failures and the exit code tells. */
#ifndef WORDSHARD_TEST_SUPPORT_H
#define WORDSHARD_TEST_SUPPORT_H

#include <CUnit/CUnit.h>

#include "status.h"

typedef struct {
    const char *name; /* a claim: shards_tile_all_rows */
    CU_TestFunc run;
} test_case;

/* Run the cases; print failures with rank, then CUnit's run summary when rank is 0. Returns 0 when
 * all passed, 1 otherwise; under MPI the caller combines the ranks' results. */
int test_run(const char *suite, const test_case *cases, int n_cases, int rank);

/* A fresh folder under TMPDIR for this test, made on first call; removed by test_run. */
const char *test_folder(void);
/* folder/name in a static buffer (8 of them in rotation). */
const char *test_path(const char *name);
/* Write a file of n bytes there and return its path. */
const char *test_file(const char *name, const void *bytes, unsigned long n);

/* Run the work with its k-th allocation refused, k = 0, 1, 2, ..., until it succeeds: each refusal
 * is reported as STATUS_SPACE and no block stays. The work clears what it has made.
 * Returns the number of refusals. */
int test_each_refusal(status (*work)(void *context), void *context);

#endif
