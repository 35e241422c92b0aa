// SPDX-License-Identifier: Apache-2.0
/* HDF5 files by one process: what is written is read, and nothing partial keeps a final name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "h5.h"
#include "memory.h"
#include "support.h"

#define KIND "wordshard test"

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

static const char *partial_of(const char *path) {
    static char text[600];
    snprintf(text, sizeof text, "%s.partial", path);
    return text;
}

static h5_file *create(const char *path) {
    const group alone = group_alone();
    h5_file *f = NULL;
    status s = h5_create(&f, path, KIND, 3, &alone);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    return f;
}

static h5_file *open_kind(const char *path, const char *kind, status *s) {
    const group alone = group_alone();
    h5_file *f = NULL;
    *s = h5_open(&f, path, kind, &alone);
    return f;
}

static void written_rows_are_read(void) {
    enum { ROWS = 3000, COLUMNS = 300, STRIDE = 304 };
    const char *path = test_path("rows.h5");
    float *rows, *back;
    status s = mem_new(&rows, ROWS * STRIDE, sizeof *rows, "rows");
    s = status_first(s, mem_new(&back, ROWS * STRIDE, sizeof *back, "rows"));
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    for (int i = 0; i < ROWS * STRIDE; i++)
        rows[i] = (float)i;
    const int32_t ids[] = {5, -1, 2000000000};
    h5_file *f = create(path);
    const h5_dataset table = {"/a/b/table", H5_F32, ROWS, COLUMNS, true};
    const h5_dataset column = {"/a/ids", H5_I32, 3, 0, false};
    const h5_dataset none = {"/none", H5_I64, 0, 0, true};
    CU_ASSERT_EQUAL(h5_write(f, &table, 0, ROWS, rows, STRIDE).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write_begin(f, &column).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write_rows(f, "/a/ids", 2, 1, ids + 2).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write_rows(f, "/a/ids", 0, 2, ids).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write_end(f, status_ok()).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write(f, &none, 0, 0, NULL, 1).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_read(f, "/a/b/table", H5_F32, 10, 1, back, STRIDE).code, STATUS_OK);
    CU_ASSERT_EQUAL(back[299], rows[10 * STRIDE + 299]);
    CU_ASSERT_FALSE(is_there(path));
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    CU_ASSERT_PTR_NULL(f);
    CU_ASSERT_TRUE(is_there(path));
    CU_ASSERT_FALSE(is_there(partial_of(path)));

    f = open_kind(path, KIND, &s);
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    memset(back, 0, ROWS * STRIDE * sizeof *back);
    CU_ASSERT_EQUAL(h5_read(f, "/a/b/table", H5_F32, 7, ROWS - 7, back, STRIDE).code, STATUS_OK);
    int different = 0;
    for (int i = 0; i < ROWS - 7; i++)
        for (int j = 0; j < STRIDE; j++)
            different += back[i * STRIDE + j] != (j < COLUMNS ? rows[(i + 7) * STRIDE + j] : 0.0f);
    CU_ASSERT_EQUAL(different, 0);
    int64_t n, columns;
    int32_t *all;
    CU_ASSERT_EQUAL(h5_read_all(f, "/a/ids", H5_I32, &all, &n).code, STATUS_OK);
    CU_ASSERT_TRUE(n == 3 && memcmp(all, ids, sizeof ids) == 0);
    mem_free(&all);
    CU_ASSERT_EQUAL(h5_shape(f, "/none", H5_I64, &n, &columns).code, STATUS_OK);
    CU_ASSERT_TRUE(n == 0 && columns == 0);
    char text[64];
    CU_ASSERT_EQUAL(h5_describe(f, "/a/b/table", text, sizeof text).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(text, "float32 [3000, 300]");
    CU_ASSERT_TRUE(h5_exists(f, "/a/b/table"));
    CU_ASSERT_FALSE(h5_exists(f, "/a/c/table"));
    CU_ASSERT_EQUAL(h5_shape(f, "/a/ids", H5_I64, &n, &columns).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(h5_read(f, "/a/ids", H5_I32, 2, 2, back, 1).code, STATUS_INPUT);
    h5_close(&f);
    mem_free(&rows);
    mem_free(&back);
}

/* ---- attributes and members */

