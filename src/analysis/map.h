// SPDX-License-Identifier: Apache-2.0
/* Words as points of a plane, to look at. Local; uses threads, and the bits do not depend on how
 * many. For some thousand words: time and memory grow with n^2. */
#ifndef WORDSHARD_MAP_H
#define WORDSHARD_MAP_H

#include <stdint.h>

#include "neighbours.h"
#include "status.h"

enum { MAP_AXES = 2 };

/* Principal components of the rows, centred. points: [n][MAP_AXES]; shares: [MAP_AXES] of the
 * variance, NaN when all rows are equal. Signs: the point that is farthest out on an axis is on its
 * positive side. STATUS_SPACE. */
status map_components(const unit_rows *rows, int threads, double *points, double *shares);

typedef struct {
    double perplexity; /* wanted; at most (n - 1) / 3 is taken */
    int iterations;
    int threads;
} map_settings;

typedef struct {
    double perplexity; /* that was taken */
    double
        divergence; /* Kullback-Leibler, nats: what the plane cannot show of the neighbourhoods */
} map_quality;

/* Exact t-SNE (van der Maaten & Hinton 2008) of the rows' Euclidean distances, which for unit rows
 * are sqrt(2 - 2 cosine). points: [n][MAP_AXES], holds where they start, up to scale (principal
 * components: Kobak & Berens 2019), then the result, centred. Early exaggeration 12 and the
 * learning rate n / 48, at least 50, are those of Belkina et al. 2019. At least 4 rows.
 * STATUS_SPACE. */
status map_neighbours(const unit_rows *rows, const map_settings *settings, double *points,
                      map_quality *quality);

/* ---- its parts, for tests */

/* Joint probabilities p: [n][n], symmetric, sum 1, from conditional ones of that perplexity. */
status map_affinities(const unit_rows *rows, double perplexity, int threads, double *p);

/* Gradient of the divergence of p from the points' Student t affinities, p multiplied by
 * exaggeration first: [n][MAP_AXES]. work: [n * MAP_WORK]. */
enum { MAP_WORK = 3 * MAP_AXES + 1 };
void map_gradient(int64_t n, const double *p, double exaggeration, const double *points,
                  int threads, double *work, double *gradient);

/* Kullback-Leibler divergence, nats. */
double map_divergence(int64_t n, const double *p, const double *points);

#endif
