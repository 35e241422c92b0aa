// SPDX-License-Identifier: Apache-2.0
/* The runs that drift compares: of each period, and of the same periods in the controls; and the
 * steps, from one period to another, that they are compared in. */
#ifndef WORDSHARD_DRIFT_GROUPS_H
#define WORDSHARD_DRIFT_GROUPS_H

#include "comm.h"
#include "options.h"

/* Set 0 is what happened; sets 1.. are the controls, in the order of the command line. */
typedef struct {
    int n_periods, n_sets;
    char **periods; /* [n_periods] names */
    char **sets;    /* [n_sets] what follows @ */
    int n_runs;
    char **paths;  /* [n_runs] by set, by period, as given */
    int *first;    /* [n_sets * n_periods + 1] where a group begins in paths */
    int reference; /* the period that all others are compared with; -1: each with the next */
} drift_groups;

/* Collective. From --periods and --control, or each input a period of its own, which has the name
 * of its file without folder and ending; --to names the reference. STATUS_USAGE when an argument is
 * not NAME=FILES, there are fewer than two periods, no reference, a control that serves no step, a
 * step without one where others have some, or a file is given twice; STATUS_IO when nothing is
 * found. The caller clears, also after a failure. */
status drift_groups_read(drift_groups *g, const options *o, const comm *world);
void drift_groups_clear(drift_groups *g);

/* Local. Runs of a group, and its first one. */
static inline int drift_group_size(const drift_groups *g, int set, int period) {
    return g->first[set * g->n_periods + period + 1] - g->first[set * g->n_periods + period];
}
static inline int drift_group_run(const drift_groups *g, int set, int period) {
    return g->first[set * g->n_periods + period];
}

/* The periods of a step. */
typedef struct {
    int from, to;
} drift_ends;

/* Local. Step i, from 0, of the n - 1 between n periods. */
static inline drift_ends drift_ends_of(int reference, int i) {
    return reference < 0 ? (drift_ends){i, i + 1}
                         : (drift_ends){reference, i < reference ? i : i + 1};
}

/* Local. Whether a control has runs of both periods of a step, so that the step is tested against
 * it. */
static inline bool drift_group_serves(const drift_groups *g, int set, drift_ends step) {
    return drift_group_size(g, set, step.from) && drift_group_size(g, set, step.to);
}

/* Local. Controls of a step. */
int drift_groups_controls(const drift_groups *g, drift_ends step);

#endif
