// SPDX-License-Identifier: Apache-2.0
/* Makes a system or library call go wrong: preloaded into the program under test (LD_PRELOAD).
 *
 *     FAULT_CALL  write | sync | rename | create | claim | memory: which kind of call
 *     FAULT_AT    the call of that kind, from 1, with which it begins
 *     FAULT_HOW   kill: the process dies in place of the call; fail: this and all later calls fail;
 *                 once: only this one; short: a write moves half of its bytes
 *     FAULT_ERRNO number, with fail and once
 *     FAULT_PATH  part of the file's name, for calls on files
 *     FAULT_BYTES the fewest bytes of a request for memory that counts
 *     FAULT_RANK  the rank that it happens to; others are left alone
 *     FAULT_COUNT a file to which a rank appends its number of calls when it ends: to learn how
 * many there are */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

typedef enum { GOES_ON, FAILS, IS_SHORT } outcome;

static struct {
    const char *call, *how, *path, *count;
    long at;
    size_t bytes;
    int error;
    bool here;
    atomic_long seen;
} fault;

static const char *text(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static bool is_rank(void) {
    const char *rank = getenv("OMPI_COMM_WORLD_RANK"), *wanted = text("FAULT_RANK");
    return !*wanted || !strcmp(wanted, rank ? rank : "0");
}

__attribute__((constructor)) static void begin(void) {
    fault.call = text("FAULT_CALL");
    fault.how = text("FAULT_HOW");
    fault.path = text("FAULT_PATH");
    fault.count = text("FAULT_COUNT");
    fault.at = atol(text("FAULT_AT"));
    fault.bytes = (size_t)atol(text("FAULT_BYTES"));
    fault.error = atoi(text("FAULT_ERRNO"));
    fault.here = is_rank();
}

__attribute__((destructor)) static void end(void) {
    FILE *f = *fault.count && fault.here ? fopen(fault.count, "a") : NULL;
    if (!f)
        return;
    fprintf(f, "%ld\n", atomic_load(&fault.seen));
    fclose(f);
}

/* A call of a kind on a file comes: what is to become of it. */
static outcome meet(const char *call, const char *path) {
    if (!fault.here || strcmp(call, fault.call) != 0 || !strstr(path, fault.path))
        return GOES_ON;
    const long seen = atomic_fetch_add(&fault.seen, 1) + 1;
    if (!fault.at || seen < fault.at)
        return GOES_ON;
    if (!strcmp(fault.how, "kill"))
        raise(SIGKILL);
    if (!strcmp(fault.how, "short"))
        return seen == fault.at ? IS_SHORT : GOES_ON;
    if (!strcmp(fault.how, "once") && seen > fault.at)
        return GOES_ON;
    errno = fault.error;
    return FAILS;
}

static outcome meet_file(const char *call, int fd) {
    char link[64], path[PATH_MAX];
    const int before = errno;
    if (!fault.here || strcmp(call, fault.call) != 0)
        return GOES_ON;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    errno = before;
    path[n > 0 ? n : 0] = '\0';
    return meet(call, path);
}

/* The call that this one stands before. */
static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

/* ---- files */

static size_t part(outcome o, size_t bytes) {
    return o == IS_SHORT ? (bytes + 1) / 2 : bytes;
}

ssize_t write(int fd, const void *data, size_t bytes) {
    static ssize_t (*real)(int, const void *, size_t);
    const outcome o = meet_file("write", fd);
    if (!real)
        real = (ssize_t(*)(int, const void *, size_t))next("write");
    return o == FAILS ? -1 : real(fd, data, part(o, bytes));
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    const outcome o = meet_file("write", fd);
    if (!real)
        real = (ssize_t(*)(int, const void *, size_t, off64_t))next("pwrite64");
    return o == FAILS ? -1 : real(fd, data, part(o, bytes), at);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) {
    return pwrite64(fd, data, bytes, at);
}

/* Short: the first piece alone. */
ssize_t writev(int fd, const struct iovec *pieces, int n) {
    static ssize_t (*real)(int, const struct iovec *, int);
    const outcome o = meet_file("write", fd);
    if (!real)
        real = (ssize_t(*)(int, const struct iovec *, int))next("writev");
    return o == FAILS ? -1 : real(fd, pieces, o == IS_SHORT ? 1 : n);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int n, off64_t at) {
    static ssize_t (*real)(int, const struct iovec *, int, off64_t);
    const outcome o = meet_file("write", fd);
    if (!real)
        real = (ssize_t(*)(int, const struct iovec *, int, off64_t))next("pwritev64");
    return o == FAILS ? -1 : real(fd, pieces, o == IS_SHORT ? 1 : n, at);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int n, off_t at) {
    return pwritev64(fd, pieces, n, at);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))next("fsync");
    return meet_file("sync", fd) == FAILS ? -1 : real(fd);
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real)
        real = (int (*)(const char *, const char *))next("rename");
    return meet("rename", to) == FAILS ? -1 : real(from, to);
}

int fallocate64(int fd, int how, off64_t at, off64_t bytes) {
    static int (*real)(int, int, off64_t, off64_t);
    if (!real)
        real = (int (*)(int, int, off64_t, off64_t))next("fallocate64");
    return meet_file("claim", fd) == FAILS ? -1 : real(fd, how, at, bytes);
}

int fallocate(int fd, int how, off_t at, off_t bytes) {
    return fallocate64(fd, how, at, bytes);
}

static int open_with(const char *name, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next(name);
    if ((flags & O_CREAT) && meet("create", path) == FAILS)
        return -1;
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_with("open64", path, flags, mode);
}

/* ---- memory: what the program asks for by mem_new, which wants whole cache lines */

void *aligned_alloc(size_t alignment, size_t bytes) {
    static void *(*real)(size_t, size_t);
    if (!real)
        real = (void *(*)(size_t, size_t))next("aligned_alloc");
    if (fault.call && bytes >= fault.bytes && meet("memory", fault.path) == FAILS)
        return NULL;
    return real(alignment, bytes);
}
