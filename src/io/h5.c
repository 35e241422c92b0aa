// SPDX-License-Identifier: Apache-2.0
/* Files: creating, committing, opening. Datasets are in h5_data.c, attributes and members in
 * h5_attribute.c, what goes wrong in h5_failure.c. */
#include "h5_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "memory.h"

static const int64_t METADATA_BYTES = 128 << 10; /* reserved beside the datasets */

/* ---- space */

static status no_space(const char *path, double need) {
    struct statvfs v;
    char needed[32], available[32];
    double left = statvfs(path, &v) ? 0 : (double)v.f_bavail * (double)v.f_frsize;
    return status_error(STATUS_SPACE,
                        "disk full: %s needs %s more, %s is free; free some space or write "
                        "elsewhere",
                        path, mem_format(needed, need), mem_format(available, left));
}

/* File systems that cannot allocate ahead are asked for their free space instead. */
static status claim(const char *path, int64_t total) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct stat st;
    struct statvfs v;
    if (fd < 0 || fstat(fd, &st) || fstatvfs(fd, &v)) {
        status s = status_errno(errno, "cannot write", path);
        if (fd >= 0)
            close(fd);
        return s;
    }
    double more = (double)total - (double)st.st_blocks * 512;
    int failed;
    do
        failed = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, total) ? errno : 0;
    while (failed == EINTR);
    close(fd);
    if (failed == ENOSPC || failed == EDQUOT)
        return no_space(path, more);
    if (failed == EFBIG)
        return status_errno(failed, "cannot write", path);
    if (failed && more > (double)v.f_bavail * (double)v.f_frsize)
        return no_space(path, more);
    return status_ok();
}

/* The end of a file that holds so many bytes more than what is claimed: HDF5 does not say how far a
 * file goes that is written through MPI-IO, so add it up. */
static bool end_after(const h5_file *f, int64_t bytes, int64_t *total) {
    const int64_t index =
        METADATA_BYTES / 32 + bytes / 16384; /* the header and the list of chunks */
    return !__builtin_add_overflow(f->claimed, bytes, total) &&
           !__builtin_add_overflow(*total, index + METADATA_BYTES, total);
}

status h5_reserve(h5_file *f, int64_t bytes) {
    int64_t total;
    status s = status_ok();
    if (!end_after(f, bytes, &total))
        s = no_space(f->partial, (double)bytes);
    else if (f->g.rank == 0)
        s = claim(f->partial, total);
    s = group_agree(&f->g, s);
    if (!s.code)
        f->claimed = total - METADATA_BYTES;
    return s;
}

status h5_expect(h5_file *f, int64_t bytes) {
    const int64_t before = f->claimed;
    const status s = h5_reserve(f, bytes);
    f->claimed = before;
    return s;
}

/* ---- making and closing */

static void forget(h5_file **file) {
    h5_file *f = *file;
    if (!f)
        return;
    h5_unwatch(f);
    if (f->transfer > 0)
        H5Pclose(f->transfer);
    mem_free(&f->path);
    mem_free(&f->partial);
    mem_free(file);
}

static status prepare_library(void) {
    /* No flushing of files at exit: those that matter have been closed, and a broken one could
     * hang there. The answer of a second call is of no interest. */
    (void)H5dont_atexit();
    if (H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0)
        return status_error(STATUS_INTERNAL, "the HDF5 library does not start");
    return status_ok();
}

static status new_file(h5_file **file, const char *path, bool writing, const group *g) {
    status s = mem_new(file, 1, sizeof **file, "a file");
    if (s.code)
        return s;
    h5_file *f = *file;
    f->g = *g;
    f->writing = writing;
    f->id = f->transfer = -1;
    s = mem_string(&f->path, path);
    if (!s.code && writing) {
        size_t size = strlen(path) + sizeof ".partial";
        s = mem_new(&f->partial, size, 1, "a file name");
        if (!s.code)
            snprintf(f->partial, size, "%s.partial", path);
    }
    if (s.code)
        forget(file);
    return s;
}

/* Version 1.10 of the format: every piece of metadata has a checksum, the chunk index as well. */
static hid_t file_access(const group *g) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0)
        return access;
    bool good = H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_LATEST) >= 0 &&
                H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0;
#if H5_VERSION_GE(1, 10, 7)
    /* Cluster file systems often cannot lock. */
    good = good && H5Pset_file_locking(access, true, true) >= 0;
#endif
    if (g->size > 1)
        good = good && H5Pset_fapl_mpio(access, MPI_Comm_f2c(g->handle), MPI_INFO_NULL) >= 0;
    if (good)
        return access;
    H5Pclose(access);
    return -1;
}

/* Rank 0 makes the empty file first: a system call gives a better reason than HDF5. A file of its
 * own, because processes of a killed job may still be writing to the one of this name. */
