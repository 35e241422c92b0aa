// SPDX-License-Identifier: Apache-2.0
/* Telling OpenBLAS which kernels to use. */
#ifndef WORDSHARD_BLAS_CHOICE_H
#define WORDSHARD_BLAS_CHOICE_H

/* OpenBLAS knows processors by name and gives those that are newer than itself kernels for AVX2
 * only; it reads OPENBLAS_CORETYPE when it is loaded. On a processor with AVX-512, start the
 * program again with that variable set (unless the user has set it): 1.4 to 1.9 times the speed on
 * such machines. Call first in main; returns when there is nothing to do. */
void blas_choose_kernels(char **argv);

#endif
