// SPDX-License-Identifier: Apache-2.0
/* What an analysis found: facts and named tables, in memory, as HDF5 and as CSV.
 *
 * A table is filled cell by cell, row after row; NaN is a number that is not defined. A failure
 * while filling is kept and returned by the next function that has a status. Layout of the file in
 * docs/files.md. */
#ifndef WORDSHARD_RESULT_H
#define WORDSHARD_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "h5.h"
#include "status.h"

#define RESULT_FILE_KIND "wordshard result"
enum { RESULT_FILE_VERSION = 1 };

typedef enum { RESULT_TEXT, RESULT_WHOLE, RESULT_REAL } result_type;

typedef struct {
    const char *name; /* a-z, 0-9 and _: a dataset, a column of CSV, a key of JSON */
    result_type type;
    int digits; /* behind the point, where people read it */
} result_column;

typedef struct result_table result_table;

typedef struct {
    result_table **tables; /* [n_tables] */
    size_t n_tables, room;
    result_table *facts; /* name, value */
    char *command;       /* "stability": what found it */
    status failure;
} result;

/* *r is new; result_clear it, also after a failure. */
status result_init(result *r, const char *command);
void result_clear(result *r);

/* ---- filling */

/* A fact is a number or a text that holds for the whole: shown, and an attribute of the file. */
void result_fact_text(result *r, const char *name, const char *value);
void result_fact_whole(result *r, const char *name, int64_t value);
void result_fact_real(result *r, const char *name, double value);

/* A new table without rows; columns are copied. title: one line for people. NULL after a failure;
 * the put functions take NULL. */
result_table *result_add(result *r, const char *name, const char *title,
                         const result_column *columns, int n_columns);

/* The next cell of the row, then of the next row; of the column's type. */
void result_put_text(result_table *t, const char *text, size_t length);
void result_put_string(result_table *t, const char *text);
void result_put_whole(result_table *t, int64_t x);
void result_put_real(result_table *t, double x);

/* Local. The first failure of filling. */
status result_failure(const result *r);

/* ---- looking */

/* The table of that name, or NULL. */
const result_table *result_find(const result *r, const char *name);
/* The fact of that name as text, or NULL. r->facts is a table of name, value, type. */
const char *result_fact(const result *r, const char *name);

const char *result_name(const result_table *t);
const char *result_title(const result_table *t);
int64_t result_rows(const result_table *t);
int result_columns(const result_table *t);
const result_column *result_column_at(const result_table *t, int column);
/* Its place, or -1. */
int result_column_find(const result_table *t, const char *name);

/* Terminated by NUL. */
const char *result_text(const result_table *t, int64_t row, int column, size_t *length);
int64_t result_whole(const result_table *t, int64_t row, int column);
/* Also of a column of whole numbers. */
double result_real(const result_table *t, int64_t row, int column);

/* ---- files */

/* Collective over the file's group; r is the same on every rank. Write facts and tables. */
status result_write(result *r, h5_file *file);

/* Local. Read a whole file that was opened with RESULT_FILE_KIND. *r is new; result_clear it, also
 * after a failure. */
status result_read(result *r, h5_file *file);

/* Local. path: a file made anew, through path.partial. RFC 4180: header, CR LF, quotes where
 * needed; NaN is an empty cell, numbers have the digits that they need to be read back. */
status result_write_csv(const result_table *t, const char *path);

#endif
