// SPDX-License-Identifier: Apache-2.0
#include "word_order.h"

#include <stdlib.h>
#include <string.h>

/* In the order of bytes; what is shorter ends in zeros. */
static uint64_t head_of(const word_record *r) {
    uint64_t head = 0;
    for (int64_t i = 0; i < 8; i++)
        head = head << 8 | (i < r->length ? r->word[i] : 0);
    return head;
}

static int compare_records(const void *a, const void *b) {
    const word_record *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    int64_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->word, y->word, (size_t)shorter);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static status fill_list(wordlist *w, const word_record *records, int64_t n) {
    int64_t bytes = 0;
    for (int64_t i = 0; i < n; i++)
        bytes += records[i].length;
    status s = wordlist_init(w, n, bytes);
    for (int64_t i = 0; i < n && !s.code; i++) {
        int64_t at = w->offsets[i];
        memcpy(w->bytes + at, records[i].word, (size_t)records[i].length);
        w->offsets[i + 1] = at + records[i].length;
        w->counts[i] = records[i].count;
    }
    return s;
}

status word_order_list(wordlist *w, word_record *records, int64_t n, int64_t most) {
    int64_t kept = most && most < n ? most : n;
    *w = (wordlist){.n = 0};
    if (kept > INT32_MAX)
        return status_error(STATUS_INPUT,
                            "%lld words are more than the %d that fit; raise --min-count or set "
                            "--max-vocab",
                            (long long)kept, INT32_MAX);
    for (int64_t i = 0; i < n; i++)
        records[i].head = head_of(&records[i]);
    qsort(records, (size_t)n, sizeof *records, compare_records);
    return fill_list(w, records, kept);
}
