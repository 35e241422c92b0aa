// SPDX-License-Identifier: Apache-2.0
#include "gate.h"

#include <stdbool.h>

/* Looks before sleeping, some 20 microseconds. */
enum { LOOKS = 2000 };

void gate_create(gate *g) {
    pthread_mutexattr_t lock;
    pthread_condattr_t opening;
    atomic_init(&g->arrived, 0);
    atomic_init(&g->opened, 0);
    pthread_mutexattr_init(&lock);
    pthread_mutexattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&g->lock, &lock);
    pthread_mutexattr_destroy(&lock);
    pthread_condattr_init(&opening);
    pthread_condattr_setpshared(&opening, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&g->opening, &opening);
    pthread_condattr_destroy(&opening);
}

void gate_clear(gate *g) {
    pthread_cond_destroy(&g->opening);
    pthread_mutex_destroy(&g->lock);
}

static inline void pause_a_moment(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Who arrived is looked at as well: a race detector sees the threads of one process only, and would
 * miss what orders them when another process has opened the gate. */
static bool is_open(const gate *g, uint32_t before) {
    const bool open = atomic_load_explicit(&g->opened, memory_order_acquire) != before;
    if (open)
        (void)atomic_load_explicit(&g->arrived, memory_order_acquire);
    return open;
}

static void open_gate(gate *g) {
    atomic_store_explicit(&g->arrived, 0, memory_order_relaxed);
    pthread_mutex_lock(&g->lock);
    atomic_fetch_add_explicit(&g->opened, 1, memory_order_release);
    pthread_cond_broadcast(&g->opening);
    pthread_mutex_unlock(&g->lock);
}

void gate_wait(gate *g, uint32_t n) {
    if (n == 1)
        return;
    const uint32_t before = atomic_load_explicit(&g->opened, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&g->arrived, 1, memory_order_acq_rel) + 1 == n) {
        open_gate(g);
        return;
    }
    for (int i = 0; i < LOOKS; i++) {
        if (is_open(g, before))
            return;
        pause_a_moment();
    }
    pthread_mutex_lock(&g->lock);
    while (!is_open(g, before))
        pthread_cond_wait(&g->opening, &g->lock);
    pthread_mutex_unlock(&g->lock);
}
