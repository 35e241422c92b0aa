// SPDX-License-Identifier: Apache-2.0
/* A text as `prepare` reads it, plain, gzip or Zstandard: decoder, lexer and lexicon, then the
 * words of every token. A plain text gives the same tokens whole and in two pieces, with the
 * kernels of this processor and the portable ones. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "lexer.h"
#include "memory.h"
#include "tokens.h"

static const size_t MOST_MEMORY = 64 << 20; /* compressed data can hold a token of any length */

/* All tokens of some units, with the gap before each. */
typedef struct {
    decoder *decoder;
    lexicon *words;
    idlog_pool pool;
    idlog log;
    int64_t *tokens; /* [n] gap << 32 | id */
    size_t n, room;
    int gap; /* behind the last */
} reading;

static status begin(reading *r, bool check) {
    memset(r, 0, sizeof *r);
    status s = idlog_pool_init(&r->pool, ".", INT64_C(1) << 30);
    idlog_init(&r->log, &r->pool);
    if (!s.code)
        s = decode_create(&r->decoder, NULL);
    return s.code ? s : lexicon_create(&r->words, 0, check);
}

static void end(reading *r) {
    decode_destroy(&r->decoder);
    lexicon_destroy(&r->words);
    idlog_clear(&r->log);
    idlog_pool_clear(&r->pool);
    mem_free(&r->tokens);
}

static status read_unit(reading *r, lexer *x, const input_file *file, const input_unit *unit) {
    text_block block = {.n = 1};
    status s = decode_open(r->decoder, file, unit);
    if (!s.code)
        s = lexer_begin(x, unit->begin, unit->begin == 0);
    while (!s.code && block.n > 0) {
        s = decode_next(r->decoder, &block);
        if (!s.code && block.n > 0)
            s = lexer_read(x, &block);
    }
    if (!s.code)
        s = lexer_end(x);
    decode_close(r->decoder);
    return s;
}

static status list_span(reading *r, const idspan *span) {
    uint16_t *buffer = NULL;
    const uint16_t *codes;
    status s = mem_new(&buffer, IDLOG_SPAN, sizeof *buffer, "a span");
    if (!s.code)
        s = idlog_load(&r->log, span, buffer, &codes);
    if (!s.code)
        s = mem_grow(&r->tokens, &r->room, r->n + (size_t)span->n, sizeof *r->tokens, "tokens");
    for (int32_t at = 0; at < span->n && !s.code; at++) {
        if (codes[at] > LEXER_WIDE) {
            r->gap = lexer_join(r->gap, codes[at] - LEXER_WIDE);
            continue;
        }
        int32_t id = codes[at] < LEXER_WIDE ? codes[at] : lexer_wide(codes, &at);
        r->tokens[r->n++] = (int64_t)r->gap << 32 | id;
        r->gap = 0;
    }
    mem_free(&buffer);
    return s;
}

static status read_units(reading *r, const text_kernels *kernels, const input_file *file,
                         const input_unit *units, int64_t n) {
    lexer x = {.kernels = kernels, .words = r->words, .log = &r->log};
    status s = status_ok();
    for (int64_t u = 0; u < n && !s.code; u++)
        s = read_unit(r, &x, file, &units[u]);
    for (int64_t i = 0; i < r->log.n_spans && !s.code; i++)
        s = list_span(r, &r->log.spans[i]);
    return s;
}

static void same_forms(const lexicon *a, const lexicon *b) {
    fuzz_claim(lexicon_size(a) == lexicon_size(b), "pieces have as many forms as the whole");
    for (int64_t i = 0; i < lexicon_size(a); i++) {
        size_t n, m;
        const uint8_t *one = lexicon_form(a, i, &n), *other = lexicon_form(b, i, &m);
        fuzz_claim(n == m && !memcmp(one, other, n), "pieces have the forms of the whole");
    }
}

/* Cut the text where its middle byte says, and read both pieces with the portable kernels. */
static void read_in_pieces(const reading *whole, status found, const input_file *file,
                           const uint8_t *data, bool check) {
    const int64_t cut = (int64_t)data[file->bytes / 2] * file->bytes / 256;
    const input_unit units[] = {{0, 0, cut}, {0, cut, file->bytes}};
    reading r;
    status s = begin(&r, check);
    if (!s.code)
        s = read_units(&r, text_kernels_get(TEXT_PORTABLE), file, units, 2);
    fuzz_claim(s.code == found.code && !strcmp(s.message, found.message),
               "pieces are refused as the whole is");
    if (!s.code) {
        same_forms(whole->words, r.words);
        fuzz_claim(r.n == whole->n && r.gap == whole->gap, "pieces have as many tokens");
        for (size_t i = 0; i < r.n; i++)
            fuzz_claim(r.tokens[i] == whole->tokens[i], "pieces have the tokens of the whole");
    }
    end(&r);
}

static void split_forms(const lexicon *forms) {
    const tokens_rules rules = {.form = TOKENS_NFKC, .lowercase = true};
    tokens_words words = {0};
    for (int64_t i = 0; i < lexicon_size(forms); i++) {
        size_t n;
        const uint8_t *form = lexicon_form(forms, i, &n);
        fuzz_accepted(tokens_split(&rules, form, n, &words), STATUS_SPACE);
    }
    tokens_words_clear(&words);
}

static void read_text(const input_list *list, const uint8_t *data, bool check) {
    const input_file *file = &list->files[0];
    input_unit *units = NULL;
    int64_t n_units = 0;
    reading r;
    status s = begin(&r, check);
    if (!s.code)
        s = input_list_units(list, &units, &n_units);
    if (!s.code)
        s = read_units(&r, text_kernels_get(TEXT_AUTO), file, units, n_units);
    const bool plain = file->coding == INPUT_PLAIN;
    if (fuzz_accepted(s, s.code == STATUS_SPACE && !plain ? STATUS_SPACE : STATUS_INPUT) && !check)
        split_forms(r.words);
    if (plain && file->bytes > 0)
        read_in_pieces(&r, s, file, data, check);
    mem_free(&units);
    end(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[] = "input";
    char *const arguments[] = {path};
    input_list list;
    mem_set_limit(MOST_MEMORY);
    fuzz_file(path, data, size);
    fuzz_accepted(input_list_expand(&list, 1, arguments), STATUS_OK);
    read_text(&list, data, size % 2); /* both ways at once would take twice the time */
    input_list_clear(&list);
    fuzz_end();
    return 0;
}
