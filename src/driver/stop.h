// SPDX-License-Identifier: Apache-2.0
/* Stopping a command before its end: SIGUSR1 or SIGTERM on any rank, or --max-time. Nothing is
 * interrupted; commands ask now and then, and what they return then has STATUS_STOPPED, the exit
 * code that asks for a requeue. */
#ifndef WORDSHARD_STOP_H
#define WORDSHARD_STOP_H

#include <stdbool.h>

#include "comm.h"
#include "status.h"

/* Local, before MPI is started. From now on the signals are noted, so that one that comes early is
 * not lost. */
void stop_listen(void);

/* Collective, after stop_listen. From now on a signal asks for a stop; max_time: seconds from now
 * at which rank 0 does, 0 = never. */
status stop_begin(const comm *world, double max_time);

/* Collective. Signals are still noted, but nothing comes of it. Nothing to do without stop_begin.
 */
void stop_end(void);

/* Local, only the thread that started MPI. Whether a rank has asked for a stop, as far as is known
 * here; all ranks know soon after one does if all ask now and then. */
bool stop_asked(void);

/* The same for any thread, but without news from other ranks. */
bool stop_seen(void);

/* Local. STATUS_STOPPED if stop_asked: what was being done, "counting", has left nothing behind and
 * begins again. */
status stop_check(const char *doing);
/* The same for thread `thread` of a team, of which 0 is the one that started MPI. */
status stop_check_in(int thread, const char *doing);

/* Collective. comm_agree, and stop_check, for what takes long and not everywhere equally long: who
 * waits passes on a stop that reaches him, so that the others end as well. */
status stop_agree(const comm *c, status mine, const char *doing);

/* Local. "SIGUSR1", "SIGTERM", "--max-time", or on ranks that were told "a signal on another rank".
 */
const char *stop_reason(void);

/* Local. From now on --max-time ends so many seconds earlier, which a checkpoint takes. */
void stop_reserve(double seconds);

#endif
