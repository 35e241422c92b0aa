// SPDX-License-Identifier: Apache-2.0
/* HDF5 files that are whole, but not as ours should be: a seed's file is opened and edited as the
 * input says, so that checksums are right and the contents wrong. Datasets become missing, of
 * another type, shape or layout, groups, links in a circle; attributes the same; single numbers
 * become others. BASES (given by CMake) is the folder of the seeds' files. */
#include "fuzz.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>

#include "hdf5_read.h"

enum { MOST_EDITS = 6, MOST_BASE = 1 << 16, MOST_VALUES = 4096 };

static const char *const bases[] = {BASES "/corpus", BASES "/counts", BASES "/run",
                                    BASES "/result"};
static const char *const objects[] = {"/vocab/bytes",
                                      "/vocab/offsets",
                                      "/vocab/counts",
                                      "/counts",
                                      "/tokens",
                                      "/documents",
                                      "/rows",
                                      "/columns",
                                      "/weights",
                                      "/vectors",
                                      "/context",
                                      "/words",
                                      "/training",
                                      "/training/loss",
                                      "/training/words",
                                      "/epochs",
                                      "/epochs/0001",
                                      "/provenance",
                                      "/vocab",
                                      "/more",
                                      "/epochs/again",
                                      "/nodes",
                                      "/tree",
                                      "/epochs/0001/vectors",
                                      "/facts",
                                      "/tables",
                                      "/tables/bins",
                                      "/tables/bins/words",
                                      "/tables/words/word/bytes",
                                      "/tables/words/word/offsets",
                                      "/tables/words/mean"};
static const char *const attributes[] = {
    "format",      "format_version", "content_hash", "cells",   "nonzeros", "tokens", "window",
    "denominator", "weighting",      "corpus_hash",  "columns", "title",    "command"};
static const char *const texts[] = {"",
                                    "wordshard corpus",
                                    "wordshard run",
                                    "wordshard co-occurrence",
                                    "wordshard \xFF",
                                    "abc",
                                    "inverse",
                                    "input:/vocab/bytes",
                                    "0123456789abcdef0123456789abcdef"};
static const int64_t numbers[] = {0,         1,         2,          -1,        3,
                                  9,         INT32_MAX, INT32_MIN,  INT64_MAX, INT64_MIN,
                                  1LL << 31, 1LL << 40, 1000000000, 100,       7};

#define CHOOSE(b, list) ((list)[fuzz_take(b) % (sizeof(list) / sizeof *(list))])

static int64_t take_number(fuzz_bytes *b) {
    const uint8_t how = fuzz_take(b);
    return how < 128 ? how : numbers[how % (sizeof numbers / sizeof *numbers)];
}

/* The caller closes it. */
static hid_t take_type(fuzz_bytes *b) {
    const hid_t plain[] = {H5T_STD_U8LE,  H5T_STD_I32LE,  H5T_STD_I64LE,  H5T_IEEE_F32LE,
                           H5T_STD_U32LE, H5T_STD_U64LE,  H5T_IEEE_F64LE, H5T_STD_I32BE,
                           H5T_STD_I8LE,  H5T_IEEE_F32BE, H5T_STD_B8LE,   H5T_STD_REF_OBJ};
    const uint8_t how = fuzz_take(b);
    if (how % 16 == 12 || how % 16 == 13) {
        const hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, how % 16 == 12 ? (size_t)how + 1 : H5T_VARIABLE);
        return text;
    }
    if (how % 16 == 14) {
        const hid_t pair = H5Tcreate(H5T_COMPOUND, 16);
        H5Tinsert(pair, "a", 0, H5T_STD_I64LE);
        H5Tinsert(pair, "b", 8, H5T_IEEE_F64LE);
        return pair;
    }
    return H5Tcopy(plain[how % 16 % 12]);
}

static hid_t take_space(fuzz_bytes *b) {
    hsize_t dims[3];
    const int rank = fuzz_take(b) % 5;
    if (rank == 4)
        return H5Screate(H5S_NULL);
    for (int i = 0; i < rank; i++)
        dims[i] = (hsize_t)take_number(b);
    return rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
}

static hid_t take_layout(fuzz_bytes *b, hid_t space) {
    const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    const uint8_t what = fuzz_take(b);
    const hsize_t chunk[3] = {1 + what / 16, 1 + what / 32, 1};
    const int rank = H5Sget_simple_extent_ndims(space);
    if (what % 4 == 1)
        H5Pset_layout(how, H5D_COMPACT);
    if (what % 4 >= 2 && rank > 0)
        H5Pset_chunk(how, rank, chunk);
    if (what % 4 == 3 && rank > 0)
        H5Pset_deflate(how, 1);
    /* Only what is written takes place on the disk. */
    H5Pset_alloc_time(how, what % 4 == 1 ? H5D_ALLOC_TIME_EARLY : H5D_ALLOC_TIME_INCR);
    return how;
}

