// SPDX-License-Identifier: Apache-2.0
/* Messages to a person, on stderr, from the rank that was told to speak. Not thread-safe. */
#ifndef WORDSHARD_LOG_H
#define WORDSHARD_LOG_H

#include <stdbool.h>

/* speaks: this process prints (rank 0). quiet: only warnings and errors. */
void log_init(bool speaks, bool quiet);

/* One line: "wordshard: ..." */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that the next one replaces when stderr is a terminal; an ordinary line otherwise. */
void log_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool log_is_terminal(void);

/* Whether it is time for another line of progress: half a second after *last on a terminal, ten
 * otherwise; *last is now then (clock_seconds). */
bool log_due(double *last);

/* Seconds on a clock that never steps back. */
double clock_seconds(void);

#endif
