// SPDX-License-Identifier: Apache-2.0
/* What goes wrong with a file: HDF5's reasons as a status, and the end of a job in which one of
 * several writers has failed. */
#include "h5_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

bool h5_is_ours(const h5_file *f) {
    struct stat st;
    return stat(f->partial, &st) == 0 && st.st_ino == f->inode;
}

void h5_remove_partial(const h5_file *f) {
    if (h5_is_ours(f))
        (void)unlink(f->partial);
}

/* ---- what HDF5 says */

typedef struct {
    int error;      /* errno, if the stack tells one */
    char text[200]; /* the innermost description */
} h5_reason;

static herr_t look_at_failure(unsigned n, const H5E_error2_t *e, void *context) {
    h5_reason *reason = context;
    if (!e->desc)
        return 0;
    if (n == 0)
        snprintf(reason->text, sizeof reason->text, "%s", e->desc);
    const char *number = strstr(e->desc, "errno = ");
    if (number && !reason->error)
        reason->error = atoi(number + strlen("errno = "));
    if (!reason->error && strstr(e->desc, "MPI_ERR_NO_SPACE"))
        reason->error = ENOSPC;
    return 0;
}

static h5_reason last_reason(void) {
    h5_reason reason = {.error = 0, .text = "no reason given"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look_at_failure, &reason);
    H5Eclear2(H5E_DEFAULT);
    return reason;
}

status h5_failure_reading(const h5_file *f, const char *what) {
    h5_reason reason = last_reason();
    if (reason.error)
        return status_error(STATUS_IO, "%s: cannot read %s: %s", h5_disk_name(f), what,
                            strerror(reason.error));
    return status_error(STATUS_INPUT, "%s: cannot read %s: %s; the file is damaged",
                        h5_disk_name(f), what, reason.text);
}

hid_t h5_hold_reason(void) {
    return H5Eget_current_stack();
}

void h5_release_reason(hid_t held) {
    if (held >= 0)
        H5Eset_current_stack(held);
}

static bool is_disk_full(const char *path) {
    struct statvfs v;
    return statvfs(path, &v) == 0 && (double)v.f_bavail * (double)v.f_frsize < 65536.0;
}

static bool has_failed; /* a write of this process */

status h5_failure_writing(const h5_file *f, const char *what) {
    h5_reason reason = last_reason();
    has_failed = true;
    char doing[128];
    snprintf(doing, sizeof doing, "cannot write %s to", what);
    if (!reason.error && is_disk_full(f->partial))
        reason.error = ENOSPC;
    if (reason.error)
        return status_errno(reason.error, doing, f->partial);
    return status_error(STATUS_IO, "%s %s: %s", doing, f->partial, reason.text);
}

/* ---- one writer */

void h5_write_nowhere(const h5_file *f) {
    int *fd = NULL;
    const int nowhere = memfd_create("given up", MFD_CLOEXEC);
    if (nowhere >= 0 && H5Fget_vfd_handle(f->id, H5P_DEFAULT, (void **)&fd) >= 0 && fd)
        (void)dup2(nowhere, *fd);
    if (nowhere >= 0)
        close(nowhere);
}

/* HDF5 ends with MPI, and crashes when it comes to a file that it could not create. There is no
 * call for leaving it as it is, but it looks at this before. */
extern bool H5_libinit_g __attribute__((weak));

void h5_end(void) {
    if (has_failed && &H5_libinit_g)
        H5_libinit_g = false;
}

/* ---- several writers */

/* Several may meet the same failure: the first has a moment to speak for all. The signal to end
 * that follows, which a run that can be stopped catches, does not shorten it. */
static void end_job(const h5_file *f, const status *s) {
    struct timespec moment = {.tv_sec = 2};
    while (f->g.rank > 0 && nanosleep(&moment, &moment) && errno == EINTR)
        ;
    fprintf(stderr, "wordshard: error: rank %d: %s\n", f->g.rank, s->message);
    h5_remove_partial(f);
    MPI_Abort(MPI_Comm_f2c(f->g.handle), (int)s->code);
    abort();
}

status h5_failure_together(const h5_file *f, const char *what) {
    const status s = h5_failure_writing(f, what);
    if (f->g.size > 1)
        end_job(f, &s);
    return s;
}

/* Files that this process is writing with others. */
enum { MOST_WATCHED = 8 };
static const h5_file *watched[MOST_WATCHED];

static const h5_file *find_watched(MPI_File handle) {
    for (int i = 0; i < MOST_WATCHED; i++)
        if (watched[i] && watched[i]->mpi == handle)
            return watched[i];
    return NULL;
}

/* What a call has written of what it was to write. Open MPI leaves errno as the failed system call
 * set it, mostly, and reports fewer bytes, but no error. */
static void check_written(MPI_File handle, int result, const MPI_Status *written, int count,
                          MPI_Datatype type) {
    const int error = errno;
    const h5_file *f = find_watched(handle);
    MPI_Count bytes = 0, size = 0;
    if (!f)
        return;
    MPI_Type_size_x(type, &size);
    if (result == MPI_SUCCESS)
        MPI_Get_elements_x(written, MPI_BYTE, &bytes);
    if (result == MPI_SUCCESS && bytes == size * count)
        return;
    const bool known = error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO;
    const status s = status_errno(is_disk_full(f->partial) ? ENOSPC
                                  : known                  ? error
                                                           : EIO,
                                  "cannot write to", f->partial);
    end_job(f, &s);
}

typedef int (*file_writer)(MPI_File, MPI_Offset, const void *, int, MPI_Datatype, MPI_Status *);

static int write_watched(file_writer write, MPI_File handle, MPI_Offset at, const void *data,
                         int count, MPI_Datatype type, MPI_Status *written) {
    MPI_Status own;
    errno = 0;
    const int result = write(handle, at, data, count, type, &own);
    check_written(handle, result, &own, count, type);
    if (written != MPI_STATUS_IGNORE)
        *written = own;
    return result;
}

/* The profiling interface of MPI: HDF5's writes come through here. */
int MPI_File_write_at(MPI_File handle, MPI_Offset at, const void *data, int count,
                      MPI_Datatype type, MPI_Status *written) {
    return write_watched(PMPI_File_write_at, handle, at, data, count, type, written);
}

int MPI_File_write_at_all(MPI_File handle, MPI_Offset at, const void *data, int count,
                          MPI_Datatype type, MPI_Status *written) {
    return write_watched(PMPI_File_write_at_all, handle, at, data, count, type, written);
}

void h5_watch(h5_file *f, hid_t how) {
    MPI_File *handle = NULL;
    if (f->g.size == 1 || H5Fget_vfd_handle(f->id, how, (void **)&handle) < 0 || !handle)
        return;
    for (int i = 0; i < MOST_WATCHED; i++)
        if (!watched[i]) {
            watched[i] = f;
            f->mpi = *handle;
            return;
        }
}

void h5_unwatch(const h5_file *f) {
    for (int i = 0; i < MOST_WATCHED; i++)
        if (watched[i] == f)
            watched[i] = NULL;
}
