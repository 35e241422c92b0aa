// SPDX-License-Identifier: Apache-2.0
/* What the result*.c files share; nobody else includes this. */
#ifndef WORDSHARD_RESULT_INTERNAL_H
#define WORDSHARD_RESULT_INTERNAL_H

#include "result.h"

enum { RESULT_NUMBER = 40 };

typedef union {
    int64_t whole; /* of a text: where it begins in bytes */
    double real;
} result_number;

typedef struct {
    result_column about;
    char *name;
    result_number *numbers; /* [n_rows]; of a text one more: where the last one ends */
    char *bytes;            /* texts, each with a NUL behind it */
    size_t room, bytes_room;
} result_cells;

struct result_table {
    char *name, *title;
    result_cells *columns; /* [n_columns] */
    int n_columns;
    int next; /* the column whose turn it is */
    int64_t n_rows;
    status failure;
};

status result_table_new(result_table **t, const char *name, const char *title,
                        const result_column *columns, int n_columns);
void result_table_free(result_table **t);

/* As few digits as x needs to be read back; text is returned. */
char *result_format_real(char text[RESULT_NUMBER], double x);

#endif
