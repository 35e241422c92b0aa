// SPDX-License-Identifier: Apache-2.0
/* Results of a study, one command after the other. */
#ifndef WORDSHARD_STUDY_RESULTS_H
#define WORDSHARD_STUDY_RESULTS_H

#include "study.h"
#include "study_line.h"

/* Collective. Run a command of which `line` has the inputs and options; it writes results/NAME.h5
 * (report: OUTPUT), and what it prints goes to results/NAME.log. A result that is newer than its
 * inputs and has the same options is kept. line is cleared. STATUS_STOPPED before it begins, after
 * a signal. */
status study_result_make(const study *x, int command, study_line *line, const char *output,
                         const char *name);

/* Collective. The table of sources of noise, from the results of stability: results/study.h5, as
 * CSV in results/study, and on stdout. paths[n_samples]: those results, NULL where there is none.
 */
status study_sources(const study *x, char *const *paths);

#endif
