// SPDX-License-Identifier: Apache-2.0
/* The table of tokens, the lexer that feeds it and the log that remembers, each against something
 * naive. */
#include <stdio.h>
#include <string.h>

#include "lexer.h"
#include "memory.h"
#include "random.h"
#include "support.h"

static void forms_of_every_length_are_told_apart(void) {
    uint8_t form[80] = {0}; /* of zeros, so that padding alone would confuse them */
    lexicon *x;
    CU_ASSERT_EQUAL_FATAL(lexicon_create(&x, 0, false).code, STATUS_OK);
    for (int round = 1; round <= 2; round++)
        for (size_t n = 1; n <= sizeof form; n++)
            for (int last = 0; last < 2; last++) {
                status s;
                form[n - 1] = (uint8_t)last;
                int32_t id = lexicon_add(x, form, n, 1, &s);
                CU_ASSERT_EQUAL(id, (int32_t)(2 * n - 2) + last);
                CU_ASSERT_EQUAL(lexicon_find(x, form, n), id);
                form[n - 1] = 0;
            }
    int64_t counts[2 * sizeof form];
    lexicon_counts(x, counts);
    CU_ASSERT_EQUAL(lexicon_size(x), (int64_t)(2 * sizeof form));
    for (size_t i = 0; i < 2 * sizeof form; i++)
        CU_ASSERT_EQUAL(counts[i], 2);
    CU_ASSERT_EQUAL(lexicon_find(x, (const uint8_t *)"absent", 6), -1);
    lexicon_destroy(&x);
}

static void a_growing_table_loses_nothing(void) {
    enum { N = 100000 };
    lexicon *x;
    CU_ASSERT_EQUAL_FATAL(lexicon_create(&x, 0, false).code, STATUS_OK);
    char form[64];
    status s;
    for (int i = 0; i < N; i++) {
        int n = snprintf(form, sizeof form, i % 3 ? "w%d" : "a-much-longer-token-number-%d", i);
        CU_ASSERT_EQUAL(lexicon_add(x, (const uint8_t *)form, (size_t)n, i + 1, &s), i);
    }
    int64_t *counts;
    CU_ASSERT_EQUAL_FATAL(mem_new(&counts, N, sizeof *counts, "counts").code, STATUS_OK);
    lexicon_counts(x, counts);
    int64_t wrong = 0;
    for (int i = 0; i < N; i++) {
        size_t n;
        int length =
            snprintf(form, sizeof form, i % 3 ? "w%d" : "a-much-longer-token-number-%d", i);
        const uint8_t *found = lexicon_form(x, i, &n);
        wrong += n != (size_t)length || memcmp(found, form, n) || counts[i] != i + 1 ||
                 lexicon_find(x, (const uint8_t *)form, n) != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    mem_free(&counts);
    lexicon_destroy(&x);
}

/* ---- a text through the lexer */

enum { TEXT = 200000 };

typedef struct {
    idlog_pool pool;
    idlog log;
    lexicon *words;
    lexer lexer;
} machine;

static void open_machine(machine *m, int64_t budget, bool check) {
    CU_ASSERT_EQUAL_FATAL(idlog_pool_init(&m->pool, test_folder(), budget).code, STATUS_OK);
    idlog_init(&m->log, &m->pool);
    CU_ASSERT_EQUAL_FATAL(lexicon_create(&m->words, 0, check).code, STATUS_OK);
    m->lexer = (lexer){.kernels = text_kernels_get(TEXT_AUTO), .words = m->words, .log = &m->log};
}

static void close_machine(machine *m) {
    lexicon_destroy(&m->words);
    idlog_clear(&m->log);
    idlog_pool_clear(&m->pool);
}

/* All numbers of the log, as "token token <gap> token": what the naive reading writes as well. */
static size_t print_log(machine *m, char *out) {
    static uint16_t buffer[IDLOG_SPAN];
    size_t at = 0;
    for (int64_t i = 0; i < m->log.n_spans; i++) {
        const uint16_t *codes;
        const idspan *span = &m->log.spans[i];
        CU_ASSERT_EQUAL_FATAL(idlog_load(&m->log, span, buffer, &codes).code, STATUS_OK);
        for (int32_t k = 0; k < span->n; k++) {
            size_t n = 0;
            int32_t code = codes[k];
            if (code <= LEXER_WIDE) {
                int32_t id = code < LEXER_WIDE ? code : lexer_wide(codes, &k);
                const uint8_t *form = lexicon_form(m->words, id, &n);
                memcpy(out + at, form, n);
            } else {
                n = (size_t)sprintf(out + at, "<%d>", code - LEXER_WIDE);
            }
            at += n;
            out[at++] = ' ';
        }
    }
    return at;
}

static size_t print_naive(const uint8_t *text, size_t n, char *out) {
    size_t at = 0;
    int gap = LEXER_FILE;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && decode_is_space(text[i])) {
            gap = text[i] == '\n' ? lexer_join(gap, LEXER_LINE) : gap;
            continue;
        }
        if (gap)
            at += (size_t)sprintf(out + at, "<%d> ", gap);
        gap = 0;
        while (i < n && !decode_is_space(text[i]))
            out[at++] = (char)text[i++];
        if (i < n) {
            out[at++] = ' ';
            i--;
        }
    }
    return at;
}