/* Needs 2 GiB of disk, which are reserved and not written; where there is less, there is no claim.
 */
static void rows_beyond_31_bits_have_their_places(void) {
    const int64_t n = (INT64_C(1) << 31) + 5;
    const char *path = test_path("long.h5");
    static const uint8_t last[] = {1, 2, 3, 4, 5, 6, 7};
    uint8_t back[sizeof last] = {0};
    int64_t rows, columns;
    h5_file *f = create(path);
    const h5_dataset d = {"/long", H5_U8, n, 0, false};
    status s = h5_write_begin(f, &d);
    if (s.code) {
        CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
        h5_discard(&f);
        return;
    }
    CU_ASSERT_EQUAL(h5_write_rows(f, "/long", n - 7, 7, last).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write_end(f, status_ok()).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    f = open_kind(path, KIND, &s);
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_shape(f, "/long", H5_U8, &rows, &columns).code, STATUS_OK);
    CU_ASSERT_EQUAL(rows, n);
    CU_ASSERT_EQUAL(h5_read(f, "/long", H5_U8, n - 7, 7, back, 1).code, STATUS_OK);
    CU_ASSERT(!memcmp(back, last, sizeof last));
    h5_close(&f);
    unlink(path);
}

static void append(void *context, const char *name, const char *value) {
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 400 - n, "%s=%.20s;", name, value);
}

static void append_member(void *context, const char *name, char kind) {
    const char value[2] = {kind, '\0'};
    append(context, name, value);
}

static void attributes_are_read_in_name_order(void) {
    const char *path = test_path("attributes.h5");
    h5_file *f = create(path);
    char *longer, name[32], *back;
    CU_ASSERT_EQUAL(mem_new(&longer, 200001, 1, "a text").code, STATUS_OK);
    memset(longer, 'x', 200000);
    CU_ASSERT_EQUAL(h5_set_text(f, "/p/o", "zeta", "caf\xc3\xa9").code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_text(f, "/p/o", "empty", "").code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_int(f, "/p/o", "n", -7).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_int(f, "/p/o", "n", 1LL << 60).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_real(f, "/p/o", "x", 0.1).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_text(f, "/p", "long", longer).code, STATUS_OK);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "option-%d", i);
        CU_ASSERT_EQUAL(h5_set_text(f, "/many", name, name).code, STATUS_OK);
    }
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    status s;
    f = open_kind(path, NULL, &s);
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    char seen[400] = "";
    CU_ASSERT_EQUAL(h5_each_attribute(f, "/p/o", append, seen).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(seen,
                           "empty=;n=1152921504606846976;x=0.10000000000000001;zeta=caf\xc3\xa9;");
    seen[0] = '\0';
    CU_ASSERT_EQUAL(h5_each_member(f, "/", append_member, seen).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(seen, "many=g;p=g;");
    double x;
    int64_t n;
    CU_ASSERT_TRUE(!h5_get_real(f, "/p/o", "x", &x).code && x == 0.1);
    CU_ASSERT_TRUE(!h5_get_int(f, "/", "format_version", &n).code && n == 3);
    CU_ASSERT_TRUE(!h5_get_text(f, "/p", "long", &back).code && strcmp(back, longer) == 0);
    mem_free(&back);
    CU_ASSERT_TRUE(!h5_get_text(f, "/many", "option-99", &back).code &&
                   strcmp(back, "option-99") == 0);
    mem_free(&back);
    CU_ASSERT_EQUAL(h5_get_int(f, "/p/o", "zeta", &n).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(h5_get_text(f, "/p/o", "absent", &back).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(h5_get_text(f, "/q", "absent", &back).code, STATUS_INPUT);
    h5_close(&f);
    mem_free(&longer);
}

static void fill_digits(const void *context, int64_t begin, int64_t n, char *out) {
    (void)context;
    for (int64_t i = 0; i < n; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "w%lld", (long long)(begin + i));
        memcpy(out + i * 9, text, (size_t)length);
    }
}

static void strings_and_links_are_datasets(void) {
    const char *path = test_path("strings.h5");
    h5_file *f = create(path);
    CU_ASSERT_EQUAL(h5_write_strings(f, "/words", 2000000, 9, fill_digits, NULL).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_link(f, "/words", "/again/words").code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    status s;
    f = open_kind(path, KIND, &s);
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    char text[64];
    CU_ASSERT_EQUAL(h5_describe(f, "/again/words", text, sizeof text).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(text, "text of 9 bytes [2000000]");
    CU_ASSERT_EQUAL(h5_verify(f, "/again/words").code, STATUS_OK);
    int64_t n, columns;
    CU_ASSERT_EQUAL(h5_shape(f, "/words", H5_U8, &n, &columns).code, STATUS_INPUT);
    h5_close(&f);
}

/* ---- names and refusals */

static void discarded_files_leave_nothing(void) {
    const char *path = test_path("discarded.h5");
    h5_file *f = create(path);
    CU_ASSERT_TRUE(is_there(partial_of(path)));
    h5_discard(&f);
    CU_ASSERT_PTR_NULL(f);
    CU_ASSERT_FALSE(is_there(path) || is_there(partial_of(path)));
    h5_discard(&f);
}

static void kept_partials_can_be_opened(void) {
    const char *path = test_path("kept.h5");
    h5_file *f = create(path);
    CU_ASSERT_EQUAL(h5_set_int(f, "/", "n", 4).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_keep_partial(&f).code, STATUS_OK);
    CU_ASSERT_FALSE(is_there(path));
    status s;
    f = open_kind(partial_of(path), KIND, &s);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    h5_close(&f);
}

static void check_refused(const char *path, const char *kind, status_code code, const char *words) {
    status s;
    h5_file *f = open_kind(path, kind, &s);
    CU_ASSERT_EQUAL(s.code, code);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, words));
    CU_ASSERT_PTR_NULL(f);
}

/* Who walks down from member to member would never arrive. */
static void groups_in_a_circle_are_refused(void) {
    const char *path = test_path("circle.h5");
    const h5_dataset none = {"/a/b/none", H5_I64, 0, 0, true};
    char seen[400] = "";
    status s;
    for (int to_root = 0; to_root < 2; to_root++) {
        h5_file *f = create(path);
        CU_ASSERT_EQUAL(h5_write(f, &none, 0, 0, NULL, 1).code, STATUS_OK);
        CU_ASSERT_EQUAL(h5_link(f, to_root ? "/" : "/a", "/a/b/again").code, STATUS_OK);
        CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
        f = open_kind(path, NULL, &s);
        CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
        s = h5_each_member(f, "/a/b", append_member, seen);
        CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "again"));
        h5_close(&f);
    }
}

