// SPDX-License-Identifier: Apache-2.0
#include "estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void estimate_add(estimate *e, const char *what, double bytes) {
    int i = 0;
    while (i < e->n && strcmp(e->items[i].what, what) != 0)
        i++;
    if (i == ESTIMATE_ITEMS)
        abort();
    e->items[i].what = what;
    e->items[i].bytes += bytes;
    e->n = i < e->n ? e->n : i + 1;
}

double estimate_sum(const estimate *e) {
    double sum = 0;
    for (int i = 0; i < e->n; i++)
        sum += e->items[i].bytes;
    return sum;
}

void estimate_raise(estimate *most, const estimate *e) {
    if (estimate_sum(e) > estimate_sum(most))
        *most = *e;
}

double estimate_block(double bytes) {
    static const double huge = 2 << 20;
    return bytes < 2 * huge ? bytes : ceil(bytes / huge) * huge;
}
