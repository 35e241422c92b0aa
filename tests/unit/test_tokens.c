// SPDX-License-Identifier: Apache-2.0
/* From raw tokens to words: white space, normal forms, case, repair. */
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "support.h"
#include "tokens.h"

static const tokens_rules nfc = {.form = TOKENS_NFC}, nfkc = {.form = TOKENS_NFKC},
                          none = {.form = TOKENS_NONE},
                          lower = {.form = TOKENS_NFC, .lowercase = true},
                          lower_nfkc = {.form = TOKENS_NFKC, .lowercase = true};

/* The words of raw, "|" between them, are these; so many repairs. */
static void check(const tokens_rules *rules, const char *raw, size_t n, const char *wanted,
                  int64_t repaired) {
    tokens_words words = {0};
    char found[512] = "";
    CU_ASSERT_EQUAL(tokens_split(rules, (const uint8_t *)raw, n, &words).code, STATUS_OK);
    for (size_t i = 0, at = 0; i < words.n; at = words.ends[i++]) {
        strcat(found, i ? "|" : "");
        strncat(found, (const char *)words.bytes + at, words.ends[i] - at);
    }
    CU_ASSERT_STRING_EQUAL(found, wanted);
    if (strcmp(found, wanted))
        fprintf(stderr, "found %s, wanted %s\n", found, wanted);
    CU_ASSERT_EQUAL(words.repaired, repaired);
    tokens_words_clear(&words);
}

static void check_text(const tokens_rules *rules, const char *raw, const char *wanted) {
    check(rules, raw, strlen(raw), wanted, 0);
}

static void unicode_white_space_separates_words(void) {
    static const char *const spaces[] = {"\xC2\x85", "\u00A0", "\u1680", "\u2000", "\u2001",
                                         "\u2002",   "\u2003", "\u2004", "\u2005", "\u2006",
                                         "\u2007",   "\u2008", "\u2009", "\u200A", "\u2028",
                                         "\u2029",   "\u202F", "\u205F", "\u3000"};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char raw[32];
        snprintf(raw, sizeof raw, "%sa%s%sb%s", spaces[i], spaces[i], spaces[i], spaces[i]);
        check_text(&nfc, raw, "a|b");
        check_text(&none, raw, "a|b");
        check_text(&nfc, spaces[i], "");
    }
    check_text(&nfc, "a\u200Bb", "a\u200Bb"); /* zero width space is not White_Space */
}

static void normal_forms_are_those_of_unicode(void) {
    check_text(&nfc, "e\u0301", "\u00E9");
    check_text(&none, "e\u0301", "e\u0301");
    check_text(&nfc, "\u212B", "\u00C5");
    check_text(&nfc, "\uFB01", "\uFB01");
    check_text(&nfkc, "\uFB01", "fi");
    check_text(&nfc, "\u1100\u1161", "\uAC00");
    check_text(&nfkc, "a\u00B4b", "a|\u0301b"); /* an acute accent is a space and a combining one */
    check_text(&nfc, "Vi\u1EC7t", "Vi\u1EC7t");
    check_text(&nfc, "Vie\u0323\u0302t", "Vi\u1EC7t");
}

static void lower_case_is_simple_and_comes_before_and_after(void) {
    check_text(&lower, "\u00C9cole", "\u00E9cole");
    check_text(&lower, "E\u0301COLE", "\u00E9cole");
    check_text(&lower, "\u0130", "i");
    check_text(&lower, "STRASSE\u00DF", "strasse\u00DF");
    check_text(&lower_nfkc, "\U0001D400\u2122", "atm");
    check_text(&lower, "\u2126", "\u03C9");
    check_text(&nfc, "\u00C9", "\u00C9");
}

static void plain_tokens_are_told_apart(void) {
    static const struct {
        const char *raw;
        size_t n;
        bool as_is, lowered;
    } cases[] = {{"word", 4, true, true},
                 {"Word", 4, true, false},
                 {"a1-@[`{", 7, true, true},
                 {"\xC3\xA9", 2, false, false},
                 {"a\0b", 3, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t *raw = (const uint8_t *)cases[i].raw;
        CU_ASSERT_EQUAL(tokens_is_plain(&nfc, raw, cases[i].n), cases[i].as_is);
        CU_ASSERT_EQUAL(tokens_is_plain(&lower, raw, cases[i].n), cases[i].lowered);
    }
}

/* The Unicode Standard, table 3-8 and its neighbours: one U+FFFD for each maximal subpart. */
static void each_maximal_invalid_sequence_becomes_one_mark(void) {
    check(&nfc, "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", 13,
          "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd", 6);
    check(&nfc, "\xC0\xAF", 2, "\uFFFD\uFFFD", 2);
    check(&nfc, "\xED\xA0\x80", 3, "\uFFFD\uFFFD\uFFFD", 3);
    check(&nfc, "\xF4\x91\x92\x93", 4, "\uFFFD\uFFFD\uFFFD\uFFFD", 4);
    check(&nfc, "\xE2\x82", 2, "\uFFFD", 1);
    check(&nfc, "a\0b", 3, "a\uFFFDb", 1);
}

static void faults_are_named_with_their_place(void) {
    status s = tokens_check((const uint8_t *)"ab\xFFz", 4, "f.txt", 1000);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "f.txt"));
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "byte 1002"));
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "--invalid replace"));
    s = tokens_check((const uint8_t *)"\0", 1, "f.txt", 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "binary file?"));
    CU_ASSERT_EQUAL(tokens_check((const uint8_t *)"\xF0\x9F\x98\x80", 4, "f", 0).code, STATUS_OK);
    CU_ASSERT_EQUAL(tokens_check((const uint8_t *)"\xF0\x9F\x98", 3, "f", 0).code, STATUS_INPUT);
}

static void refused_memory_is_a_status_and_leaks_nothing(void) {
    int64_t live = mem_live_blocks();
    for (int64_t k = 0; k < 6; k++) {
        tokens_words words = {0};
        mem_refuse_after(k);
        status s = tokens_split(&nfc, (const uint8_t *)"\u00E9\xFF", 3, &words);
        mem_refuse_after(-1);
        CU_ASSERT_TRUE(s.code == (k < 4 ? STATUS_SPACE : STATUS_OK));
        tokens_words_clear(&words);
        CU_ASSERT_EQUAL(mem_live_blocks(), live);
    }
}

int main(void) {
    static const test_case cases[] = {
        {"unicode_white_space_separates_words", unicode_white_space_separates_words},
        {"normal_forms_are_those_of_unicode", normal_forms_are_those_of_unicode},
        {"lower_case_is_simple_and_comes_before_and_after",
         lower_case_is_simple_and_comes_before_and_after},
        {"plain_tokens_are_told_apart", plain_tokens_are_told_apart},
        {"each_maximal_invalid_sequence_becomes_one_mark",
         each_maximal_invalid_sequence_becomes_one_mark},
        {"faults_are_named_with_their_place", faults_are_named_with_their_place},
        {"refused_memory_is_a_status_and_leaks_nothing",
         refused_memory_is_a_status_and_leaks_nothing},
    };
    return test_run("tokens", cases, sizeof cases / sizeof *cases, 0);
}
