// SPDX-License-Identifier: Apache-2.0
/* What the tests of kernels use of CUnit, for processors that have no CUnit to link (./dev neon).
 */
#ifndef WORDSHARD_CROSS_CUNIT_H
#define WORDSHARD_CROSS_CUNIT_H

#include <math.h>
#include <stdio.h>

typedef void (*CU_TestFunc)(void);

/* Counts, and prints the first failures. */
void cross_assert(int holds, const char *what, const char *file, int line);

#define CU_ASSERT(holds) cross_assert(!!(holds), #holds, __FILE__, __LINE__)
#define CU_ASSERT_EQUAL(a, b) CU_ASSERT((a) == (b))
#define CU_ASSERT_DOUBLE_EQUAL(a, b, most)                                                         \
    CU_ASSERT(fabs((double)(a) - (double)(b)) <= fabs((double)(most)))

#endif
