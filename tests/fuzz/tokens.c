// SPDX-License-Identifier: Apache-2.0
/* One raw token under every rule: its words are valid, not empty and without white space, and
 * normalising them again changes nothing. */
#include "fuzz.h"

#include <string.h>

#include "decode.h"
#include "memory.h"
#include "tokens.h"

static void check_word(const tokens_rules *rules, const uint8_t *word, size_t n) {
    tokens_words again = {0};
    fuzz_claim(n > 0 && tokens_is_valid(word, n), "a word is valid UTF-8");
    for (size_t i = 0; i < n; i++)
        fuzz_claim(!decode_is_space(word[i]), "a word has no white space");
    if (!rules->lowercase) {
        fuzz_accepted(tokens_split(rules, word, n, &again), STATUS_OK);
        fuzz_claim(again.n == 1 && again.ends[0] == n && !memcmp(again.bytes, word, n),
                   "normalising a word again changes nothing");
        tokens_words_clear(&again);
    }
}

static void check_rules(const tokens_rules *rules, const uint8_t *raw, size_t n) {
    tokens_words words = {0};
    fuzz_accepted(tokens_split(rules, raw, n, &words), STATUS_OK);
    fuzz_claim((words.repaired == 0) == tokens_is_valid(raw, n), "what is not valid is repaired");
    if (n > 0 && tokens_is_plain(rules, raw, n))
        fuzz_claim(words.n == 1 && words.ends[0] == n && !memcmp(words.bytes, raw, n),
                   "a plain token is its own word");
    for (size_t w = 0, begin = 0; w < words.n; begin = words.ends[w++])
        check_word(rules, words.bytes + begin, words.ends[w] - begin);
    tokens_words_clear(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) /* a raw token ends there */
        if (decode_is_space(data[i]))
            size = i;
    for (int form = TOKENS_NFC; form <= TOKENS_NONE; form++)
        for (int lowercase = 0; lowercase < 2; lowercase++) {
            const tokens_rules rules = {.form = (tokens_form)form, .lowercase = lowercase};
            check_rules(&rules, data, size);
        }
    fuzz_accepted(tokens_check(data, size, "input", 0), STATUS_INPUT);
    fuzz_end();
    return 0;
}
