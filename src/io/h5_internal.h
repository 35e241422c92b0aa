// SPDX-License-Identifier: Apache-2.0
/* What the h5*.c files share; nobody else includes this. They are the only ones that include
 * hdf5.h. */
#ifndef WORDSHARD_H5_INTERNAL_H
#define WORDSHARD_H5_INTERNAL_H

#include <sys/types.h>

#include <hdf5.h>

#include "h5.h"

enum { H5_OPEN_DATASETS = 8 };

/* A dataset that is kept open. type: an h5_type, or -1 for one that we do not read. */
typedef struct {
    char *name; /* NULL: free */
    hid_t id;
    int type;
    int64_t rows, columns; /* columns = 0: one-dimensional */
    bool pinned;           /* between h5_write_begin and h5_write_end */
} h5_slot;

struct h5_file {
    hid_t id;
    hid_t transfer; /* collective when there are several processes */
    group g;
    bool writing;
    char *path, *partial; /* partial: NULL when reading */
    ino_t inode;          /* of the partial file */
    MPI_File mpi;         /* of a watched file */
    int64_t claimed;      /* disk space, in bytes */
    h5_slot slots[H5_OPEN_DATASETS];
    int next_slot; /* the one to give up next when all are taken */
};

/* The name of the file on disk. */
static inline const char *h5_disk_name(const h5_file *f) {
    return f->partial ? f->partial : f->path;
}

/* The failure of the HDF5 call just made, from HDF5's error stack. what: the dataset or attribute.
 * Reading: STATUS_IO for a system error, otherwise STATUS_INPUT, a damaged file. Writing:
 * STATUS_IO, or STATUS_SPACE when the disk is full. */
status h5_failure_reading(const h5_file *f, const char *what);
status h5_failure_writing(const h5_file *f, const char *what);

/* The same for a file that may have several writers. HDF5 cannot go on with it, nor close it, when
 * the calls of one process fail and those of the others do not: they wait for each other inside of
 * it, and nobody can tell them. With several processes this prints the message, removes the partial
 * file and ends the job with the exit code. */
status h5_failure_together(const h5_file *f, const char *what);

/* What HDF5 still has to write to this file, of which this process is the only writer, goes into
 * memory that is given back when the file is closed: a file that cannot be written cannot be closed
 * either, and HDF5 crashes on it when the program ends. */
void h5_write_nowhere(const h5_file *f);

/* From now on a write to this file that fails in MPI ends the job at once, as h5_failure_together
 * does: HDF5 notes a failure to write its metadata, goes on to where all processes meet, and stays
 * there. how: the properties that the file was made with. */
void h5_watch(h5_file *f, hid_t how);
void h5_unwatch(const h5_file *f);

/* Whether the partial file under our name is ours, or one that another job has put there. */
bool h5_is_ours(const h5_file *f);
void h5_remove_partial(const h5_file *f);

/* HDF5 forgets why a call failed at the next call. Between these two, objects may be closed. */
hid_t h5_hold_reason(void);
void h5_release_reason(hid_t held);

/* A type for null-padded UTF-8 of width bytes, or negative. The caller closes it. */
hid_t h5_string_type(size_t width);

/* Collective. Claim disk space for bytes more than the file has now and for metadata, so that a
 * full disk is met here, where it is harmless, and not inside a collective write. */
status h5_reserve(h5_file *f, int64_t bytes);

/* Collective. Make the groups on the way to name and, when whole is true, name itself. */
status h5_make_groups(h5_file *f, const char *name, bool whole);

/* Local. Close every dataset that is kept open. */
void h5_close_slots(h5_file *f);

#endif
