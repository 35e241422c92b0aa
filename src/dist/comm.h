// SPDX-License-Identifier: Apache-2.0
/* Ranks: who we are, agreement, small reductions. All functions with a comm are collective over it
 * unless marked otherwise. An MPI failure aborts the job (MPI_ERRORS_ARE_FATAL). */
#ifndef WORDSHARD_COMM_H
#define WORDSHARD_COMM_H

#include <stddef.h>
#include <stdint.h>

#include "group.h"
#include "status.h"

typedef struct comm comm;

/* Start MPI (thread level FUNNELED). Returns the communicator of all ranks. */
comm *comm_start(int *argc, char ***argv);
/* Collective. End MPI and free world. */
void comm_stop(comm **world);

/* Ranks with the same colour; order by rank. */
comm *comm_split(const comm *c, int colour);
/* Ranks on the same node. */
comm *comm_split_node(const comm *c);
void comm_free(comm **c);

/* Local. */
int comm_rank(const comm *c);
int comm_size(const comm *c);
group comm_group(const comm *c); /* valid as long as c */

/* The failure of the lowest rank that has one, on every rank; OK if none has. */
status comm_agree(const comm *c, status mine);

void comm_barrier(const comm *c);
/* The same; who waits calls meanwhile(context) now and then. */
void comm_barrier_while(const comm *c, void (*meanwhile)(void *context), void *context);
void comm_broadcast(const comm *c, int root, void *data, size_t bytes);
int64_t comm_sum(const comm *c, int64_t x);
int64_t comm_max(const comm *c, int64_t x);
int64_t comm_min(const comm *c, int64_t x);
uint64_t comm_sum_wrapping(const comm *c, uint64_t x); /* modulo 2^64 */
/* In a fixed order (by rank), so the same bits on every run. */
double comm_sum_real(const comm *c, double x);
/* Element by element, in place: x[n]. */
void comm_sum_all(const comm *c, int64_t *x, int64_t n);
void comm_min_all(const comm *c, int64_t *x, int64_t n);
/* Data of which each byte is set on one rank at most, and 0 on the others; afterwards on all. */
void comm_spread(const comm *c, void *data, size_t bytes);
/* Sum of x over the ranks before this one. */
int64_t comm_sum_before(const comm *c, int64_t x);
/* One value of every rank: out[size]. */
void comm_gather_all(const comm *c, int64_t x, int64_t *out);
/* n values of every rank: out[size, n]. */
void comm_gather_reals(const comm *c, const double *x, size_t n, double *out);
/* Blocks of different sizes, one after the other by rank, on every rank; *out is new (mem_free). */
status comm_concatenate(const comm *c, const void *data, int64_t bytes, void *out,
                        int64_t *out_bytes);

/* The MPI library's version, one line. Local. */
void comm_library(char *text, size_t size);
/* Name of this host. Local. */
void comm_host(char *text, size_t size);

#endif
