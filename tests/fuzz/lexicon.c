// SPDX-License-Identifier: Apache-2.0
/* Strings added to a lexicon one by one and counted in a block, against a list that is searched
 * from its beginning. Input: strings between white space; the first byte says how many of them are
 * added singly. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lexicon.h"
#include "memory.h"

enum { MOST = 200 };

typedef struct {
    const uint8_t *text; /* [n_bytes + DECODE_PADDING] */
    size_t n_bytes, edges[2 * MOST], n;
    int32_t ids[MOST]; /* expected */
    int64_t counts[MOST];
    int64_t n_forms;
} strings;

static void find_strings(strings *x) {
    for (size_t i = 0; i < x->n_bytes && x->n < MOST; i++) {
        if (decode_is_space(x->text[i]))
            continue;
        x->edges[2 * x->n] = i;
        while (i < x->n_bytes && !decode_is_space(x->text[i]))
            i++;
        x->edges[2 * x->n++ + 1] = i;
    }
}

static bool equal(const strings *x, size_t a, size_t b) {
    const size_t *at = &x->edges[2 * a], *other = &x->edges[2 * b];
    return at[1] - at[0] == other[1] - other[0] &&
           !memcmp(x->text + at[0], x->text + other[0], at[1] - at[0]);
}

static void number_strings(strings *x) {
    for (size_t i = 0; i < x->n; i++) {
        size_t first = 0;
        while (!equal(x, first, i))
            first++;
        x->ids[i] = first < i ? x->ids[first] : (int32_t)x->n_forms++;
        x->counts[x->ids[i]]++;
    }
}

static void fill(const strings *x, lexicon *words, size_t singly) {
    const text_block block = {.bytes = x->text, .n = x->n_bytes, .path = "input"};
    int32_t ids[MOST];
    status s = status_ok();
    for (size_t i = 0; i < singly; i++)
        ids[i] = lexicon_add(words, x->text + x->edges[2 * i],
                             x->edges[2 * i + 1] - x->edges[2 * i], 1, &s);
    if (!s.code)
        s = lexicon_count(words, &block, x->n - singly, x->edges + 2 * singly, ids + singly);
    fuzz_accepted(s, STATUS_OK);
    fuzz_claim(!memcmp(ids, x->ids, x->n * sizeof *ids), "ids rise in order of first appearance");
}

static void compare(const strings *x, const lexicon *words) {
    int64_t counts[MOST];
    fuzz_claim(lexicon_size(words) == x->n_forms, "as many forms as there are different strings");
    lexicon_counts(words, counts);
    fuzz_claim(!memcmp(counts, x->counts, (size_t)x->n_forms * sizeof *counts),
               "every string is counted");
    for (size_t i = 0; i < x->n; i++) {
        const uint8_t *form = x->text + x->edges[2 * i];
        const size_t length = x->edges[2 * i + 1] - x->edges[2 * i];
        size_t n;
        fuzz_claim(lexicon_find(words, form, length) == x->ids[i], "every string is found");
        const uint8_t *stored = lexicon_form(words, x->ids[i], &n);
        fuzz_claim(n == length && !memcmp(stored, form, n), "a form has the bytes of its string");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lexicon *words;
    uint8_t *copy = NULL;
    if (size < 2)
        return 0;
    strings x = {.n_bytes = size - 1};
    fuzz_accepted(mem_new(&copy, size + DECODE_PADDING, 1, "the strings"), STATUS_OK);
    memcpy(copy, data + 1, size - 1);
    x.text = copy;
    find_strings(&x);
    number_strings(&x);
    fuzz_accepted(lexicon_create(&words, 0, false), STATUS_OK);
    fill(&x, words, x.n * data[0] / 255);
    compare(&x, words);
    lexicon_destroy(&words);
    mem_free(&copy);
    fuzz_end();
    return 0;
}
