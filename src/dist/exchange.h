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

/* Collective. recv[r] becomes what rank r has at send[mine]. */
void exchange_sizes(const comm *c, const int64_t *send, int64_t *recv);

/* Split phase: between begin and end the messages run while the caller does other work, best with a
 * call of exchange_move now and then. recv has room for all that comes and recv_bytes is known;
 * both buffers stay as they are until the end. begin and end are collective, move is local; all on
 * the thread that started MPI. After an error there is nothing to end. */
typedef struct exchange_running exchange_running;
status exchange_begin(exchange_running **x, const comm *c, const void *send,
                      const int64_t *send_bytes, void *recv, const int64_t *recv_bytes);
void exchange_move(exchange_running *x);
void exchange_end(exchange_running **x);

/* Collective. Every rank's bytes, one rank after the other, on every rank; *total = their sum. The
 * buffer grows and is kept between calls. */
status exchange_gather(const comm *c, const void *data, int64_t bytes, void *buffer,
                       size_t *capacity, int64_t *total);

#endif
