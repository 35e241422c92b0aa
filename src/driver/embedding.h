// SPDX-License-Identifier: Apache-2.0
/* The vectors of a run as the commands that ask questions see them: words in order of frequency,
 * equal words once, </s> and <unk> left out, rows of length 1.
 *
 * A word's place is its number in that order. */
#ifndef WORDSHARD_EMBEDDING_H
#define WORDSHARD_EMBEDDING_H

#include <jansson.h>

#include "comm.h"
#include "neighbours.h"
#include "options.h"
#include "run_file.h"
#include "status.h"

typedef struct {
    run_file run;
    int table, epoch; /* --table, --epoch */
    wordindex *index; /* of the run's words */
    int32_t *ids;     /* [n]: place -> word id, growing */
    int32_t *places;  /* [run.words.n]: word id -> place, -1 if left out */
    int64_t n;
} embedding;

/* Collective. The run at path with --table, --epoch and --case: with --case ignore, words that
 * differ in case only are one, the most frequent. The caller closes, also after a failure. */
status embedding_open(embedding *e, const char *path, const options *o, const comm *world);
void embedding_close(embedding *e);

/* Local. The place of a word, or -1. */
int32_t embedding_find(const embedding *e, const char *word);

/* Local. The word at a place, as the run spells it; not terminated. */
const char *embedding_word(const embedding *e, int32_t place, size_t *length);

/* Local. --top: the number of candidates. */
int64_t embedding_top(const embedding *e, const options *o);

/* Local. Rows of n places, scaled to length 1; rows->rows is a new block (mem_free, also after a
 * failure). places NULL = first, first + 1, ... STATUS_INPUT for a row that is not finite. */
status embedding_rows(const embedding *e, int64_t n, const int32_t *places, int64_t first,
                      unit_rows *rows);

/* Local. The same rows as they are, stride floats apart, zeros behind the columns. */
status embedding_copy(const embedding *e, int64_t n, const int32_t *places, int64_t first,
                      float *out, size_t stride);

/* Local. Rows [begin, begin + n) of the run in order of word ids, as they are, stride floats
 * apart: --table and --epoch are regarded. sum: n x stride floats of work space for --table sum. */
status embedding_read(const run_file *run, int table, int epoch, int64_t begin, int64_t n,
                      float *out, size_t stride, float *sum);

/* "vectors", "context", "sum" */
const char *embedding_table_name(int table);

/* How the result of a command begins as JSON: command, run, table, epoch, case, words, columns. */
json_t *embedding_json(const embedding *e, const char *command, const options *o);

/* STATUS_INPUT naming the word when a row has numbers that are not finite. */
status embedding_refuse_infinite(const run_file *run, int64_t id, const float *row);

#endif
