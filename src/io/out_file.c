// SPDX-License-Identifier: Apache-2.0
#include "out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

static status join(char **out, const char *a, const char *b) {
    size_t n = strlen(a) + strlen(b) + 1;
    status s = mem_new(out, n, 1, "a path");
    if (!s.code)
        snprintf(*out, n, "%s%s", a, b);
    return s;
}

status out_open(out_file *f, const char *path, const char *ending) {
    status s = join(&f->path, path, ending);
    if (!s.code)
        s = join(&f->partial, f->path, ".partial");
    if (s.code)
        return s;
    f->descriptor = open(f->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return f->descriptor < 0 ? status_errno(errno, "cannot create", f->partial) : status_ok();
}

status out_write(out_file *f, const char *bytes, size_t n) {
    while (n) {
        ssize_t done = write(f->descriptor, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return status_errno(errno, "cannot write", f->partial);
        bytes += done;
        n -= (size_t)done;
    }
    return status_ok();
}

status out_sync(out_file *f) {
    int failed = fsync(f->descriptor) ? errno : 0;
    if (close(f->descriptor) && !failed)
        failed = errno;
    f->descriptor = -1;
    return failed ? status_errno(failed, "cannot write", f->partial) : status_ok();
}

status out_rename(out_file *f) {
    if (rename(f->partial, f->path))
        return status_errno(errno, "cannot rename to", f->path);
    mem_free(&f->partial);
    return status_ok();
}

void out_clear(out_file *f) {
    if (f->descriptor >= 0)
        close(f->descriptor);
    if (f->partial)
        unlink(f->partial);
    mem_free(&f->partial);
    mem_free(&f->path);
}
