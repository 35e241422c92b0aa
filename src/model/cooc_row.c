// SPDX-License-Identifier: Apache-2.0
#include "cooc_row.h"

#include "memory.h"

static int64_t n_marks(int64_t n_words) {
    return (n_words + 63) / 64;
}

int64_t cooc_row_bytes(int64_t n_words) {
    return 8 * (n_words + n_marks(n_words) + n_marks(n_marks(n_words)));
}

status cooc_row_init(cooc_row *r, int64_t n_words) {
    static const char what[] = "a row of co-occurrences";
    *r = (cooc_row){.n_groups = n_marks(n_marks(n_words))};
    status s = mem_new(&r->sums, (size_t)n_words, sizeof *r->sums, what);
    if (!s.code)
        s = mem_new(&r->marks, (size_t)n_marks(n_words), sizeof *r->marks, what);
    if (!s.code)
        s = mem_new(&r->groups, (size_t)r->n_groups, sizeof *r->groups, what);
    return s;
}

void cooc_row_clear(cooc_row *r) {
    mem_free(&r->sums);
    mem_free(&r->marks);
    mem_free(&r->groups);
    *r = (cooc_row){0};
}

int64_t cooc_row_columns(cooc_row *r, int32_t *columns) {
    int64_t n = 0;
    for (int64_t g = 0; g < r->n_groups; g++) {
        uint64_t group = r->groups[g];
        r->groups[g] = 0;
        for (; group; group &= group - 1) {
            const int64_t m = g * 64 + __builtin_ctzll(group);
            uint64_t marks = r->marks[m];
            r->marks[m] = 0;
            for (; marks; marks &= marks - 1)
                columns[n++] = (int32_t)(m * 64 + __builtin_ctzll(marks));
        }
    }
    return n;
}
