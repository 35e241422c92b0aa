// SPDX-License-Identifier: Apache-2.0
#include "row_record.h"

#include <string.h>

#include "random.h"

enum { ROUNDED_BITS = 16, DRAWS = 4 /* of one 64-bit number */ };

size_t row_record_bytes(row_format format, size_t n) {
    return sizeof(int32_t) + n * (format == ROW_FLOAT32 ? sizeof(float) : sizeof(uint16_t));
}

static uint16_t round_value(float value, uint32_t draw) {
    static const uint32_t exponent = 0x7F800000u, quiet = 0x00400000u;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & exponent) == exponent) /* infinite, or not a number, which stays one */
        return (uint16_t)((bits & ~exponent & 0x7FFFFFFFu ? bits | quiet : bits) >> ROUNDED_BITS);
    return (uint16_t)((bits + draw) >> ROUNDED_BITS);
}

static void write_rounded(char *to, const float *values, size_t n, uint64_t key) {
    uint64_t draw = 0;
    for (size_t k = 0; k < n; k++) {
        if (k % DRAWS == 0)
            draw = random_at(key, k / DRAWS);
        const uint16_t value = round_value(values[k], (uint32_t)(draw & 0xFFFFu));
        draw >>= ROUNDED_BITS;
        memcpy(to + k * sizeof value, &value, sizeof value);
    }
}

char *row_record_write(char *record, row_format format, int64_t row, const float *values, size_t n,
                       uint64_t key) {
    const int32_t number = (int32_t)row;
    memcpy(record, &number, sizeof number);
    if (format == ROW_FLOAT32)
        memcpy(record + sizeof number, values, n * sizeof *values);
    else
        write_rounded(record + sizeof number, values, n, key);
    return record + row_record_bytes(format, n);
}

int64_t row_record_row(const char *record) {
    int32_t number;
    memcpy(&number, record, sizeof number);
    return number;
}

void row_record_read(const char *record, row_format format, float *values, size_t n) {
    const char *from = record + sizeof(int32_t);
    if (format == ROW_FLOAT32) {
        memcpy(values, from, n * sizeof *values);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        uint16_t value;
        memcpy(&value, from + k * sizeof value, sizeof value);
        const uint32_t bits = (uint32_t)value << ROUNDED_BITS;
        memcpy(&values[k], &bits, sizeof bits);
    }
}
