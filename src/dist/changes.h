// SPDX-License-Identifier: Apache-2.0
/* What the local replicas of a rank have changed in a table since the last merge: for each replica
 * and row that it touched a record (row_record.h), to go to the owner of the row (merge.h).
 *
 * A rank that holds several replicas trains them one after the other in the same rows: once the
 * changes of one are kept here, the rows become again what they were before it, for the next. */
#ifndef WORDSHARD_CHANGES_H
#define WORDSHARD_CHANGES_H

#include <stddef.h>
#include <stdint.h>

#include "parallel.h"
#include "placement.h"
#include "row_record.h"

/* Records that grow in number. */
typedef struct {
    char *data;
    size_t capacity; /* bytes */
} record_buffer;

/* A row that a replica touched. */
typedef struct {
    int32_t row, slot;
} touched_row;

typedef struct {
    const placement *p;
    parallel threads;
    row_format format;
    size_t record; /* bytes */
    int side;
    uint64_t seed, n_merges;
    uint64_t key;         /* of the roundings until the next merge */
    record_buffer kept;   /* by local replica, then by peer that owns the rows */
    int64_t n_kept;       /* records */
    int64_t *n;           /* [n_local, n_peers] of these */
    touched_row *touched; /* by one replica, in the order of its records */
    size_t touched_room;
    float *scratch; /* [threads, width] */
    status refused; /* for want of memory */
} row_changes;

/* Local, as all here. Buffers that live from merge to merge; p must outlive them. side, 0 or 1, and
 * seed: messages of the two tables of a run are rounded differently. threads: for loops over rows.
 */
status changes_create(row_changes *c, const placement *p, int side, row_format format,
                      uint64_t seed, const parallel *threads);
void changes_free(row_changes *c);

/* For ranks that merge: keep what local replica g, the next in order, has changed, and clear its
 * marks. Nobody may change rows meanwhile. If another local replica follows, rows are afterwards
 * what they were after the last merge. What memory is refused for, changes_by_owner tells. */
void changes_keep(row_changes *c, int g);

/* All that is kept, by peer and then by replica: *records, and bytes[n_peers] of them. Copied into
 * room where it is not in this order. */
status changes_by_owner(const row_changes *c, record_buffer *room, const char **records,
                        int64_t *bytes);

/* The replicas have been merged: nothing is kept any more. */
void changes_forget(row_changes *c);

/* As many merges have been before, in an earlier session. */
void changes_go_on(row_changes *c, uint64_t n_merges);

/* How the values of a row are rounded in this merge: who = the replica that they come from, or how
 * many there are for the fold. */
uint64_t changes_rounding(const row_changes *c, int64_t row, int who);

status record_buffer_reserve(record_buffer *b, size_t bytes);

#endif
