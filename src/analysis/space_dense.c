// SPDX-License-Identifier: Apache-2.0
#include "space_dense.h"

#include <math.h>
#include <string.h>

static const double SHORTEST = 1e-12; /* as neighbours_normalise has it */

void space_mean(const space *s, double *mean) {
    const size_t dim = (size_t)s->dim;
    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = 0; i < (size_t)s->n_local; i++)
        for (size_t j = 0; j < dim; j++)
            mean[j] += s->rows[i * s->stride + j];
    dense_sum(s->world, mean, dim);
    for (size_t j = 0; j < dim; j++)
        mean[j] /= (double)s->n;
}

status space_to_dense(const space *s, const double *mean, dense_tall *x, double *squares) {
    const size_t dim = (size_t)s->dim;
    status made = comm_agree(s->world, dense_create(x, s->n_local, s->dim));
    if (made.code)
        return made;
    double sum = 0;
    for (size_t i = 0; i < (size_t)s->n_local; i++)
        for (size_t j = 0; j < dim; j++) {
            const double value = s->rows[i * s->stride + j] - (mean ? mean[j] : 0);
            x->rows[i * dim + j] = value;
            sum += value * value;
        }
    *squares = comm_sum_real(s->world, sum);
    if (!isfinite(*squares))
        return status_error(STATUS_INPUT, "the vectors hold numbers that are not finite");
    return made;
}

void space_dense_normalise(dense_tall *x) {
    const size_t columns = (size_t)x->columns;
    for (size_t i = 0; i < (size_t)x->n_local; i++) {
        double *row = x->rows + i * columns, squares = 0;
        for (size_t j = 0; j < columns; j++)
            squares += row[j] * row[j];
        const double length = sqrt(squares), divisor = length > SHORTEST ? length : SHORTEST;
        for (size_t j = 0; j < columns; j++)
            row[j] /= divisor;
    }
}
