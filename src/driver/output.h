// SPDX-License-Identifier: Apache-2.0
/* Results on standard output: aligned tables for people, one JSON object for programs
 * (docs/json.md). For rank 0. */
#ifndef WORDSHARD_OUTPUT_H
#define WORDSHARD_OUTPUT_H

#include <jansson.h>

#include "status.h"

typedef struct output_table output_table;

enum { OUTPUT_MOST_COLUMNS = 24 };

/* columns: their titles, TAB between; align: 'l' or 'r' for each. */
status output_table_new(output_table **t, const char *align, const char *columns);

/* One row: a printf text with TAB between the cells; missing cells are empty. */
void output_row(output_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print and free; the first failure since output_table_new. *t becomes NULL. */
status output_print(output_table **t);

/* Print an object and a line feed; takes over the reference. NULL: there was no memory for it. */
status output_json(json_t *object);

/* A number; null for NaN and infinities, which JSON does not have. */
json_t *output_number(double x);

/* A string of length bytes; U+FFFD alone if they are not UTF-8. */
json_t *output_string(const char *text, size_t length);
json_t *output_text(const char *text);

#endif
