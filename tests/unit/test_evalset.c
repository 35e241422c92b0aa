// SPDX-License-Identifier: Apache-2.0
/* Evaluation files, good and broken. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evalset.h"
#include "lines.h"
#include "support.h"

static status read_text(evalset *e, evalset_kind kind, const char *text) {
    return evalset_read(e, kind, test_file("set.txt", text, strlen(text)));
}

/* The text is refused as bad input, and the message has this in it. */
static void refused(evalset_kind kind, const char *text, const char *part) {
    evalset e;
    status s = read_text(&e, kind, text);
    evalset_clear(&e);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    if (!strstr(s.message, part))
        fprintf(stderr, "%s lacks %s\n", s.message, part);
    CU_ASSERT(strstr(s.message, part) != NULL);
}

static void questions_keep_their_sections(void) {
    evalset e;
    status s = read_text(&e, EVALSET_ANALOGIES,
                         "\xEF\xBB\xBF# a comment\r\na b c d\n\n: gram1 plural\r\nx  y\tz w\r\n"
                         ":empty\n: last\n1 2 3 4");
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT(e.n == 3 && e.n_groups == 4 && e.width == 4);
    CU_ASSERT_STRING_EQUAL(evalset_group(&e, 0), "");
    CU_ASSERT_STRING_EQUAL(evalset_group(&e, 1), "gram1 plural");
    CU_ASSERT_STRING_EQUAL(evalset_group(&e, 2), "empty");
    CU_ASSERT(e.groups[0] == 0 && e.groups[1] == 1 && e.groups[2] == 3);
    CU_ASSERT_STRING_EQUAL(evalset_word(&e, 1, 0), "x");
    CU_ASSERT_STRING_EQUAL(evalset_word(&e, 1, 3), "w");
    CU_ASSERT_STRING_EQUAL(evalset_word(&e, 2, 3), "4");
    evalset_clear(&e);
}

static void pairs_keep_their_scores(void) {
    evalset e;
    status s = read_text(&e, EVALSET_SIMILARITY,
                         "word1\tword2\tscore\ntiger\tcat\t7.35\n ice cream \tsnow\t-1e1\r\n");
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT(e.n == 2 && e.scores[0] == 7.35 && e.scores[1] == -10);
    CU_ASSERT_STRING_EQUAL(evalset_word(&e, 1, 0), "ice cream");
    CU_ASSERT_STRING_EQUAL(evalset_word(&e, 1, 1), "snow");
    evalset_clear(&e);
}

static void words_keep_their_classes(void) {
    evalset e;
    status s =
        read_text(&e, EVALSET_CATEGORIES, "dog\tanimal\n\tanimal\nrose\tplant\ncat\tanimal\n");
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL(e.wordless, 1);
    CU_ASSERT(e.n == 3 && e.n_groups == 2);
    CU_ASSERT(e.groups[0] == 0 && e.groups[1] == 1 && e.groups[2] == 0);
    CU_ASSERT_STRING_EQUAL(evalset_group(&e, e.groups[1]), "plant");
    evalset_clear(&e);
}

static void broken_lines_are_refused_by_number(void) {
    refused(EVALSET_ANALOGIES, ": s\na b c d\na b c\n", "set.txt:3: four words expected, 3 found");
    refused(EVALSET_ANALOGIES, "a b c d e\n", "set.txt:1: four words expected, 5 found");
    refused(EVALSET_ANALOGIES, "a b c d\n\xFF\xFE c d e\n", "set.txt:2: not valid UTF-8");
    refused(EVALSET_SIMILARITY, "a\tb\t1\na b 1\n", "set.txt:2: word TAB word TAB score expected");
    refused(EVALSET_SIMILARITY, "a\tb\t1\na\tb\tx\n", "set.txt:2: ");
    refused(EVALSET_SIMILARITY, "a\tb\t1\na\tb\tnan\n", "not a number");
    refused(EVALSET_SIMILARITY, "a\tb\t1\n\tb\t2\n", "an empty word");
    refused(EVALSET_SIMILARITY, "a\tb\t1\tx\n", "set.txt:1: ");
    refused(EVALSET_CATEGORIES, "a\tb\nc\n", "set.txt:2: word TAB class expected");
    refused(EVALSET_CATEGORIES, "a\tb\tc\n", "set.txt:1: ");
    refused(EVALSET_CATEGORIES, "a\t\n", "an empty class");
}

static void files_without_items_are_refused(void) {
    refused(EVALSET_ANALOGIES, "", "no questions in it");
    refused(EVALSET_ANALOGIES, ": only\n: headers\n", "no questions in it");
    refused(EVALSET_SIMILARITY, "word1\tword2\tscore\n", "no word pairs in it");
    refused(EVALSET_CATEGORIES, "\n\n# nothing\n", "no words in it");
}

static void binary_files_are_refused(void) {
    evalset e;
    status s = evalset_read(&e, EVALSET_ANALOGIES, test_file("b.txt", "a b\0c d e\n", 10));
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT(strstr(s.message, "b.txt:1: a NUL byte") != NULL);
    evalset_clear(&e);
}

static void what_cannot_be_read_is_an_io_failure(void) {
    evalset e;
    CU_ASSERT_EQUAL(evalset_read(&e, EVALSET_ANALOGIES, test_path("none.txt")).code, STATUS_IO);
    evalset_clear(&e);
    CU_ASSERT_EQUAL(evalset_read(&e, EVALSET_ANALOGIES, test_folder()).code, STATUS_IO);
    evalset_clear(&e);
}

static void lines_of_any_length_come_whole(void) {
    enum { LONG = 3000000 };
    char *text = malloc(LONG + 3), *line;
    size_t length;
    CU_ASSERT_FATAL(text != NULL);
    memset(text, 'x', LONG);
    memcpy(text + LONG, "\ny", 3);
    lines *l;
    status s = lines_open(&l, test_file("long.txt", text, LONG + 2));
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT(!lines_next(l, &line, &length).code && line && length == LONG);
    CU_ASSERT(!lines_next(l, &line, &length).code && line && !strcmp(line, "y"));
    CU_ASSERT_EQUAL(lines_number(l), 2);
    CU_ASSERT(!lines_next(l, &line, &length).code && !line);
    lines_close(&l);
    free(text);
}

static status read_classes(void *context) {
    (void)context;
    evalset e;
    status s = read_text(&e, EVALSET_CATEGORIES, "dog\tanimal\nrose\tplant\n");
    evalset_clear(&e);
    return s;
}

static void a_refused_block_is_reported_and_nothing_leaks(void) {
    CU_ASSERT(test_each_refusal(read_classes, NULL) > 0);
}

int main(void) {
    static const test_case cases[] = {
        {"questions_keep_their_sections", questions_keep_their_sections},
        {"pairs_keep_their_scores", pairs_keep_their_scores},
        {"words_keep_their_classes", words_keep_their_classes},
        {"broken_lines_are_refused_by_number", broken_lines_are_refused_by_number},
        {"files_without_items_are_refused", files_without_items_are_refused},
        {"binary_files_are_refused", binary_files_are_refused},
        {"what_cannot_be_read_is_an_io_failure", what_cannot_be_read_is_an_io_failure},
        {"lines_of_any_length_come_whole", lines_of_any_length_come_whole},
        {"a_refused_block_is_reported_and_nothing_leaks",
         a_refused_block_is_reported_and_nothing_leaks},
    };
    return test_run("evalset", cases, sizeof cases / sizeof *cases, 0);
}
