// SPDX-License-Identifier: Apache-2.0
/* drift between the epochs of one run: its snapshots, what it recorded while training, and how its
 * clusters form. */
#ifndef WORDSHARD_DRIFT_EPOCHS_H
#define WORDSHARD_DRIFT_EPOCHS_H

#include "comparison.h"
#include "result.h"
#include "spectrum.h"

/* One word between two epochs. */
typedef struct {
    double displacement, displacement_aligned; /* 1 - cosine */
    double euclidean, euclidean_aligned;       /* of the vectors as they are */
    double norm, norm_change;                  /* afterwards; afterwards less before */
    double turnover, shift;
} drift_move;

typedef struct {
    spectrum eigenvalues; /* of unit rows */
    double norm;          /* mean length of the vectors */
    double agreement;     /* of its clusters with those of the last epoch: adjusted Rand index */
    double purity;        /* NaN without --categories */
} drift_epoch;

typedef struct {
    int from, to;      /* epochs */
    drift_move *words; /* [n], the same on every rank */
} drift_stride;

typedef struct {
    const options *o;
    const comm *world;
    int threads, k;
    comparison words; /* of the one run */
    int n_epochs, n_clusters;
    int64_t n_clustered;
    drift_epoch *epochs;   /* [n_epochs] */
    drift_stride *strides; /* [n_epochs]: each epoch to the next, then the first to the last */
    int32_t *clusters;     /* [n_epochs][n_clustered] */
    double turnover_chance;
} drift_epochs;

/* Collective. */
status drift_epochs_run(const options *o, const comm *world);

/* Local. */
status drift_epochs_tabulate(const drift_epochs *d, result *r);

#endif
