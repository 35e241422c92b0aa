// SPDX-License-Identifier: Apache-2.0
#include "shared.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include "comm_internal.h"
#include "memory.h"

/* MPI promises no alignment. Pages are mapped whole, so that rounding up means the same place for
 * every rank. */
enum { ALIGNMENT = 64, PAGE = 4096 };

/* Open MPI keeps shared windows in files of this folder; touching a page that the file system has
 * no room for kills the process, so ask first. Another MPI library may use other memory: then the
 * folder is no limit, and a missing one none either. */
static status check_room(size_t bytes, const char *what) {
    const char *folder = getenv("OMPI_MCA_osc_sm_backing_directory");
    struct statvfs fs;
    char asked[32], there[32];
    size_t available = mem_available();
    if (!folder)
        folder = "/dev/shm";
    mem_format(asked, (double)bytes);
    if (!statvfs(folder, &fs) && (double)fs.f_bavail * (double)fs.f_frsize < (double)bytes)
        return status_error(STATUS_SPACE,
                            "not enough shared memory for %s: %s asked, %s left in %s", what, asked,
                            mem_format(there, (double)fs.f_bavail * (double)fs.f_frsize), folder);
    if (available && bytes > available)
        return status_error(STATUS_SPACE, "not enough memory for %s: %s asked, %s available", what,
                            asked, mem_format(there, (double)available));
    return status_ok();
}

static void create_window(shared_block *b, const comm *c) {
    MPI_Win *window = malloc(sizeof *window);
    MPI_Aint bytes;
    int unit;
    void *mine;
    if (!window)
        abort();
    MPI_Win_allocate_shared(c->rank == 0 ? (MPI_Aint)(b->bytes + ALIGNMENT) : 0, 1, MPI_INFO_NULL,
                            c->mpi, &mine, window);
    MPI_Win_shared_query(*window, 0, &bytes, &unit, &b->data);
    b->data = (void *)(((uintptr_t)b->data + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *window);
    (void)madvise((void *)((uintptr_t)b->data / PAGE * PAGE), b->bytes, MADV_HUGEPAGE);
    b->window = window;
}

/* Each rank clears its part, so that pages land near the ranks that are about to use them. */
static void clear(shared_block *b, const comm *c) {
    const size_t pages = (b->bytes + PAGE - 1) / PAGE;
    size_t begin = pages * (size_t)c->rank / (size_t)c->size * PAGE;
    size_t end = pages * (size_t)(c->rank + 1) / (size_t)c->size * PAGE;
    if (end > b->bytes)
        end = b->bytes;
    if (begin < end)
        memset((char *)b->data + begin, 0, end - begin);
}

status shared_create(shared_block *b, const comm *c, size_t bytes, const char *what) {
    *b = (shared_block){.bytes = bytes ? bytes : 1};
    if (c->size == 1)
        return mem_new(&b->data, b->bytes, 1, what);
    status s = comm_agree(c, c->rank == 0 ? check_room(b->bytes, what) : status_ok());
    if (s.code)
        return s;
    create_window(b, c);
    clear(b, c);
    shared_sync(b, c);
    return s;
}

void shared_free(shared_block *b) {
    if (b->window) {
        MPI_Win_unlock_all(*(MPI_Win *)b->window);
        MPI_Win_free(b->window);
        free(b->window);
    } else {
        mem_free(&b->data);
    }
    *b = (shared_block){0};
}

void shared_sync(const shared_block *b, const comm *c) {
    if (b->window)
        MPI_Win_sync(*(MPI_Win *)b->window);
    MPI_Barrier(c->mpi);
    if (b->window)
        MPI_Win_sync(*(MPI_Win *)b->window);
}
