// SPDX-License-Identifier: Apache-2.0
#include "token_words.h"

#include <string.h>

#include "memory.h"

static status add_list(token_words *r, const tokens_words *words) {
    status s = mem_grow(&r->firsts, &r->firsts_capacity, (size_t)r->n_lists + 2, sizeof *r->firsts,
                        "words of tokens");
    if (!s.code)
        s = mem_grow(&r->ends, &r->ends_capacity, (size_t)r->n_words + words->n, sizeof *r->ends,
                     "words of tokens");
    size_t used = r->n_words ? (size_t)r->ends[r->n_words - 1] : 0;
    size_t more = words->n ? words->ends[words->n - 1] : 0;
    if (!s.code)
        s = mem_grow(&r->bytes, &r->bytes_capacity, used + more, 1, "words of tokens");
    if (s.code)
        return s;
    if (more) /* memcpy takes no NULL, not even for nothing */
        memcpy(r->bytes + used, words->bytes, more);
    for (size_t i = 0; i < words->n; i++)
        r->ends[r->n_words + (int64_t)i] = (int64_t)(used + words->ends[i]);
    r->firsts[r->n_lists] = r->n_words;
    r->n_words += (int64_t)words->n;
    r->firsts[++r->n_lists] = r->n_words;
    return s;
}

static status split_forms(token_words *r, const tokens_rules *rules) {
    tokens_words words = {0};
    status s = status_ok();
    for (int64_t f = 0; f < r->n && !s.code; f++) {
        size_t n;
        const uint8_t *form = lexicon_form(r->forms, f, &n);
        if (tokens_is_plain(rules, form, n))
            continue;
        s = tokens_split(rules, form, n, &words);
        if (!s.code)
            s = add_list(r, &words);
        r->lists[f] = (int32_t)r->n_lists;
        r->repaired += words.repaired * r->counts[f];
    }
    tokens_words_clear(&words);
    return s;
}

status token_words_open(token_words *r, lexicon *forms, const tokens_rules *rules) {
    *r = (token_words){.forms = forms, .n = lexicon_size(forms)};
    status s = mem_new(&r->counts, (size_t)r->n, sizeof *r->counts, "counts of tokens");
    if (!s.code)
        s = mem_new(&r->lists, (size_t)r->n, sizeof *r->lists, "words of tokens");
    if (s.code)
        return s;
    lexicon_counts(forms, r->counts);
    s = split_forms(r, rules);
    if (!s.code)
        s = mem_new(&r->places, (size_t)(r->n + r->n_words), sizeof *r->places, "words of tokens");
    return s;
}

void token_words_close(token_words *r) {
    mem_free(&r->counts);
    mem_free(&r->lists);
    mem_free(&r->firsts);
    mem_free(&r->ends);
    mem_free(&r->bytes);
    mem_free(&r->places);
}
