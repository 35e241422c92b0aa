// SPDX-License-Identifier: Apache-2.0
/* What a rank is expected to hold at once, item by item, so that a user sees what takes the memory.
 * What the ranks of a node share counts in equal parts for each of them. */
#ifndef WORDSHARD_ESTIMATE_H
#define WORDSHARD_ESTIMATE_H

enum { ESTIMATE_ITEMS = 16 };

typedef struct {
    const char *phase; /* of the run, when it holds the most */
    int n;
    struct {
        const char *what;
        double bytes;
    } items[ESTIMATE_ITEMS];
} estimate;

/* Adds to the item of that name; what must live as long as e. */
void estimate_add(estimate *e, const char *what, double bytes);

double estimate_sum(const estimate *e);

/* *most becomes e if that is larger. */
void estimate_raise(estimate *most, const estimate *e);

/* What a block of counted memory takes: large ones are whole huge pages (memory.h). */
double estimate_block(double bytes);

#endif
