// SPDX-License-Identifier: Apache-2.0
/* A result as the commands give it to their user: -o FILE.h5 with provenance, --csv FOLDER,
 * stdout. */
#ifndef WORDSHARD_RESULT_OUTPUT_H
#define WORDSHARD_RESULT_OUTPUT_H

#include <jansson.h>

#include "comm.h"
#include "options.h"
#include "result.h"

/* Collective; r is the same on every rank. Writes -o and --csv (a file TABLE.csv for each table, in
 * a folder that is made), where they are given, then prints the tables that are named in shown
 * (NULL at the end) with their titles, at most most_rows rows of each (0 = all), or with --json one
 * object: command, facts, and every table whose name is in shown as a list of objects. */
status result_output(result *r, const options *o, int command, const char *const *shown,
                     int64_t most_rows, const comm *world);

/* Local. The folder is made, with a file TABLE.csv for each table. */
status result_write_folder(const result *r, const char *folder);

/* Local. Rows of a table, at most so many (0 = all), as a list of objects. */
json_t *result_table_json(const result_table *t, int64_t most_rows);

#endif