static void foreign_files_are_refused_by_name(void) {
    const char *path = test_path("foreign.h5");
    h5_file *f = create(path);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    char kind[64];
    h5_kind(path, kind, sizeof kind);
    CU_ASSERT_STRING_EQUAL(kind, KIND);
    check_refused(path, "wordshard run", STATUS_INPUT, "wordshard test");
    check_refused(test_path("absent.h5"), NULL, STATUS_IO, "No such file");
    check_refused(test_file("empty.h5", "", 0), NULL, STATUS_INPUT, "empty");
    check_refused(test_file("text.h5", "some text\n", 10), NULL, STATUS_INPUT, "not an HDF5 file");
    check_refused(test_folder(), NULL, STATUS_INPUT, "not a regular file");
    h5_kind(test_path("text.h5"), kind, sizeof kind);
    CU_ASSERT_STRING_EQUAL(kind, "");
    const group alone = group_alone();
    CU_ASSERT_EQUAL(h5_create(&f, test_path("other.h5"), "netcdf", 1, &alone).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    check_refused(test_path("other.h5"), NULL, STATUS_INPUT, "none that wordshard wrote");
}

static void bad_places_are_refused(void) {
    const group alone = group_alone();
    h5_file *f = NULL;
    status s = h5_create(&f, test_path("no/such/folder.h5"), KIND, 1, &alone);
    CU_ASSERT_EQUAL(s.code, STATUS_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "No such file"));
    CU_ASSERT_PTR_NULL(f);
    s = h5_create(&f, test_folder(), KIND, 1, &alone);
    CU_ASSERT_EQUAL(s.code, STATUS_IO);
    CU_ASSERT_PTR_NULL(f);
}