/* Random bytes, many of them white space; ends in white space. */
static void make_text(uint8_t *text, size_t n, uint64_t seed) {
    static const char letters[] =
        " \n\t\v\f\r  \nabcdefghijklmnopqrstuvwxyz0123456789-\x0E\x08\x1F\x7F";
    uint64_t key = random_key(seed, RANDOM_PLANT, 0);
    size_t dense = seed % 3 ? sizeof letters - 1 : 12;
    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)letters[random_below(random_at(key, i), (uint32_t)dense)];
    text[n - 1] = ' ';
}

/* Hand out text in blocks that end after white space. */
static status feed(machine *m, const uint8_t *text, size_t n, size_t block_size) {
    status s = lexer_begin(&m->lexer, 0, true);
    for (size_t at = 0; at < n && !s.code;) {
        size_t end = at + block_size < n ? at + block_size : n;
        while (!decode_is_space(text[end - 1]))
            end++;
        const text_block block = {
            .bytes = text + at, .n = end - at, .offset = (int64_t)at, .path = "t"};
        s = lexer_read(&m->lexer, &block);
        at = end;
    }
    return s.code ? s : lexer_end(&m->lexer);
}

/* Read text in blocks of this size and compare with the naive reading. */
static void check_reading(const uint8_t *text, size_t n, size_t block, text_isa isa) {
    static char found[8 * TEXT], wanted[8 * TEXT];
    machine m;
    open_machine(&m, INT64_MAX, true);
    m.lexer.kernels = text_kernels_get(isa);
    CU_ASSERT_EQUAL(feed(&m, text, n, block).code, STATUS_OK);
    size_t n_found = print_log(&m, found), n_wanted = print_naive(text, n, wanted);
    /* the naive reading prints the gap before a token that never comes without a blank */
    CU_ASSERT_EQUAL(n_found, n_wanted);
    CU_ASSERT_EQUAL(memcmp(found, wanted, n_found), 0);
    close_machine(&m);
}

static void the_lexer_reads_as_a_naive_loop_does(void) {
    static uint8_t text[TEXT + DECODE_PADDING];
    for (text_isa isa = TEXT_PORTABLE; isa <= TEXT_AVX512; isa++)
        for (uint64_t seed = 0; seed < 6 && text_kernels_get(isa); seed++) {
            size_t n = seed < 3 ? TEXT : 100 + seed;
            make_text(text, n, seed);
            for (size_t block = 1; block <= n; block = block * 7 + 3)
                check_reading(text, n, block, isa);
        }
}

/* More distinct tokens than a number of the log can tell apart, each twice. */
static void ids_of_any_size_are_remembered(void) {
    enum { DISTINCT = 70000 };
    static uint8_t text[2 * DISTINCT * 8 + DECODE_PADDING];
    static char found[2 * DISTINCT * 8], wanted[2 * DISTINCT * 8];
    size_t n = 0;
    for (int i = 0; i < 2 * DISTINCT; i++)
        n += (size_t)sprintf((char *)text + n, "%x%c", i % DISTINCT, i % 7000 ? ' ' : '\n');
    machine m;
    open_machine(&m, INT64_MAX, true);
    CU_ASSERT_EQUAL(feed(&m, text, n, 5000).code, STATUS_OK);
    CU_ASSERT_EQUAL(lexicon_size(m.words), DISTINCT);
    size_t n_wanted = print_naive(text, n, wanted);
    CU_ASSERT_EQUAL(print_log(&m, found), n_wanted);
    CU_ASSERT_EQUAL(memcmp(found, wanted, n_wanted), 0);
    close_machine(&m);
}

/* Frequent forms change places with rare ones while they are counted: whatever the order in which
 * they come, none is lost, found twice or counted for another. */
