// SPDX-License-Identifier: Apache-2.0
/* A barrier for threads of one or several processes, in memory that they share. Who comes first
 * looks for a moment whether the others are there too, which is soon where each thread has a core,
 * and then sleeps: where cores are scarce the others need this one. */
#ifndef WORDSHARD_GATE_H
#define WORDSHARD_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

typedef struct {
    _Atomic uint32_t arrived, opened; /* threads that wait now; how often the gate was opened */
    pthread_mutex_t lock;
    pthread_cond_t opening;
} gate;

/* By one thread, before any waits. */
void gate_create(gate *g);
/* By one thread, after all have left. */
void gate_clear(gate *g);

/* Returns when n threads are here. What they wrote before is seen by all of them after. */
void gate_wait(gate *g, uint32_t n);

#endif
