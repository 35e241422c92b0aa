// SPDX-License-Identifier: Apache-2.0
/* Analogy questions: a is to b as c is to what? */
#ifndef WORDSHARD_ANALOGIES_H
#define WORDSHARD_ANALOGIES_H

#include <stdint.h>

#include "comm.h"
#include "neighbours.h"
#include "status.h"

/* Collective. The best answer to each of n questions (a, b, c) among rows, which every rank has;
 * the three words of a question are no answer to it. Each rank answers a contiguous part.
 * questions: [n * 3] rows; answers: [n] on every rank, -1 where no row is left. */
status analogies_answer(const comm *c, const unit_rows *rows, neighbours_method method, int64_t n,
                        const int32_t *questions, int threads, int32_t *answers);

#endif
