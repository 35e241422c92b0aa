// SPDX-License-Identifier: Apache-2.0
#include "spectrum.h"

#include <math.h>

#include "blas_alone.h"
#include "memory.h"
#include "space_dense.h"

status spectrum_from_singular(const double *singular, int64_t k, int64_t n_words, spectrum *out) {
    double squares = 0, entropy = 0;
    *out = (spectrum){.n = k};
    const status s = mem_new(&out->values, (size_t)k, sizeof *out->values, "eigenvalues");
    if (s.code)
        return s;
    for (int64_t i = 0; i < k; i++) {
        out->values[i] = singular[i] * singular[i] / (double)n_words;
        out->total += out->values[i];
        squares += out->values[i] * out->values[i];
    }
    for (int64_t i = 0; i < k; i++) {
        const double share = out->values[i] / out->total;
        if (share > 0)
            entropy -= share * log(share);
    }
    out->effective_rank = out->total > 0 ? exp(entropy) : NAN;
    out->participation = out->total > 0 ? out->total * out->total / squares : NAN;
    return s;
}

static status find(const space *x, const double *mean, spectrum *out) {
    dense_tall rows = {0};
    dense_svd svd = {0};
    double squares;
    status s = space_to_dense(x, mean, &rows, &squares);
    if (!s.code)
        s = dense_svd_tall(x->world, &rows, x->n, false, &svd);
    if (!s.code)
        s = comm_agree(x->world, spectrum_from_singular(svd.values, svd.rank, x->n, out));
    dense_clear(&rows);
    dense_svd_clear(&svd);
    return s;
}

status spectrum_find(const space *x, bool centred, int threads, spectrum *out) {
    double *mean = NULL;
    *out = (spectrum){0};
    status s = comm_agree(x->world, mem_new(&mean, (size_t)x->dim, sizeof *mean, "a mean"));
    if (s.code)
        return s;
    const int openmp_default = blas_threads_begin(space_dense_threads(x->dim, threads));
    if (centred)
        space_mean(x, mean);
    s = find(x, mean, out);
    blas_alone_end(openmp_default);
    mem_free(&mean);
    return s;
}

void spectrum_clear(spectrum *s) {
    mem_free(&s->values);
}