static void moving_frequent_forms_home_keeps_all_counts(void) {
    enum { FORMS = 3000, DRAWS = 200000 };
    static uint8_t text[DRAWS * 24 + DECODE_PADDING];
    static int64_t wanted[FORMS], counts[FORMS];
    size_t n = 0;
    for (int i = 0; i < FORMS + DRAWS; i++) { /* every form once, and then by a steep law */
        uint64_t draw = random_at(7, (uint64_t)i);
        double u = random_unit(draw);
        int form = i < FORMS ? i : FORMS - 1 - (int)(u * u * u * FORMS);
        wanted[form]++;
        n += (size_t)sprintf((char *)text + n, form % 5 ? "%d " : "a-form-that-is-long-%d ", form);
        if (n > sizeof text - 100)
            break;
    }
    machine m;
    open_machine(&m, INT64_MAX, true);
    CU_ASSERT_EQUAL(feed(&m, text, n, 4096).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(lexicon_size(m.words), FORMS);
    lexicon_counts(m.words, counts);
    CU_ASSERT_EQUAL(memcmp(counts, wanted, sizeof wanted), 0);
    for (int i = 0; i < FORMS; i++) {
        size_t length;
        const uint8_t *form = lexicon_form(m.words, i, &length);
        CU_ASSERT_EQUAL(lexicon_find(m.words, form, length), i);
    }
    close_machine(&m);
}

/* Fill a log with 0, 1, 2, ... modulo 2^16, n in all. */
static void fill_log(idlog *log, int32_t n) {
    CU_ASSERT_EQUAL_FATAL(idlog_begin(log, 5).code, STATUS_OK);
    for (int32_t next = 0; next < n;) {
        uint16_t *room;
        CU_ASSERT_EQUAL_FATAL(idlog_reserve(log, 1000, &room).code, STATUS_OK);
        for (int32_t i = 0; i < 777; i++)
            room[i] = (uint16_t)next++;
        idlog_commit(log, 777);
    }
}

static void spilled_codes_come_back(void) {
    enum { N = 3 * IDLOG_CHUNK + 1000 };
    machine m;
    open_machine(&m, 0, false);
    static uint16_t buffer[IDLOG_SPAN];
    const uint16_t *codes;
    fill_log(&m.log, N);
    CU_ASSERT_TRUE(atomic_load(&m.pool.spilled) > 0);
    uint16_t expected = 0;
    int64_t wrong = 0, n = 0;
    for (int64_t i = 0; i < m.log.n_spans; i++) {
        CU_ASSERT_EQUAL(idlog_load(&m.log, &m.log.spans[i], buffer, &codes).code, STATUS_OK);
        for (int32_t k = 0; k < m.log.spans[i].n; k++)
            wrong += codes[k] != expected++;
        n += m.log.spans[i].n;
        CU_ASSERT_EQUAL(m.log.spans[i].unit, 5);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(n >= N);
    close_machine(&m);
}

static void what_is_forgotten_gives_its_memory_back(void) {
    enum { N = 2 * IDLOG_CHUNK };
    machine m;
    open_machine(&m, INT64_MAX, false);
    fill_log(&m.log, N);
    int64_t blocks = mem_live_blocks(), last = m.log.n_chunks - 1;
    idlog_forget(&m.log, last);
    CU_ASSERT_EQUAL(mem_live_blocks(), blocks - last);
    const uint16_t *codes;
    const idspan *span = &m.log.spans[m.log.n_spans - 1];
    CU_ASSERT_EQUAL(idlog_load(&m.log, span, NULL, &codes).code, STATUS_OK);
    CU_ASSERT_EQUAL(codes[1], (uint16_t)(codes[0] + 1));
    close_machine(&m);
}

static void a_fault_is_found_at_its_place(void) {
    uint8_t text[256 + DECODE_PADDING];
    memset(text, 'a', sizeof text);
    for (size_t i = 9; i < 256; i += 10)
        text[i] = ' ';
    text[255] = ' ';
    text[123] = 0xFF;
    machine m;
    open_machine(&m, INT64_MAX, true);
    status s = feed(&m, text, 256, 100);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "byte 123 "));
    close_machine(&m);
    open_machine(&m, INT64_MAX, false);
    CU_ASSERT_EQUAL(feed(&m, text, 256, 100).code, STATUS_OK);
    close_machine(&m);
}

static void refused_memory_is_a_status_and_leaks_nothing(void) {
    static uint8_t text[TEXT + DECODE_PADDING];
    make_text(text, TEXT, 1);
    int64_t live = mem_live_blocks();
    status s = {.code = STATUS_SPACE};
    for (int64_t k = 0; s.code; k++) {
        machine m;
        open_machine(&m, INT64_MAX, true);
        mem_refuse_after(k);
        s = feed(&m, text, TEXT, 4096);
        mem_refuse_after(-1);
        CU_ASSERT_TRUE(s.code == STATUS_OK || s.code == STATUS_SPACE);
        close_machine(&m);
        CU_ASSERT_EQUAL(mem_live_blocks(), live);
    }
}

int main(void) {
    static const test_case cases[] = {
        {"forms_of_every_length_are_told_apart", forms_of_every_length_are_told_apart},
        {"a_growing_table_loses_nothing", a_growing_table_loses_nothing},
        {"the_lexer_reads_as_a_naive_loop_does", the_lexer_reads_as_a_naive_loop_does},
        {"ids_of_any_size_are_remembered", ids_of_any_size_are_remembered},
        {"moving_frequent_forms_home_keeps_all_counts",
         moving_frequent_forms_home_keeps_all_counts},
        {"spilled_codes_come_back", spilled_codes_come_back},
        {"what_is_forgotten_gives_its_memory_back", what_is_forgotten_gives_its_memory_back},
        {"a_fault_is_found_at_its_place", a_fault_is_found_at_its_place},
        {"refused_memory_is_a_status_and_leaks_nothing",
         refused_memory_is_a_status_and_leaks_nothing},
    };
    return test_run("lexicon", cases, sizeof cases / sizeof *cases, 0);
}
