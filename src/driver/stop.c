// SPDX-License-Identifier: Apache-2.0
#include "stop.h"

#include <math.h>
#include <signal.h>

#include "log.h"
#include "notice.h"

/* A signal handler has no other way to be heard. */
static volatile sig_atomic_t signal_seen;

static struct {
    notice *notice;           /* NULL outside stop_begin ... stop_end */
    double deadline, reserve; /* on clock_seconds, INFINITY = none; seconds */
} stopping = {.deadline = INFINITY};

static const int SIGNALS[] = {SIGUSR1, SIGTERM};
enum { N_SIGNALS = sizeof SIGNALS / sizeof *SIGNALS };

static void note_signal(int number) {
    signal_seen = number;
}

void stop_listen(void) {
    const struct sigaction act = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(SIGNALS[i], &act, NULL);
}

status stop_begin(const comm *world, double max_time) {
    if (max_time > 0 && comm_rank(world) == 0)
        stopping.deadline = clock_seconds() + max_time;
    return notice_create(&stopping.notice, world);
}

void stop_end(void) {
    if (!stopping.notice)
        return;
    notice_destroy(&stopping.notice);
    stopping.deadline = INFINITY;
}

bool stop_seen(void) {
    return signal_seen || clock_seconds() >= stopping.deadline - stopping.reserve;
}

bool stop_asked(void) {
    if (!stopping.notice)
        return false;
    if (stop_seen())
        notice_give(stopping.notice);
    return notice_came(stopping.notice);
}

const char *stop_reason(void) {
    return signal_seen == SIGUSR1   ? "SIGUSR1"
           : signal_seen == SIGTERM ? "SIGTERM"
           : stop_seen()            ? "--max-time"
                                    : "a signal on another rank";
}

status stop_check(const char *doing) {
    return stop_check_in(0, doing);
}

status stop_check_in(int thread, const char *doing) {
    if (!(thread == 0 ? stop_asked() : stop_seen()))
        return status_ok();
    return status_error(STATUS_STOPPED,
                        "stopped by %s while %s; nothing is kept of it, the same command begins "
                        "it again",
                        stop_reason(), doing);
}

static void listen(void *context) {
    (void)context;
    (void)stop_asked();
}

status stop_agree(const comm *c, status mine, const char *doing) {
    comm_barrier_while(c, listen, NULL);
    return comm_agree(c, mine.code ? mine : stop_check(doing));
}

void stop_reserve(double seconds) {
    stopping.reserve = seconds;
}
