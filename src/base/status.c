// SPDX-License-Identifier: Apache-2.0
#include "status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

status status_ok(void) {
    status s;
    s.code = STATUS_OK;
    s.message[0] = '\0';
    return s;
}

status status_error(status_code code, const char *format, ...) {
    status s;
    s.code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s.message, sizeof s.message, format, arguments);
    va_end(arguments);
    for (char *c = s.message; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return s;
}

status status_first(status a, status b) {
    return a.code ? a : b;
}

status status_errno(int error, const char *doing, const char *path) {
    if (error == ENOSPC || error == EDQUOT)
        return status_error(STATUS_SPACE, "%s %s: %s; free some space or write elsewhere", doing,
                            path, strerror(error));
    return status_error(STATUS_IO, "%s %s: %s", doing, path, strerror(error));
}
