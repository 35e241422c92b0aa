// SPDX-License-Identifier: Apache-2.0
/* Which files are read, how they are shared out, and that no way of cutting or packing a text
 * changes what comes out of it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode.h"
#include "memory.h"
#include "support.h"

/* Two members and two frames of the same text. */
static const char packed_text[] = "one two\nthree one two\nthree one two\nthree four five\n\nsix";
static const uint8_t two_members[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0xCF, 0x4B, 0x55, 0x28,
    0x29, 0xCF, 0xE7, 0x2A, 0xC9, 0x28, 0x4A, 0x4D, 0x55, 0xC8, 0xC7, 0xC3, 0x03, 0x00, 0x4D,
    0x46, 0x39, 0x47, 0x2A, 0x00, 0x00, 0x00, 0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x02, 0x03, 0x4B, 0xCB, 0x2F, 0x2D, 0x52, 0x48, 0xCB, 0x2C, 0x4B, 0xE5, 0xE2, 0x2A, 0xCE,
    0xAC, 0x00, 0x00, 0x5F, 0x93, 0xDA, 0x77, 0x0E, 0x00, 0x00, 0x00};
static const uint8_t two_frames[] = {
    0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0xA5, 0x00, 0x00, 0x70, 0x6F, 0x6E, 0x65, 0x20,
    0x74, 0x77, 0x6F, 0x0A, 0x74, 0x68, 0x72, 0x65, 0x65, 0x20, 0x01, 0x00, 0xC1, 0x4C,
    0x25, 0xA8, 0x88, 0x04, 0x3A, 0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, 0x71, 0x00, 0x00,
    0x66, 0x6F, 0x75, 0x72, 0x20, 0x66, 0x69, 0x76, 0x65, 0x0A, 0x0A, 0x73, 0x69, 0x78};

/* ---- the list */

static const char *name_at(const input_list *list, int64_t i) {
    const char *slash = strrchr(list->files[i].path, '/');
    return slash ? slash + 1 : list->files[i].path;
}

static void folders_are_read_in_byte_order_without_dot_files(void) {
    char folder[600], path[700];
    snprintf(folder, sizeof folder, "%s", test_path("tree"));
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/b", folder);
    mkdir(path, 0700);
    test_file("tree/c.txt", "c", 1);
    test_file("tree/b/inner", "i", 1);
    test_file("tree/B", "B", 1);
    test_file("tree/.hidden", "h", 1);
    input_list list;
    char *const arguments[] = {folder};
    status s = input_list_expand(&list, 1, arguments);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(list.n, 3);
    CU_ASSERT_STRING_EQUAL(name_at(&list, 0), "B");
    CU_ASSERT_STRING_EQUAL(name_at(&list, 1), "inner");
    CU_ASSERT_STRING_EQUAL(name_at(&list, 2), "c.txt");
    input_list_clear(&list);
}

static void patterns_match_unless_a_file_has_that_name(void) {
    char pattern[600], literal[600];
    test_file("p1.txt", "1", 1);
    test_file("p2.txt", "22", 2);
    snprintf(literal, sizeof literal, "%s", test_file("p[12].raw", "3", 1));
    snprintf(pattern, sizeof pattern, "%s", test_path("p?.txt"));
    input_list list;
    char *const arguments[] = {pattern, literal};
    CU_ASSERT_EQUAL(input_list_expand(&list, 2, arguments).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(list.n, 3);
    CU_ASSERT_STRING_EQUAL(name_at(&list, 1), "p2.txt");
    CU_ASSERT_EQUAL(list.files[1].bytes, 2);
    CU_ASSERT_STRING_EQUAL(name_at(&list, 2), "p[12].raw");
    input_list_clear(&list);
}

static void what_is_not_there_is_named(void) {
    static const struct {
        const char *name;
        status_code code;
    } cases[] = {{"nowhere.txt", STATUS_IO}, {"none*.txt", STATUS_IO}};
    input_list list;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *const arguments[] = {(char *)(uintptr_t)test_path(cases[i].name)};
        status s = input_list_expand(&list, 1, arguments);
        CU_ASSERT_EQUAL(s.code, cases[i].code);
        CU_ASSERT_PTR_NOT_NULL(strstr(s.message, cases[i].name));
        input_list_clear(&list);
    }
    CU_ASSERT_EQUAL(input_list_expand(&list, 0, NULL).code, STATUS_USAGE);
    char dash[] = "-";
    char *const twice[] = {dash, dash};
    CU_ASSERT_EQUAL(input_list_expand(&list, 2, twice).code, STATUS_USAGE);
    input_list_clear(&list);
}

