// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static char folder[256];

const char *test_folder(void) {
    if (!folder[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/wordshard-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(folder)) {
            perror("mkdtemp");
            exit(1);
        }
    }
    return folder;
}

const char *test_path(const char *name) {
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, 512, "%s/%s", test_folder(), name);
    return path;
}

const char *test_file(const char *name, const void *bytes, unsigned long n) {
    const char *path = test_path(name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) {
        perror(path);
        exit(1);
    }
    return path;
}

int test_each_refusal(status (*work)(void *context), void *context) {
    int64_t before = mem_live_blocks();
    for (int refused = 0;; refused++) {
        mem_refuse_after(refused);
        status s = work(context);
        mem_refuse_after(-1);
        CU_ASSERT_EQUAL(mem_live_blocks(), before);
        if (!s.code)
            return refused;
        CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
    }
}

static void remove_folder(void) {
    if (!folder[0])
        return;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command))
        fprintf(stderr, "could not remove %s\n", folder);
    folder[0] = '\0';
}

int test_run(const char *suite, const test_case *cases, int n_cases, int rank) {
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (int i = 0; i < n_cases; i++)
        CU_add_test(s, cases[i].name, cases[i].run);
    CU_run_all_tests();
    int failed = (int)CU_get_number_of_failures();
    for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext)
        fprintf(stderr, "rank %d: %s: %s:%u: %s\n", rank, f->pTest ? f->pTest->pName : "?",
                f->strFileName, f->uiLineNumber, f->strCondition);
    if (rank == 0) {
        CU_pRunSummary r = CU_get_run_summary();
        printf("%s on this rank\n\nRun Summary:    Type  Total    Ran Passed Failed Inactive\n"
               "              suites %6u %6u    n/a %6u        0\n"
               "               tests %6u %6u %6u %6u        0\n"
               "             asserts %6u %6u %6u %6u      n/a\n",
               suite, 1u, r->nSuitesRun, r->nSuitesFailed, CU_get_number_of_tests_run(),
               r->nTestsRun, r->nTestsRun - r->nTestsFailed, r->nTestsFailed, r->nAsserts,
               r->nAsserts, r->nAsserts - r->nAssertsFailed, r->nAssertsFailed);
    }
    CU_cleanup_registry();
    remove_folder();
    return failed ? 1 : 0;
}
