// SPDX-License-Identifier: Apache-2.0
/* What one call of stability measures, and its tables. */
#ifndef WORDSHARD_STABILITY_RUN_H
#define WORDSHARD_STABILITY_RUN_H

#include "agreement.h"
#include "comparison.h"
#include "intervals.h"
#include "result.h"
#include "spectrum.h"
#include "stability.h"

/* Measures of a pair of runs, in the order in which they predict how far models built on them
 * disagree (METRICS: overlap and EIS first, Procrustes last). */
typedef enum {
    PAIR_OVERLAP,
    PAIR_JACCARD,
    PAIR_EIS,
    PAIR_EIGENSPACE_OVERLAP,
    PAIR_PIP,
    PAIR_CKA,
    PAIR_RSA_PEARSON,
    PAIR_RSA_SPEARMAN,
    PAIR_PROCRUSTES_COSINE,
    PAIR_PROCRUSTES_RESIDUAL,
    PAIR_MEASURES
} pair_measure;

const char *pair_measure_name(pair_measure m);

typedef struct {
    const options *o;
    const comm *world;
    comparison words; /* the runs, then the references of EIS */
    int n_runs, n_first, n_references;
    int k, threads;
    int64_t n_queries, n_rsa; /* words whose neighbours are compared; words of RSA */
    int32_t *queries;         /* [n_queries] */
    int n_bins;
    int64_t *ends; /* [n_bins] */
    stability neighbours;
    agreement_space *spaces;      /* [n_runs + n_references] */
    agreement_space *small;       /* [n_runs] the words of RSA, where these are not all */
    double *pairs[PAIR_MEASURES]; /* [n_runs][n_runs] */
    double chance[PAIR_MEASURES]; /* NaN where there is none */
    double *displacement;         /* [words.n] 1 - cosine after alignment, mean over pairs */
    bool unaligned;               /* some runs have other dimensions than others */
    spectrum *spectra;            /* [n_runs] */
    double told;                  /* when progress was last shown (clock_seconds) */
} stability_run;

/* Local; the same on every rank. Everything measured, as tables (docs/files.md). */
status stability_tabulate(const stability_run *run, result *r);

#endif
