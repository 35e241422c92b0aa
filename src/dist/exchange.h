// SPDX-License-Identifier: Apache-2.0
/* Alltoallv with 64-bit counts. */
#ifndef WORDSHARD_EXCHANGE_H
#define WORDSHARD_EXCHANGE_H

#include <stdint.h>

#include "comm.h"

/* Collective. send holds send_bytes[r] bytes for rank r, one rank after the other. Sets
 * recv_bytes[size], and *recv (the address of a pointer; a new block, mem_free) to what came, by
 * rank of origin. On STATUS_SPACE on any rank nothing is sent and every rank returns it. */
status exchange_bytes(const comm *c, const void *send, const int64_t *send_bytes, void *recv,
                      int64_t *recv_bytes);

/* The same into a buffer that grows (mem_grow) and is kept between calls. */
status exchange_into(const comm *c, const void *send, const int64_t *send_bytes, void *buffer,
                     size_t *capacity, int64_t *recv_bytes);

/* Collective. Every rank's bytes, one rank after the other, on every rank; *total = their sum. The
 * buffer grows and is kept between calls. */
status exchange_gather(const comm *c, const void *data, int64_t bytes, void *buffer,
                       size_t *capacity, int64_t *total);

#endif
