// SPDX-License-Identifier: Apache-2.0
/* Results of a study, one command after the other. */
#ifndef WORDSHARD_STUDY_RESULTS_H
#define WORDSHARD_STUDY_RESULTS_H

#include "study.h"
#include "study_line.h"

/* A command over runs. */
typedef struct {
    int command;      /* its bit */
    const char *name; /* of the result: what it prints goes to results/NAME.log */
    char *output;     /* the file that it writes */
    study_line line;  /* its inputs and options; cleared by study_result_make */
    const int *runs;  /* [n] that it looks at */
    int n;
} study_result;

/* Collective. Run it. A result that is newer than its runs and has the same options is kept.
 * STATUS_STOPPED before it begins, after a signal. */
status study_result_make(const study *x, study_result *of);

/* Collective. The table of sources of noise, from the results of stability: results/study.h5, as
 * CSV in results/study, and on stdout. paths[n_samples]: those results, NULL where there is none.
 */
status study_sources(const study *x, char *const *paths);

#endif
