// SPDX-License-Identifier: Apache-2.0
#include "cooc_text.h"

#include <string.h>

#include "memory.h"
#include "stop.h"

/* Tokens [begin, end) with their margin, and the documents [first, first + n_documents) that they
 * lie in. */
typedef struct {
    int64_t begin, end, first, n_documents;
} stretch;

static status find_stretch(const corpus_file *c, int64_t begin, int64_t end, int window,
                           stretch *x) {
    int64_t last = 0;
    x->begin = begin > window ? begin - window : 0;
    x->end = end < c->n_tokens - window ? end + window : c->n_tokens;
    status s = corpus_file_find(c, x->begin, &x->first);
    if (!s.code)
        s = corpus_file_find(c, x->end - 1, &last);
    x->n_documents = last - x->first + 1;
    return s;
}

/* Tokens stand at the end of the room; move each document to its place in front of them. */
static void spread(cooc_text *t, const stretch *x, const int64_t *documents, int64_t tokens) {
    const int64_t begin = t->view.begin, end = t->view.end; /* in the corpus */
    int64_t out = COOCCUR_ROOM;
    t->ids[out++] = COOCCUR_END;
    t->view.begin = t->view.end = out;
    for (int64_t d = 0; d < x->n_documents; d++) {
        const int64_t from = documents[d] > x->begin ? documents[d] : x->begin;
        const int64_t to = documents[d + 1] < x->end ? documents[d + 1] : x->end;
        if (to <= from)
            continue;
        memmove(t->ids + out, t->ids + tokens + (from - x->begin),
                (size_t)(to - from) * sizeof *t->ids);
        if (from <= begin && begin < to)
            t->view.begin = out + (begin - from);
        if (from < end && end <= to)
            t->view.end = out + (end - from);
        out += to - from;
        t->ids[out++] = COOCCUR_END;
    }
}

static status read_tokens(const corpus_file *c, const stretch *x, int32_t *out) {
    static const int64_t most = 1 << 24; /* at a time */
    status s = status_ok();
    for (int64_t at = x->begin, n; !s.code && at < x->end; at += n) {
        n = x->end - at < most ? x->end - at : most;
        s = stop_check("reading the corpus");
        if (!s.code)
            s = corpus_file_tokens(c, at, n, out + (at - x->begin));
    }
    return s;
}

status cooc_text_read(cooc_text *t, const corpus_file *c, int64_t begin, int64_t end, int window) {
    int64_t *documents = NULL;
    stretch x;
    *t = (cooc_text){.view = {.begin = begin, .end = end}};
    if (begin >= end) {
        t->view.begin = t->view.end = 0;
        return status_ok();
    }
    status s = find_stretch(c, begin, end, window, &x);
    if (s.code)
        return s;
    const int64_t tokens = COOCCUR_ROOM + x.n_documents + 1; /* where they are read to */
    size_t room = 0;
    s = mem_new(&documents, (size_t)x.n_documents + 1, sizeof *documents, "documents");
    if (!s.code)
        s = mem_grow(&t->ids, &room, (size_t)(tokens + x.end - x.begin + COOCCUR_ROOM),
                     sizeof *t->ids, "the tokens");
    if (!s.code)
        s = corpus_file_documents(c, x.first, x.n_documents + 1, documents);
    if (!s.code)
        s = read_tokens(c, &x, t->ids + tokens);
    if (!s.code)
        spread(t, &x, documents, tokens);
    mem_free(&documents);
    t->view.ids = t->ids;
    if (s.code)
        cooc_text_clear(t);
    return s;
}

void cooc_text_clear(cooc_text *t) {
    mem_free(&t->ids);
    *t = (cooc_text){0};
}

status cooc_text_bytes(const corpus_file *c, int64_t begin, int64_t end, int window,
                       int64_t *bytes) {
    stretch x = {0};
    status s = begin < end ? find_stretch(c, begin, end, window, &x) : status_ok();
    *bytes = (x.end - x.begin + x.n_documents + 1 + 2 * COOCCUR_ROOM) * (int64_t)sizeof(int32_t) +
             (x.n_documents + 1) * (int64_t)sizeof(int64_t);
    return s;
}
