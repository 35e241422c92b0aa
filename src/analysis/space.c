// SPDX-License-Identifier: Apache-2.0
#include "space.h"

#include <string.h>

#include "memory.h"
#include "rows.h"

enum { FLOATS = 16 }; /* a cache line */

status space_create(space *s, const comm *world, int64_t n, int64_t dim) {
    *s = (space){.world = world, .n = n, .dim = dim};
    s->stride = (size_t)(dim + FLOATS - 1) / FLOATS * FLOATS;
    rows_share(world, n, &s->begin, &s->n_local);
    return mem_new(&s->rows, (size_t)s->n_local * s->stride, sizeof *s->rows, "vectors");
}

void space_clear(space *s) {
    mem_free(&s->rows);
}

status space_unit(const space *s, space *to) {
    status made = space_create(to, s->world, s->n, s->dim);
    if (made.code)
        return made;
    memcpy(to->rows, s->rows, (size_t)s->n_local * s->stride * sizeof *s->rows);
    for (int64_t i = 0; i < s->n_local; i++)
        neighbours_normalise(to->rows + (size_t)i * s->stride, s->dim);
    return made;
}

status space_gather(const space *s, unit_rows *all) {
    *all = (unit_rows){.n = s->n, .dim = s->dim, .stride = s->stride};
    const int64_t row = (int64_t)(s->stride * sizeof *s->rows);
    int64_t bytes;
    return comm_concatenate(s->world, s->rows, s->n_local * row, &all->rows, &bytes);
}
