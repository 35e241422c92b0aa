// SPDX-License-Identifier: Apache-2.0
/* What exchange.h is made of, with the lengths at which MPI's int counts end as parameters, so that
 * tests reach them with little memory. Contracts are those of exchange.h. */
#ifndef WORDSHARD_EXCHANGE_PIECES_H
#define WORDSHARD_EXCHANGE_PIECES_H

#include "exchange.h"

/* Collective. Messages of at most piece bytes. */
status exchange_in_pieces(const comm *c, const void *send, const int64_t *send_bytes, void *buffer,
                          size_t *capacity, int64_t *recv_bytes, int64_t piece);

/* Collective. In one call up to most bytes in all, by broadcasts beyond. */
status exchange_gather_most(const comm *c, const void *data, int64_t bytes, void *buffer,
                            size_t *capacity, int64_t *total, int64_t most);

#endif
