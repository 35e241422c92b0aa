// SPDX-License-Identifier: Apache-2.0
/* The runs that drift compares: of each period, and of the same periods in each control. */
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
    char **paths; /* [n_runs] by set, by period, as given */
    int *first;   /* [n_sets * n_periods + 1] where a group begins in paths */
} drift_groups;

/* Collective. From --periods and --control, or each input a period of its own, which has the name
 * of its file without folder and ending. STATUS_USAGE when an argument is not NAME=FILES, there are
 * fewer than two periods, a control lacks one, or a file is given twice; STATUS_IO when nothing is
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

/* Local. The period of that name, or -1. */
int drift_groups_find(const drift_groups *g, const char *name);

#endif
