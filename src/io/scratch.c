// SPDX-License-Identifier: Apache-2.0
#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

status scratch_open(const char *folder, int *fd) {
    char *name = NULL;
    size_t length = 0;
    *fd = -1;
    status s = mem_grow(&name, &length, strlen(folder) + 32, 1, "a path");
    if (s.code)
        return s;
    snprintf(name, length, "%s/wordshard-scratch-XXXXXX", folder);
    *fd = mkstemp(name);
    if (*fd < 0)
        s = status_errno(errno, "cannot make a scratch file in", folder);
    else
        unlink(name);
    mem_free(&name);
    return s;
}

status scratch_write(int fd, const char *folder, const void *data, size_t bytes, int64_t place) {
    for (const char *from = data; bytes;) {
        const ssize_t done = pwrite(fd, from, bytes, place);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return status_errno(errno, "cannot write a scratch file in", folder);
        from += done;
        place += done;
        bytes -= (size_t)done;
    }
    return status_ok();
}

status scratch_read(int fd, const char *folder, void *data, size_t bytes, int64_t place) {
    for (char *to = data; bytes;) {
        const ssize_t done = pread(fd, to, bytes, place);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return status_errno(done ? errno : EIO, "cannot read the scratch file in", folder);
        to += done;
        place += done;
        bytes -= (size_t)done;
    }
    return status_ok();
}
