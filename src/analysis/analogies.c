// SPDX-License-Identifier: Apache-2.0
#include "analogies.h"

#include <string.h>

#include "memory.h"

static status answer_part(const unit_rows *rows, neighbours_method method, int64_t n,
                          const int32_t *questions, int threads, int32_t *answers) {
    neighbour *best;
    status s = mem_new(&best, (size_t)n, sizeof *best, "answers");
    if (s.code)
        return s;
    neighbours_task task = {.candidates = *rows,
                            .probes = *rows,
                            .method = method,
                            .n_queries = n,
                            .queries = questions,
                            .exclude = questions,
                            .n_exclude = 3,
                            .k = 1,
                            .threads = threads};
    s = neighbours_find(&task, best);
    for (int64_t i = 0; i < n && !s.code; i++)
        answers[i] = best[i].row;
    mem_free(&best);
    return s;
}

status analogies_answer(const comm *c, const unit_rows *rows, neighbours_method method, int64_t n,
                        const int32_t *questions, int threads, int32_t *answers) {
    int64_t begin = n * comm_rank(c) / comm_size(c), end = n * (comm_rank(c) + 1) / comm_size(c),
            bytes;
    int32_t *all;
    status s = comm_agree(
        c, answer_part(rows, method, end - begin, questions + begin * 3, threads, answers + begin));
    if (s.code)
        return s;
    s = comm_concatenate(c, answers + begin, (end - begin) * (int64_t)sizeof *answers, &all,
                         &bytes);
    if (!s.code)
        memcpy(answers, all, (size_t)bytes);
    mem_free(&all);
    return s;
}
