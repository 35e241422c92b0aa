// SPDX-License-Identifier: Apache-2.0
/* Rows on their way between ranks: a number and the values, as float32 or as bfloat16 with
 * stochastic rounding. A value is rounded up with the probability of its distance from the lower
 * neighbour, so that the mean of many is right where rounding to the nearest loses small changes.
 */
#ifndef WORDSHARD_ROW_RECORD_H
#define WORDSHARD_ROW_RECORD_H

#include <stddef.h>
#include <stdint.h>

typedef enum { ROW_FLOAT32, ROW_BFLOAT16 } row_format; /* in the order of options.def */

/* Bytes of a record with n values. */
size_t row_record_bytes(row_format format, size_t n);

/* Write values[n]; key decides how they are rounded. Returns the place behind the record. */
char *row_record_write(char *record, row_format format, int64_t row, const float *values, size_t n,
                       uint64_t key);

int64_t row_record_row(const char *record);
void row_record_read(const char *record, row_format format, float *values, size_t n);

#endif
