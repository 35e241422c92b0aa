// SPDX-License-Identifier: Apache-2.0
#include "split_search.h"

#include <math.h>
#include <string.h>

#include "memory.h"

static status search_part(const neighbours_task *task, int64_t first, neighbour *out) {
    neighbours_task mine = *task;
    size_t n = (size_t)task->n_queries * (size_t)task->n_exclude;
    int32_t *exclude;
    status s = mem_new(&exclude, n, sizeof *exclude, "excluded words");
    if (s.code)
        return s;
    for (size_t i = 0; i < n; i++) {
        int64_t row = task->exclude[i] - first;
        exclude[i] = row >= 0 && row < task->candidates.n ? (int32_t)row : -1;
    }
    mine.exclude = exclude;
    s = neighbours_find(&mine, out);
    for (int64_t i = 0; i < task->n_queries * task->k && !s.code; i++)
        if (out[i].row >= 0)
            out[i].row += (int32_t)first;
    mem_free(&exclude);
    return s;
}

/* lists: those of the ranks one after the other. Rows grow with the rank, so that the first of
 * equal scores is the one with the lowest row. */
static void merge(const neighbour *lists, int ranks, int64_t n_queries, int k, int64_t query,
                  int64_t *heads, neighbour *out) {
    memset(heads, 0, (size_t)ranks * sizeof *heads);
    for (int i = 0; i < k; i++) {
        int from = -1;
        out[i] = (neighbour){-1, -INFINITY};
        for (int r = 0; r < ranks; r++) {
            if (heads[r] == k)
                continue;
            const neighbour *next = &lists[(r * n_queries + query) * k + heads[r]];
            if (next->row >= 0 && (from < 0 || next->score > out[i].score)) {
                out[i] = *next;
                from = r;
            }
        }
        if (from >= 0)
            heads[from]++;
    }
}

status split_search(const comm *c, const neighbours_task *task, int64_t first, neighbour *out) {
    const int ranks = comm_size(c);
    int64_t *heads, bytes = task->n_queries * task->k * (int64_t)sizeof *out;
    neighbour *lists = NULL;
    status s = mem_new(&heads, (size_t)ranks, sizeof *heads, "lists of the ranks");
    if (!s.code)
        s = search_part(task, first, out);
    s = comm_agree(c, s);
    if (!s.code)
        s = comm_concatenate(c, out, bytes, &lists, &bytes);
    for (int64_t i = 0; i < task->n_queries && !s.code; i++)
        merge(lists, ranks, task->n_queries, task->k, i, heads, out + i * task->k);
    mem_free(&lists);
    mem_free(&heads);
    return s;
}