static void packing_keeps_the_list(void) {
    char a[] = "x.gz", b[] = "";
    input_file files[] = {{.path = a, .bytes = 77, .coding = INPUT_GZIP}, {.path = b, .bytes = -1}};
    input_list list = {.n = 2, .files = files}, copy;
    uint8_t *bytes;
    size_t n;
    CU_ASSERT_EQUAL(input_list_pack(&list, &bytes, &n).code, STATUS_OK);
    CU_ASSERT_EQUAL(input_list_unpack(&copy, bytes, n).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(copy.n, 2);
    CU_ASSERT_STRING_EQUAL(copy.files[0].path, "x.gz");
    CU_ASSERT_EQUAL(copy.files[0].bytes, 77);
    CU_ASSERT_EQUAL(copy.files[0].coding, INPUT_GZIP);
    CU_ASSERT_EQUAL(copy.files[1].bytes, -1);
    mem_free(&bytes);
    input_list_clear(&copy);
}

/* ---- sharing */

static void shares_tile_all_units_and_pipes_stay_first(void) {
    char path[] = "f";
    input_file files[] = {{.path = path, .bytes = 100 * (int64_t)INPUT_PIECE + 1},
                          {.path = path, .bytes = 9000000, .coding = INPUT_ZSTD},
                          {.path = path, .bytes = -1},
                          {.path = path, .bytes = 0},
                          {.path = path, .bytes = 50 * (int64_t)INPUT_PIECE}};
    for (int n_files = 0; n_files <= 5; n_files++) {
        input_list list = {.n = n_files, .files = files};
        input_unit *units;
        int64_t n, begin, end, at = 0;
        CU_ASSERT_EQUAL(input_list_units(&list, &units, &n).code, STATUS_OK);
        for (int size = 1; size <= 300; size += 13, at = 0) {
            for (int rank = 0; rank < size; rank++) {
                input_share(&list, units, n, rank, size, &begin, &end);
                CU_ASSERT_EQUAL(begin, at);
                CU_ASSERT_TRUE(end >= begin);
                for (int64_t u = begin; u < end; u++)
                    CU_ASSERT_TRUE(rank == 0 || files[units[u].file].bytes >= 0);
                at = end;
            }
            CU_ASSERT_EQUAL(at, n);
        }
        mem_free(&units);
    }
}

/* ---- decoding */

typedef struct {
    uint8_t bytes[4096];
    size_t n;
} text;

/* The text of one unit behind what is there. */
static status read_unit(decoder *d, const input_file *file, int64_t begin, int64_t end, text *t) {
    const input_unit unit = {.file = 0, .begin = begin, .end = end};
    text_block block = {.n = 1};
    status s = decode_open(d, file, &unit);
    while (!s.code && block.n) {
        s = decode_next(d, &block);
        if (s.code || t->n + block.n > sizeof t->bytes)
            break;
        memcpy(t->bytes + t->n, block.bytes, block.n);
        t->n += block.n;
    }
    decode_close(d);
    return s;
}

static void pieces_tile_a_file_and_cut_no_token(void) {
    static const char *const texts[] = {"ab cd  ef\n\n gh", "   a   ",  "abcdefghijkl",
                                        "a b c d e f",      "\n\n\n\n", "ab\tcd\vef\fgh\rij"};
    decoder *d;
    CU_ASSERT_EQUAL(decode_create(&d, NULL).code, STATUS_OK);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t n = (int64_t)strlen(texts[i]);
        char path[600];
        snprintf(path, sizeof path, "%s", test_file("piece", texts[i], (unsigned long)n));
        const input_file file = {.path = path, .bytes = n};
        for (int64_t b = 0; b < n; b++)
            for (int64_t e = b + 1; e < n; e++) {
                text t = {.n = 0};
                const int64_t cuts[] = {0, b, e, n};
                for (int k = 0; k < 3; k++) {
                    size_t from = t.n;
                    if (cuts[k] < cuts[k + 1])
                        read_unit(d, &file, cuts[k], cuts[k + 1], &t);
                    if (t.n > from && from > 0) {
                        CU_ASSERT_TRUE(decode_is_space(t.bytes[from - 1]));
                        CU_ASSERT_FALSE(decode_is_space(t.bytes[from]));
                    }
                }
                CU_ASSERT_EQUAL(t.n, (size_t)n);
                CU_ASSERT_EQUAL(memcmp(t.bytes, texts[i], t.n), 0);
            }
    }
    decode_destroy(&d);
}

static void a_token_longer_than_any_block_stays_whole(void) {
    enum { LONG = 3000000 };
    char *bytes;
    CU_ASSERT_EQUAL_FATAL(mem_new(&bytes, LONG + 8, 1, "text").code, STATUS_OK);
    memset(bytes, 'x', LONG + 8);
    memcpy(bytes, "ab ", 3);
    memcpy(bytes + 3 + LONG, " end\n", 5);
    char path[600];
    snprintf(path, sizeof path, "%s", test_file("long", bytes, LONG + 8));
    const input_file file = {.path = path, .bytes = LONG + 8};
    const input_unit units[] = {{.begin = 0, .end = 1000}, {.begin = 1000, .end = LONG + 8}};
    size_t total = 0, longest = 0;
    decoder *d;
    decode_create(&d, NULL);
    for (int u = 0; u < 2; u++) {
        text_block block = {.n = 1};
        CU_ASSERT_EQUAL(decode_open(d, &file, &units[u]).code, STATUS_OK);
        while (block.n) {
            CU_ASSERT_EQUAL_FATAL(decode_next(d, &block).code, STATUS_OK);
            total += block.n;
            longest = block.n > longest ? block.n : longest;
        }
    }
    CU_ASSERT_EQUAL(total, LONG + 8);
    CU_ASSERT_TRUE(longest > LONG);
    decode_destroy(&d);
    mem_free(&bytes);
}

