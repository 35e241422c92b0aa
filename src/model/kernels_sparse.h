// SPDX-License-Identifier: Apache-2.0
/* Part of kernels_simd.h: a row of a sparse matrix times a tile of a dense one, in strips of
 * columns whose sums stay in registers. Needs STRIP, the most vectors of such a strip. */

#define UNROLL_STRIP _Pragma("GCC unroll 20")
#if defined(__clang__)
#undef UNROLL_STRIP
#define UNROLL_STRIP
#endif

/* n vectors of every row, from column 0 of the pointers on. */
INLINE void sparse_strip(const uint32_t *cells, int32_t n_cells, const float *rows, float *y,
                         size_t width, const int n) {
    vec sum[STRIP];
    UNROLL_STRIP for (int v = 0; v < n; v++) sum[v] = simd_load(y + v * LANES);
    for (int32_t c = 0; c < n_cells; c++) {
        const vec value = simd_set(sparse_value(cells[c]));
        const float *row = rows + sparse_column(cells[c]) * width;
        UNROLL_STRIP for (int v = 0; v < n; v++) sum[v] += value * simd_load(row + v * LANES);
    }
    UNROLL_STRIP for (int v = 0; v < n; v++) simd_store(y + v * LANES, sum[v]);
}

static void simd_sparse_row(const uint32_t *cells, int32_t n, const float *rows, float *y,
                            const float *next, size_t width) {
    for (size_t k = 0; k < width; k += ROW_QUANTUM)
        __builtin_prefetch(next + k, 1, 3);
    size_t k = 0;
    for (; k + STRIP * LANES <= width; k += STRIP * LANES)
        sparse_strip(cells, n, rows + k, y + k, width, STRIP);
    if (k + 8 * LANES <= width) {
        sparse_strip(cells, n, rows + k, y + k, width, 8);
        k += 8 * LANES;
    }
    for (; k + 4 * LANES <= width; k += 4 * LANES)
        sparse_strip(cells, n, rows + k, y + k, width, 4);
    for (; k < width; k += LANES)
        sparse_strip(cells, n, rows + k, y + k, width, 1);
}