/* Numbers into a dataset that is small enough: those there are, then single ones changed. */
static void fill(fuzz_bytes *b, hid_t dataset, bool is_new) {
    static int64_t values[MOST_VALUES];
    const hid_t space = H5Dget_space(dataset);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    if (n <= 0 || n > MOST_VALUES)
        return;
    memset(values, 0, sizeof values);
    if (!is_new)
        H5Dread(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    for (int changes = 1 + fuzz_take(b) % 8; changes > 0; changes--) {
        const uint8_t place = fuzz_take(b);
        values[(place < 128 ? place : n - 1 - (place - 128) % n) % n] = take_number(b);
    }
    H5Dwrite(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

static void make_dataset(fuzz_bytes *b, hid_t file, const char *name) {
    const hid_t type = take_type(b), space = take_space(b), layout = take_layout(b, space);
    const hid_t made = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    if (made >= 0) {
        if (fuzz_take(b) % 4)
            fill(b, made, true);
        H5Dclose(made);
    }
    H5Pclose(layout);
    H5Sclose(space);
    H5Tclose(type);
}

static void change_dataset(fuzz_bytes *b, hid_t file, const char *name) {
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0)
        return;
    fill(b, dataset, false);
    H5Dclose(dataset);
}

static void write_value(fuzz_bytes *b, hid_t attribute, hid_t type) {
    char room[256] = "";
    const char *text = CHOOSE(b, texts);
    const int64_t number = take_number(b);
    if (H5Tget_class(type) == H5T_INTEGER)
        H5Awrite(attribute, H5T_NATIVE_INT64, &number);
    else if (H5Tis_variable_str(type) > 0)
        H5Awrite(attribute, type, &text);
    else if (H5Tget_size(type) <= sizeof room) {
        memcpy(room, text, strlen(text));
        H5Awrite(attribute, type, room);
    }
}

static void change_attribute(fuzz_bytes *b, hid_t file, const char *object) {
    const char *name = CHOOSE(b, attributes);
    const uint8_t how = fuzz_take(b);
    const hid_t on = H5Oopen(file, how % 4 ? "/" : object, H5P_DEFAULT);
    if (on < 0)
        return;
    H5Adelete(on, name);
    if (how / 4 % 8) {
        const hid_t type = take_type(b);
        const hid_t space = how & 128 ? H5Screate_simple(1, (const hsize_t[]){2}, NULL)
                                      : H5Screate(how & 64 ? H5S_NULL : H5S_SCALAR);
        const hid_t made = H5Acreate2(on, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (made >= 0) {
            if (!(how & 128))
                write_value(b, made, type);
            H5Aclose(made);
        }
        H5Sclose(space);
        H5Tclose(type);
    }
    H5Oclose(on);
}

static void edit(fuzz_bytes *b, hid_t file) {
    const char *name = CHOOSE(b, objects);
    const uint8_t what = fuzz_take(b) % 10;
    if (what >= 8)
        change_attribute(b, file, name);
    else if (what >= 6)
        change_dataset(b, file, name);
    else {
        H5Ldelete(file, name, H5P_DEFAULT);
        if (what == 1)
            H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        else if (what == 2)
            H5Lcreate_hard(file, CHOOSE(b, objects), file, name, H5P_DEFAULT, H5P_DEFAULT);
        else if (what == 3)
            H5Lcreate_hard(file, "/", file, name, H5P_DEFAULT, H5P_DEFAULT);
        else if (what == 4)
            H5Lcreate_soft(CHOOSE(b, objects), file, name, H5P_DEFAULT, H5P_DEFAULT);
        else if (what == 5)
            make_dataset(b, file, name);
    }
}

static const char *copy_base(const char *path) {
    static uint8_t bytes[MOST_BASE];
    FILE *f = fopen(path, "rb");
    const size_t n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (f)
        fclose(f);
    fuzz_claim(n > 0 && n < sizeof bytes, "the seeds are there (tests/fuzz/seeds.sh)");
    return fuzz_file("input", bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes b = {.data = data, .size = size};
    const char *path = copy_base(CHOOSE(&b, bases));
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    fuzz_claim(file >= 0, "a seed's file can be edited");
    for (int edits = 0; edits < MOST_EDITS && b.at < b.size; edits++)
        edit(&b, file);
    fuzz_claim(H5Fclose(file) >= 0, "an edited file can be closed");
    H5Eclear2(H5E_DEFAULT);
    hdf5_read(path);
    fuzz_end();
    return 0;
}
