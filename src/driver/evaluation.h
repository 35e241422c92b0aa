// SPDX-License-Identifier: Apache-2.0
/* Measuring an embedding on evaluation files; what command_eval prints. */
#ifndef WORDSHARD_EVALUATION_H
#define WORDSHARD_EVALUATION_H

#include "comm.h"
#include "embedding.h"
#include "evalset.h"
#include "options.h"
#include "status.h"

/* Questions: of all in the file, those whose words are known are asked. */
typedef struct {
    int64_t total, asked, right;
} tally;

/* One file and what came out of it. */
typedef struct {
    const char *path;
    evalset set;
    int64_t total, used; /* items in the file; those with all their words known */
    double value;        /* share of right answers, Spearman's rho, or purity; NaN if undefined */
    tally *sections;     /* [set.n_groups]: of analogies */
    int n_classes;       /* of categories: with a known word; the number of clusters */
} evaluation;

/* Local. Read a file; evaluation_clear afterwards, also on failure. */
status evaluation_read(evaluation *v, evalset_kind kind, const char *path);
void evaluation_clear(evaluation *v);

/* Collective. candidates: rows of places [0, candidates->n), read if an analogy file is there. */
status evaluation_measure(evaluation *v, const embedding *e, const unit_rows *candidates,
                          const options *o, const comm *world);

/* Sections that begin with "gram" are syntactic, the others semantic (word2vec's compute-accuracy).
 * Returns false when no section begins so: then there are no such totals. */
bool evaluation_kinds(const evaluation *v, tally *semantic, tally *syntactic);

/* Share of right answers; NaN when none was asked. */
double evaluation_accuracy(const tally *t);

#endif
