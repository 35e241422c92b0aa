// SPDX-License-Identifier: Apache-2.0
/* Datasets and attributes in HDF5 files: the h5*.c files are the only ones that know HDF5.
 *
 * A file being written is called PATH.partial; h5_commit syncs it and gives it its name, so that
 * a file under its final name is complete. Writing is collective over a group (MPI-IO when it has
 * more than one process). Reading is local: each process opens the file for itself, and only
 * h5_open agrees with the group. Metadata carries HDF5's checksums; datasets written with
 * checksum = true carry Fletcher-32 per chunk. Not thread-safe: one thread of a process at a time.
 *
 * Disk space is claimed before a dataset is made, so that a full disk is met outside collective
 * writes and is a status as any other. Should a write of one of several processes fail all the same
 * (a quota that nobody told us of, a broken disk), HDF5 would hang in the others: the process then
 * prints its message, removes the partial file and ends the job with the exit code. */
#ifndef WORDSHARD_H5_H
#define WORDSHARD_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "group.h"
#include "status.h"

typedef struct h5_file h5_file;

typedef enum { H5_U8, H5_I32, H5_I64, H5_F32, H5_F64, H5_U32, H5_U64 } h5_type;

/* Local, when no file is open any more and before MPI ends. */
void h5_end(void);
/* The library's version, into text. Local. */
void h5_library(char *text, size_t size);

/* Collective. Start PATH.partial anew with attributes format = kind and format_version. */
status h5_create(h5_file **file, const char *path, const char *kind, int version, const group *g);

/* Collective. So many more bytes of data are going to be written in all: STATUS_SPACE if the disk
 * has no room for them, which is kept for this file from now on, where the file system can. */
status h5_expect(h5_file *file, int64_t bytes);

/* Collective. Sync, close and rename PATH.partial to PATH. *file becomes NULL, also on failure
 * (then the partial file is gone). */
status h5_commit(h5_file **file);

/* Collective. Close and remove PATH.partial; *file becomes NULL. Nothing to do for NULL. */
void h5_discard(h5_file **file);

/* Collective. Close PATH.partial and leave it there, readable; *file becomes NULL. */
status h5_keep_partial(h5_file **file);

/* Collective over g. Open PATH for reading; kind NULL = any of ours. STATUS_INPUT when it is not
 * HDF5, not ours, or of another kind; the message names both kinds. */
status h5_open(h5_file **file, const char *path, const char *kind, const group *g);

/* Local; for a file opened by h5_open. *file becomes NULL. */
void h5_close(h5_file **file);

/* The kind of a file ("wordshard corpus"), into text; empty if it is not one of ours. Local. */
void h5_kind(const char *path, char *text, size_t size);

const char *h5_path(const h5_file *file);
/* The processes that write it together. */
const group *h5_group(const h5_file *file);

/* ---- datasets: shape is {rows} (columns = 0) or {rows, columns} */

typedef struct {
    const char *name; /* "/vocab/counts"; groups on the way are made */
    h5_type type;
    int64_t rows, columns; /* whole dataset; columns = 0: one-dimensional */
    bool checksum;         /* chunked with Fletcher-32; otherwise contiguous */
} h5_dataset;

/* Collective. Create d and write rows [begin, begin + n) of it from this process; the parts of the
 * processes tile the dataset (n may be 0). stride: elements from one row to the next in memory,
 * at least columns (ignored when columns = 0). */
status h5_write(h5_file *file, const h5_dataset *d, int64_t begin, int64_t n, const void *data,
                size_t stride);

/* Local. Bytes on disk of a dataset with a checksum: whole chunks. */
double h5_stored_bytes(double rows, double row_bytes);

/* Local. Bytes that h5_write with a checksum takes beside the data, when each of n processes, of
 * which so many are on a node, writes `bytes`: one process filters chunk by chunk; several keep all
 * filtered chunks of a call, and one of a node gathers them for the disk. Its share for each. */
double h5_write_bytes(double bytes, int n_processes, int n_on_node);

/* Collective. Create a 1-D dataset of n null-padded UTF-8 strings of width bytes, deflated, with
 * Fletcher-32. Rank 0 calls fill for one block of strings after the other; out is zeroed. */
status h5_write_strings(h5_file *file, const char *name, int64_t n, size_t width,
                        void (*fill)(const void *context, int64_t begin, int64_t n, char *out),
                        const void *context);

/* In three steps, for data that comes in blocks. h5_write_begin and h5_write_end are collective;
 * h5_write_rows is local and only for datasets without checksum; h5_write_part is collective and
 * for any, one-dimensional: every process writes its n elements (or none).
 * h5_write_end closes every dataset that was begun; at most 8 may be at a time. */
status h5_write_begin(h5_file *file, const h5_dataset *d);
status h5_write_rows(h5_file *file, const char *name, int64_t begin, int64_t n, const void *data);
status h5_write_part(h5_file *file, const char *name, int64_t begin, int64_t n, const void *data);
status h5_write_end(h5_file *file, status mine);

/* Collective. name2 becomes another name of name1 (a hard link). */
status h5_link(h5_file *file, const char *name1, const char *name2);

/* Local. Shape of a dataset; STATUS_INPUT if it is not there or has another type. */
status h5_shape(h5_file *file, const char *name, h5_type type, int64_t *rows, int64_t *columns);

bool h5_exists(h5_file *file, const char *name);

/* Local. Rows [begin, begin + n) into out, stride as in h5_write. Also works on a file being
 * written, for rows whose writing has ended. A checksum mismatch is STATUS_INPUT. */
status h5_read(h5_file *file, const char *name, h5_type type, int64_t begin, int64_t n, void *out,
               size_t stride);

/* Local. A whole 1-D dataset; *out is a new block (mem_free), *n its length. */
status h5_read_all(h5_file *file, const char *name, h5_type type, void *out, int64_t *n);

/* ---- attributes; object is a group or dataset, "/" for the file. Setters are collective. */

status h5_set_text(h5_file *file, const char *object, const char *name, const char *value);
status h5_set_int(h5_file *file, const char *object, const char *name, int64_t value);
status h5_set_real(h5_file *file, const char *object, const char *name, double value);

/* STATUS_INPUT when missing. */
status h5_get_int(h5_file *file, const char *object, const char *name, int64_t *value);
status h5_get_real(h5_file *file, const char *object, const char *name, double *value);
/* *value is a new string (mem_free). */
status h5_get_text(h5_file *file, const char *object, const char *name, char **value);

/* Call visit for each attribute of object as text, in name order. Local. */
status h5_each_attribute(h5_file *file, const char *object,
                         void (*visit)(void *context, const char *name, const char *value),
                         void *context);

/* Call visit for each member of a group, in name order; kind is 'g' (group) or 'd' (dataset).
 * STATUS_INPUT: a group that has a second name, so that groups never lie in a circle. */
status h5_each_member(h5_file *file, const char *object,
                      void (*visit)(void *context, const char *name, char kind), void *context);

/* Local. Read a whole dataset in blocks, so that its checksums are compared. STATUS_INPUT when
 * one does not match. */
status h5_verify(h5_file *file, const char *name);

/* Local. Do so for every dataset below a group ("/" = all), and read every attribute. */
status h5_verify_tree(h5_file *file, const char *object);

/* How a dataset looks: "float32 [67899, 300]" into text. */
status h5_describe(h5_file *file, const char *name, char *text, size_t size);

#endif