static void refused_memory_is_reported_and_not_leaked(void) {
    const group alone = group_alone();
    const char *path = test_path("refused.h5");
    const int64_t before = mem_live_blocks();
    const int64_t data[4] = {1, 2, 3, 4};
    const h5_dataset d = {"/a/b", H5_I64, 4, 0, true};
    bool finished = false;
    for (int k = 0; k < 60 && !finished; k++) {
        h5_file *f = NULL;
        mem_refuse_after(k);
        status s = h5_create(&f, path, KIND, 1, &alone);
        if (!s.code)
            s = h5_write(f, &d, 0, 4, data, 1);
        if (!s.code)
            s = h5_commit(&f);
        mem_refuse_after(-1);
        h5_discard(&f);
        finished = !s.code;
        CU_ASSERT_TRUE(finished || s.code == STATUS_SPACE);
        CU_ASSERT_EQUAL(finished, is_there(path));
        CU_ASSERT_EQUAL(mem_live_blocks(), before);
    }
    CU_ASSERT_TRUE(finished);
}

/* ---- a full disk */

static void fill_disk(const char *data) {
    FILE *other = fopen(test_path("disk/other"), "ab");
    setvbuf(other, NULL, _IONBF, 0);
    while (fwrite(data, 1, 4096, other) == 4096)
        ;
    fclose(other);
}

static void full_disks_are_reported_with_numbers(void) {
    const char *disk = test_path("disk");
    if (mkdir(disk, 0700) || mount("tmpfs", disk, "tmpfs", 0, "size=2m")) {
        printf("full_disks_are_reported_with_numbers: skipped, it needs the right to mount\n");
        return;
    }
    const char *path = test_path("disk/full.h5");
    char *data;
    CU_ASSERT_EQUAL(mem_new(&data, 4 << 20, 1, "data").code, STATUS_OK);
    for (int checksum = 0; checksum < 2; checksum++) {
        h5_file *f = create(path);
        const h5_dataset small = {"/small", H5_U8, 1 << 20, 0, checksum};
        const h5_dataset large = {"/large", H5_U8, 4 << 20, 0, checksum};
        CU_ASSERT_EQUAL(h5_write(f, &small, 0, 1 << 20, data, 1).code, STATUS_OK);
        status s = h5_write(f, &large, 0, 4 << 20, data, 1);
        CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
        CU_ASSERT_PTR_NOT_NULL(strstr(s.message, path));
        CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "MiB"));
        h5_discard(&f);
        CU_ASSERT_FALSE(is_there(path) || is_there(partial_of(path)));
    }
    /* Somebody else takes the rest of the disk after the space was claimed. */
    h5_file *f = create(path);
    const h5_dataset small = {"/small", H5_U8, 1 << 20, 0, true};
    CU_ASSERT_EQUAL(h5_write(f, &small, 0, 1 << 20, data, 1).code, STATUS_OK);
    fill_disk(data);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    CU_ASSERT_TRUE(is_there(path));
    const group alone = group_alone();
    fill_disk(data);
    path = test_path("disk/next.h5");
    CU_ASSERT_EQUAL(h5_create(&f, path, KIND, 1, &alone).code, STATUS_SPACE);
    CU_ASSERT_FALSE(is_there(path) || is_there(partial_of(path)));
    mem_free(&data);
    CU_ASSERT_EQUAL(umount(disk), 0);
}

int main(void) {
    static const test_case cases[] = {
        {"written_rows_are_read", written_rows_are_read},
        {"rows_beyond_31_bits_have_their_places", rows_beyond_31_bits_have_their_places},
        {"attributes_are_read_in_name_order", attributes_are_read_in_name_order},
        {"strings_and_links_are_datasets", strings_and_links_are_datasets},
        {"discarded_files_leave_nothing", discarded_files_leave_nothing},
        {"kept_partials_can_be_opened", kept_partials_can_be_opened},
        {"groups_in_a_circle_are_refused", groups_in_a_circle_are_refused},
        {"foreign_files_are_refused_by_name", foreign_files_are_refused_by_name},
        {"bad_places_are_refused", bad_places_are_refused},
        {"refused_memory_is_reported_and_not_leaked", refused_memory_is_reported_and_not_leaked},
        {"full_disks_are_reported_with_numbers", full_disks_are_reported_with_numbers},
    };
    return test_run("h5", cases, sizeof cases / sizeof *cases, 0);
}
