// SPDX-License-Identifier: Apache-2.0
/* Results: what is put in is read back from HDF5 and from CSV. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "result.h"
#include "support.h"

static const result_column columns[] = {
    {"word", RESULT_TEXT, 0}, {"rank", RESULT_WHOLE, 0}, {"mean", RESULT_REAL, 3}};
static const char *const words[] = {"a,b", "", "say \"x\"", "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
                                    "<&>"};
static const double means[] = {.1, NAN, 1. / 3, -1e300, 0};
enum { ROWS = 5 };

static void fill(result *r) {
    result_fact_text(r, "model", "skipgram");
    result_fact_whole(r, "words", 12345678901234);
    result_fact_real(r, "chance", .1);
    result_table *t = result_add(r, "words", "words & more", columns, 3);
    for (int i = 0; i < ROWS; i++) {
        result_put_string(t, words[i]);
        result_put_whole(t, -i);
        result_put_real(t, means[i]);
    }
    (void)result_add(r, "empty", "nothing", columns, 3);
}

static status write_and_read(void *context) {
    const char *path = context;
    const group alone = group_alone();
    result r = {0}, back = {0};
    h5_file *file = NULL;
    status s = result_init(&r, "stability");
    if (!s.code)
        fill(&r);
    if (!s.code)
        s = h5_create(&file, path, RESULT_FILE_KIND, RESULT_FILE_VERSION, &alone);
    if (!s.code)
        s = result_write(&r, file);
    if (s.code)
        h5_discard(&file);
    else
        s = h5_commit(&file);
    if (!s.code)
        s = h5_open(&file, path, RESULT_FILE_KIND, &alone);
    if (!s.code) {
        s = result_read(&back, file);
        h5_close(&file);
    }
    result_clear(&r);
    result_clear(&back);
    return s;
}

static void everything_comes_back(void) {
    const char *path = test_path("result.h5");
    const group alone = group_alone();
    h5_file *file;
    result r = {0};
    CU_ASSERT_FATAL(!write_and_read((void *)path).code);
    CU_ASSERT_FATAL(!h5_open(&file, path, RESULT_FILE_KIND, &alone).code);
    CU_ASSERT_FATAL(!result_read(&r, file).code);
    CU_ASSERT_STRING_EQUAL(r.command, "stability");
    CU_ASSERT_STRING_EQUAL(result_fact(&r, "words"), "12345678901234");
    CU_ASSERT_STRING_EQUAL(result_fact(&r, "model"), "skipgram");
    CU_ASSERT_PTR_NULL(result_fact(&r, "none"));
    const result_table *t = result_find(&r, "words");
    CU_ASSERT_FATAL(t && result_rows(t) == ROWS && result_columns(t) == 3);
    CU_ASSERT_STRING_EQUAL(result_title(t), "words & more");
    CU_ASSERT_EQUAL(result_column_find(t, "mean"), 2);
    CU_ASSERT_EQUAL(result_column_find(t, "median"), -1);
    for (int i = 0; i < ROWS; i++) {
        size_t length;
        CU_ASSERT_STRING_EQUAL(result_text(t, i, 0, &length), words[i]);
        CU_ASSERT_EQUAL(length, strlen(words[i]));
        CU_ASSERT_EQUAL(result_whole(t, i, 1), -i);
        CU_ASSERT(result_real(t, i, 2) == means[i] ||
                  (isnan(means[i]) && isnan(result_real(t, i, 2))));
    }
    CU_ASSERT(result_find(&r, "empty") && result_rows(result_find(&r, "empty")) == 0);
    result_clear(&r);
    h5_close(&file);
}

static void csv_quotes_what_needs_it(void) {
    const char *expected = "word,rank,mean\r\n"
                           "\"a,b\",0,0.1\r\n"
                           ",-1,\r\n"
                           "\"say \"\"x\"\"\",-2,0.3333333333333333\r\n"
                           "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D,-3,-1e+300\r\n"
                           "<&>,-4,0\r\n";
    const char *path = test_path("words.csv");
    char text[1000] = "";
    result r;
    CU_ASSERT_FATAL(!result_init(&r, "stability").code);
    fill(&r);
    CU_ASSERT_FATAL(!result_write_csv(result_find(&r, "words"), path).code);
    FILE *f = fopen(path, "r");
    CU_ASSERT_FATAL(f && fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    CU_ASSERT_STRING_EQUAL(text, expected);
    result_clear(&r);
}

static void a_wrong_cell_is_a_failure(void) {
    result r;
    CU_ASSERT_FATAL(!result_init(&r, "stability").code);
    result_table *t = result_add(&r, "words", "", columns, 3);
    result_put_whole(t, 1);
    CU_ASSERT_EQUAL(result_failure(&r).code, STATUS_INTERNAL);
    result_clear(&r);
    CU_ASSERT_FATAL(!result_init(&r, "stability").code);
    t = result_add(&r, "words", "", columns, 3);
    result_put_string(t, "half a row");
    CU_ASSERT_EQUAL(result_failure(&r).code, STATUS_INTERNAL);
    result_clear(&r);
}

static void no_memory_is_a_status(void) {
    CU_ASSERT(test_each_refusal(write_and_read, (void *)test_path("refused.h5")) > 20);
}

int main(void) {
    static const test_case cases[] = {
        {"everything_comes_back", everything_comes_back},
        {"csv_quotes_what_needs_it", csv_quotes_what_needs_it},
        {"a_wrong_cell_is_a_failure", a_wrong_cell_is_a_failure},
        {"no_memory_is_a_status", no_memory_is_a_status},
    };
    const int code = test_run("result", cases, sizeof cases / sizeof *cases, 0);
    h5_end();
    return code;
}
