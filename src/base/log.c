// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* How this process speaks: set once by main, read everywhere. */
static struct { bool speaks, quiet, terminal, line_open, whole_lines; } voice = {.speaks = true};

void log_init(bool speaks, bool quiet) {
    if (!voice.whole_lines) /* so that those of other ranks do not get between */
        voice.whole_lines = setvbuf(stderr, NULL, _IOLBF, BUFSIZ) == 0;
    voice.speaks = speaks;
    voice.quiet = quiet;
    voice.terminal = isatty(STDERR_FILENO);
}

static void close_line(void) {
    if (voice.line_open)
        fputs("\r\033[K", stderr);
    voice.line_open = false;
}

static void print(const char *prefix, const char *format, va_list arguments) {
    if (!voice.speaks)
        return;
    close_line();
    fputs(prefix, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void log_info(const char *format, ...) {
    if (voice.quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    print("wordshard: ", format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print("wordshard: warning: ", format, arguments);
    va_end(arguments);
}

void log_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print("wordshard: error: ", format, arguments);
    va_end(arguments);
}

void log_progress(const char *format, ...) {
    if (!voice.speaks || voice.quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    if (voice.terminal) {
        fputs("\r\033[K", stderr);
        vfprintf(stderr, format, arguments);
        fflush(stderr);
        voice.line_open = true;
    } else {
        print("wordshard: ", format, arguments);
    }
    va_end(arguments);
}

bool log_is_terminal(void) {
    return voice.terminal;
}

bool log_due(double *last) {
    const double now = clock_seconds();
    if (now - *last < (voice.terminal ? 0.5 : 10))
        return false;
    *last = now;
    return true;
}

double clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