static status touch_partial(const h5_file *f) {
    struct stat st;
    if (stat(f->path, &st) == 0 && S_ISDIR(st.st_mode))
        return status_errno(EISDIR, "cannot write", f->path);
    (void)unlink(f->partial);
    int fd = open(f->partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return status_errno(errno, "cannot create", f->partial);
    close(fd);
    return status_ok();
}

/* Open MPI 4 gives each file a shared pointer, which HDF5 never uses, guarded by a semaphore that
 * is named after the file. A job that was killed leaves it locked, and the next one to write a file
 * of this name would wait for ever. */
static void remove_stale_semaphore(const h5_file *f) {
    const char *slash = strrchr(f->partial, '/');
    char name[NAME_MAX];
    int n = snprintf(name, sizeof name, "/OMPIO_%s", slash ? slash + 1 : f->partial);
    if (f->g.size > 1 && n < (int)sizeof name)
        (void)sem_unlink(name);
}

static status create_on_disk(h5_file *f) {
    remove_stale_semaphore(f);
    status s = group_agree(&f->g, f->g.rank == 0 ? touch_partial(f) : status_ok());
    if (s.code)
        return s;
    struct stat st;
    bool seen = stat(f->partial, &st) == 0;
    if (seen)
        f->inode = st.st_ino;
    if (!seen || access(f->partial, R_OK | W_OK))
        s = status_error(STATUS_IO,
                         "%s: made by rank 0, but rank %d cannot open it (%s); it must be on a "
                         "file system that all hosts share",
                         f->partial, f->g.rank, strerror(errno));
    s = group_agree(&f->g, s);
    if (s.code)
        return s;
    hid_t how = file_access(&f->g);
    f->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (f->transfer >= 0 && f->g.size > 1)
        H5Pset_dxpl_mpio(f->transfer, H5FD_MPIO_COLLECTIVE);
    s = group_agree(&f->g,
                    how < 0 || f->transfer < 0
                        ? status_error(STATUS_INTERNAL, "%s: HDF5 refuses its settings", f->partial)
                        : status_ok());
    if (!s.code) {
        f->id = H5Fcreate(f->partial, H5F_ACC_TRUNC, H5P_DEFAULT, how);
        s = group_agree(&f->g, f->id < 0 ? h5_failure_together(f, "anything") : status_ok());
        if (!s.code)
            h5_watch(f, how);
    }
    if (how >= 0)
        H5Pclose(how);
    return s;
}

status h5_create(h5_file **file, const char *path, const char *kind, int version, const group *g) {
    *file = NULL;
    status s = prepare_library();
    if (!s.code)
        s = new_file(file, path, true, g);
    s = group_agree(g, s);
    if (s.code) {
        forget(file);
        return s;
    }
    s = create_on_disk(*file);
    if (!s.code)
        s = h5_reserve(*file, 0);
    if (!s.code)
        s = h5_set_text(*file, "/", "format", kind);
    if (!s.code)
        s = h5_set_int(*file, "/", "format_version", version);
    if (s.code)
        h5_discard(file);
    return s;
}

/* Flush and close. A file that HDF5 has tried to close in vain has no id any more: it knows it
 * half. */
static status close_written(h5_file *f) {
    h5_close_slots(f);
    status s = group_agree(&f->g, H5Fflush(f->id, H5F_SCOPE_GLOBAL) < 0
                                      ? h5_failure_together(f, "the last part")
                                      : status_ok());
    if (s.code)
        return s;
    s = group_agree(&f->g, H5Fclose(f->id) < 0 ? h5_failure_together(f, "the end") : status_ok());
    f->id = -1;
    return s;
}

static status sync_path(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return status_errno(errno, "cannot open", path);
    struct stat st;
    status s = status_ok();
    /* Gives back what was reserved and not used. */
    if (!(flags & O_DIRECTORY) && fstat(fd, &st) == 0 && ftruncate(fd, st.st_size))
        s = status_errno(errno, "cannot write", path);
    if (!s.code && fsync(fd) && errno != EINVAL)
        s = status_errno(errno, "cannot write", path);
    close(fd);
    return s;
}

static status sync_and_rename(const h5_file *f) {
    char *folder = NULL;
    status s = mem_string(&folder, f->path);
    if (s.code)
        return s;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    if (!h5_is_ours(f))
        s = status_error(STATUS_IO,
                         "%s was removed or replaced by another job while it was written",
                         f->partial);
    if (!s.code)
        s = sync_path(f->partial, O_RDWR);
    if (!s.code && rename(f->partial, f->path))
        s = status_errno(errno, "cannot give the finished file its name", f->path);
    if (!s.code)
        s = sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
    mem_free(&folder);
    return s;
}

status h5_commit(h5_file **file) {
    h5_file *f = *file;
    status s = close_written(f);
    if (!s.code)
        s = group_agree(&f->g, f->g.rank == 0 ? sync_and_rename(f) : status_ok());
    if (s.code)
        h5_discard(file);
    else
        forget(file);
    return s;
}

status h5_keep_partial(h5_file **file) {
    h5_file *f = *file;
    status s = close_written(f);
    if (!s.code)
        s = group_agree(&f->g, f->g.rank == 0 ? sync_path(f->partial, O_RDWR) : status_ok());
    if (s.code)
        h5_discard(file);
    else
        forget(file);
    return s;
}

/* HDF5 writes what it still holds when it closes. Several processes make room for that on a full
 * disk. */
static void give_up(const h5_file *f) {
    if (f->g.size == 1 && f->id >= 0) {
        h5_write_nowhere(f);
    } else if (f->g.rank == 0 && f->id >= 0 && h5_is_ours(f) && truncate(f->partial, 0)) {
        /* Then it is closed as it is. */
    }
}

void h5_discard(h5_file **file) {
    h5_file *f = *file;
    if (!f)
        return;
    give_up(f);
    h5_close_slots(f);
    (void)group_agree(&f->g, status_ok());
    if (f->id >= 0 && H5Fclose(f->id) < 0)
        (void)h5_failure_together(f, "the end");
    H5Eclear2(H5E_DEFAULT);
    (void)group_agree(&f->g, status_ok());
    if (f->g.rank == 0)
        h5_remove_partial(f);
    forget(file);
}

/* ---- reading */

/* Says with a system call's reason why a file cannot be read. */
static status check_regular(const char *path) {
    struct stat st;
    if (stat(path, &st))
        return status_errno(errno, "cannot open", path);
    if (!S_ISREG(st.st_mode))
        return status_error(STATUS_INPUT, "%s is not a regular file", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_errno(errno, "cannot open", path);
    close(fd);
    if (st.st_size == 0)
        return status_error(STATUS_INPUT, "%s is empty, not an HDF5 file", path);
    return status_ok();
}

static status open_on_disk(h5_file *f) {
    status s = check_regular(f->path);
    if (s.code)
        return s;
    if (H5Fis_hdf5(f->path) <= 0) {
        H5Eclear2(H5E_DEFAULT);
        return status_error(STATUS_INPUT, "%s is not an HDF5 file, or its beginning is damaged",
                            f->path);
    }
    group alone = group_alone();
    hid_t how = file_access(&alone);
    f->id = how < 0 ? -1 : H5Fopen(f->path, H5F_ACC_RDONLY, how);
    s = f->id < 0 ? h5_failure_reading(f, "its structure") : status_ok();
    if (how >= 0)
        H5Pclose(how);
    return s;
}

static status check_kind(h5_file *f, const char *kind) {
    static const char OURS[] = "wordshard ";
    char *found = NULL;
    status s = h5_get_text(f, "/", "format", &found);
    if (s.code == STATUS_SPACE)
        return s;
    if (s.code || strncmp(found, OURS, strlen(OURS)) != 0)
        s = status_error(STATUS_INPUT, "%s is an HDF5 file, but none that wordshard wrote%s%s",
                         f->path, s.code ? ": " : "", s.code ? s.message : "");
    else if (kind && strcmp(found, kind) != 0)
        s = status_error(STATUS_INPUT, "%s is a %s file; a %s file is needed here", f->path, found,
                         kind);
    mem_free(&found);
    return s;
}

static status open_local(h5_file **file, const char *path, const char *kind, const group *g) {
    status s = prepare_library();
    if (!s.code)
        s = new_file(file, path, false, g);
    if (!s.code)
        s = open_on_disk(*file);
    if (!s.code)
        s = check_kind(*file, kind);
    return s;
}

status h5_open(h5_file **file, const char *path, const char *kind, const group *g) {
    *file = NULL;
    status s = group_agree(g, open_local(file, path, kind, g));
    if (s.code)
        h5_close(file);
    return s;
}

void h5_close(h5_file **file) {
    h5_file *f = *file;
    if (!f)
        return;
    h5_close_slots(f);
    if (f->id >= 0)
        H5Fclose(f->id);
    H5Eclear2(H5E_DEFAULT);
    forget(file);
}

void h5_library(char *text, size_t size) {
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, size, "HDF5 %u.%u.%u", major, minor, release);
}

void h5_kind(const char *path, char *text, size_t size) {
    group alone = group_alone();
    h5_file *f = NULL;
    char *kind = NULL;
    text[0] = '\0';
    if (!open_local(&f, path, NULL, &alone).code && !h5_get_text(f, "/", "format", &kind).code)
        snprintf(text, size, "%s", kind);
    mem_free(&kind);
    h5_close(&f);
}

const char *h5_path(const h5_file *f) {
    return f->path;
}

const group *h5_group(const h5_file *f) {
    return &f->g;
}