static void a_byte_order_mark_is_left_out(void) {
    char path[600];
    snprintf(path, sizeof path, "%s", test_file("mark", "\xEF\xBB\xBFword\n", 8));
    const input_file file = {.path = path, .bytes = 8};
    text t = {.n = 0};
    decoder *d;
    decode_create(&d, NULL);
    CU_ASSERT_EQUAL(read_unit(d, &file, 0, 8, &t).code, STATUS_OK);
    CU_ASSERT_EQUAL(t.n, 5);
    decode_destroy(&d);
}

static void check_packed(const uint8_t *bytes, size_t n, input_coding coding) {
    decoder *d;
    decode_create(&d, NULL);
    for (size_t length = n; length >= 4; length--) {
        char path[600];
        snprintf(path, sizeof path, "%s", test_file("packed", bytes, length));
        const input_file file = {.path = path, .bytes = (int64_t)length, .coding = coding};
        text t = {.n = 0};
        status s = read_unit(d, &file, 0, -1, &t);
        if (length == n) {
            CU_ASSERT_EQUAL(s.code, STATUS_OK);
            CU_ASSERT_EQUAL(t.n, sizeof packed_text - 1);
            CU_ASSERT_EQUAL(memcmp(t.bytes, packed_text, t.n), 0);
        } else if (s.code) { /* a cut between the two parts leaves a whole stream */
            CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
            CU_ASSERT_PTR_NOT_NULL(strstr(s.message, path));
        } else {
            CU_ASSERT_EQUAL(t.n, 42);
        }
    }
    decode_destroy(&d);
}

static void all_members_and_frames_are_read_and_truncation_is_seen(void) {
    CU_ASSERT_EQUAL(input_coding_of(two_members, sizeof two_members), INPUT_GZIP);
    CU_ASSERT_EQUAL(input_coding_of(two_frames, sizeof two_frames), INPUT_ZSTD);
    check_packed(two_members, sizeof two_members, INPUT_GZIP);
    check_packed(two_frames, sizeof two_frames, INPUT_ZSTD);
}

static void refused_memory_is_a_status_and_leaks_nothing(void) {
    char path[600];
    snprintf(path, sizeof path, "%s", test_file("packed", two_members, sizeof two_members));
    char *const arguments[] = {path};
    int64_t live = mem_live_blocks();
    for (int64_t k = 0; k < 20; k++) {
        mem_refuse_after(k);
        input_list list;
        input_unit *units = NULL;
        int64_t n = 0;
        decoder *d = NULL;
        text t = {.n = 0};
        status s = input_list_expand(&list, 1, arguments);
        if (!s.code)
            s = input_list_units(&list, &units, &n);
        if (!s.code)
            s = decode_create(&d, NULL);
        if (!s.code)
            s = read_unit(d, &list.files[0], 0, -1, &t);
        CU_ASSERT_TRUE(s.code == STATUS_OK || s.code == STATUS_SPACE);
        mem_refuse_after(-1);
        decode_destroy(&d);
        mem_free(&units);
        input_list_clear(&list);
        CU_ASSERT_EQUAL(mem_live_blocks(), live);
    }
}

int main(void) {
    static const test_case cases[] = {
        {"folders_are_read_in_byte_order_without_dot_files",
         folders_are_read_in_byte_order_without_dot_files},
        {"patterns_match_unless_a_file_has_that_name", patterns_match_unless_a_file_has_that_name},
        {"what_is_not_there_is_named", what_is_not_there_is_named},
        {"packing_keeps_the_list", packing_keeps_the_list},
        {"shares_tile_all_units_and_pipes_stay_first", shares_tile_all_units_and_pipes_stay_first},
        {"pieces_tile_a_file_and_cut_no_token", pieces_tile_a_file_and_cut_no_token},
        {"a_token_longer_than_any_block_stays_whole", a_token_longer_than_any_block_stays_whole},
        {"a_byte_order_mark_is_left_out", a_byte_order_mark_is_left_out},
        {"all_members_and_frames_are_read_and_truncation_is_seen",
         all_members_and_frames_are_read_and_truncation_is_seen},
        {"refused_memory_is_a_status_and_leaks_nothing",
         refused_memory_is_a_status_and_leaks_nothing},
    };
    return test_run("input", cases, sizeof cases / sizeof *cases, 0);
}
