// SPDX-License-Identifier: Apache-2.0
/* Which rows a replica touches in a span, as far as it can be known before: tokens are counted in a
 * sample of stretches of the corpus, as words come in bunches and fewer different ones come than if
 * they were independent; negatives are independent draws. */
#ifndef WORDSHARD_TOUCHES_H
#define WORDSHARD_TOUCHES_H

#include "training.h"

typedef struct {
    double *touch[2]; /* [words], [outputs] probability that a span touches the row */
    double *negative; /* [outputs] and that it draws it as a negative */
    double centres;   /* tokens that a span keeps */
} touches;

/* Collective. Of spans with so many tokens; t has its sampler. */
status touches_create(touches *x, const training *t, double tokens);
void touches_clear(touches *x);

/* The probability for n replicas at once: that any of them touches the row. Local. */
double touches_any(double probability, double n);

#endif
