// SPDX-License-Identifier: Apache-2.0
/* A word that any rank can pass to all others while each is busy with its own work: no rank waits,
 * and nothing needs to be agreed upon before. Only the thread that started MPI. */
#ifndef WORDSHARD_NOTICE_H
#define WORDSHARD_NOTICE_H

#include <stdbool.h>

#include "comm.h"

typedef struct notice notice;

/* Collective. */
status notice_create(notice **n, const comm *world);
/* Collective. Waits for words that are under way. */
void notice_destroy(notice **n);

/* Local. Pass the word on; later calls do nothing. */
void notice_give(notice *n);

/* Local. Whether this or any other rank has given it and it has come here. */
bool notice_came(notice *n);

#endif
