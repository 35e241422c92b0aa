// SPDX-License-Identifier: Apache-2.0
/* A vector file of one FORMAT (given by CMake): what is accepted survives writing and reading to
 * the bit, and is accepted without being told the format when that is found to be the same. Input
 * of NumPy: the number of bytes of words in front (two bytes), the words, the file. */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "vectors.h"

static const vectors_format format = FORMAT;
static const size_t MOST_MEMORY = 64 << 20; /* the readers' bound is the size of the file */

static void same(const vectors *a, const vectors *b) {
    fuzz_claim(a->words.n == b->words.n && a->dim == b->dim, "the shape survives");
    fuzz_claim(!memcmp(a->words.offsets, b->words.offsets,
                       ((size_t)a->words.n + 1) * sizeof *a->words.offsets) &&
                   !memcmp(a->words.bytes, b->words.bytes, (size_t)a->words.offsets[a->words.n]),
               "the words survive");
    fuzz_claim(!memcmp(a->rows, b->rows, (size_t)(a->words.n * a->dim) * sizeof *a->rows),
               "the numbers survive");
}

static void check_numbers(const vectors *v) {
    for (int64_t i = 0; i < v->words.n * v->dim; i++)
        fuzz_claim(isfinite(v->rows[i]), "every number is finite");
}

static void write_and_read(const vectors *v) {
    vectors_writer *w;
    vectors_buffer buffer = {0};
    vectors back;
    fuzz_accepted(vectors_create(&w, "written", v->format, &v->words, v->dim), STATUS_OK);
    fuzz_accepted(vectors_encode(w, 0, v->words.n, v->rows, (size_t)v->dim, &buffer), STATUS_OK);
    fuzz_accepted(vectors_append(w, &buffer), STATUS_OK);
    fuzz_accepted(vectors_commit(&w), STATUS_OK);
    mem_free(&buffer.bytes);
    fuzz_accepted(vectors_read(&back, "written", v->format), STATUS_OK);
    same(v, &back);
    vectors_clear(&back);
}

static const char *make_files(const uint8_t *data, size_t size) {
    size_t words = 0;
    if (format == VECTORS_NPY && size >= 2) {
        words = data[0] + 256u * data[1];
        data += 2;
        size -= 2;
        words = words < size ? words : size;
        fuzz_file("input.words.txt", data, words);
    }
    return fuzz_file("input", data + words, size - words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    vectors told, found;
    mem_set_limit(MOST_MEMORY);
    if (size == 0) /* of a file that is there */
        return 0;
    const char *path = make_files(data, size);
    const bool good = fuzz_accepted(vectors_read(&told, path, format), STATUS_INPUT);
    const bool is_found = fuzz_accepted(vectors_read(&found, path, VECTORS_AUTO), STATUS_INPUT);
    if (found.format == format)
        fuzz_claim(is_found == good, "finding the format changes nothing else");
    if (good) {
        check_numbers(&told);
        write_and_read(&told);
    }
    vectors_clear(&told);
    vectors_clear(&found);
    fuzz_end();
    return 0;
}
