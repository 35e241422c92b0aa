// SPDX-License-Identifier: Apache-2.0
/* Two passes over the spans of the logs. The first turns token ids into word ids in place, drops
 * what is not kept, leaves a mark where a document starts, and sums the span up; the sums give each
 * span its place in the corpus. The second copies the spans into blocks and writes these.
 *
 * The parallel regions are here and not in the model because reading text is not the model's;
 * HDF5 and MPI are called outside of them. */
#include "encode.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "corpus_file.h"
#include "memory.h"

enum { DOCUMENT = -1 };               /* in a translated span: the next word starts a document */
static const int64_t BLOCK = 1 << 20; /* tokens of each thread that are written at a time */

typedef struct {
    const idlog *log;
    idspan *span;
    int reader;
    encode_stretch sum;
    int64_t token, document; /* places of the first ones in the corpus */
    bool starts;             /* the first word starts a document */
} piece;

struct encoder {
    const vocabulary *v;
    const comm *world;
    int threshold;
    piece *pieces; /* [n] in the order of the text */
    int64_t n;
    int32_t *buffers;              /* [n_readers][IDLOG_SPAN] for spans that are not in memory */
    int64_t n_tokens, n_documents; /* of all ranks */
    int64_t first_document, my_documents; /* of this rank */
};

encode_stretch encode_join(encode_stretch a, encode_stretch b, int threshold) {
    encode_stretch c = {.kept = a.kept + b.kept,
                        .starts = a.starts + b.starts,
                        .lead = a.lead,
                        .tail = b.tail,
                        .has_words = a.has_words || b.has_words};
    int between = lexer_join(a.tail, b.lead);
    if (a.has_words && b.has_words)
        c.starts += between >= threshold;
    if (!a.has_words)
        c.lead = between;
    if (!b.has_words)
        c.tail = between;
    return c;
}

/* ---- first pass */

/* Translate n numbers in place; returns how many remain. A document's mark takes the room of a gap,
 * so the result is never longer. */
static int32_t translate(const vocabulary_reader *r, int threshold, int32_t *ids, int32_t n,
                         encode_stretch *sum) {
    encode_stretch at = {0};
    int32_t out = 0;
    int gap = 0;
    for (int32_t i = 0; i < n; i++) {
        if (ids[i] < 0) {
            gap = lexer_join(gap, -ids[i]);
            continue;
        }
        int32_t code = r->codes[ids[i]];
        if (code == VOCABULARY_NOTHING)
            continue;
        if (!at.has_words) {
            at.lead = gap;
            at.has_words = 1;
        } else if (gap >= threshold) {
            ids[out++] = DOCUMENT;
            at.starts++;
        }
        gap = 0;
        if (code == VOCABULARY_DROPPED)
            continue;
        ids[out++] = code;
        at.kept +=
            code >= 0 ? 1 : r->lists[VOCABULARY_LIST - code + 1] - r->lists[VOCABULARY_LIST - code];
    }
    at.tail = gap;
    if (!at.has_words)
        at.lead = gap;
    *sum = at;
    return out;
}

static status translate_piece(const encoder *e, piece *p, int32_t *buffer) {
    int32_t *ids;
    status s = idlog_load(p->log, p->span, buffer, &ids);
    if (s.code)
        return s;
    p->span->n = translate(&e->v->readers[p->reader], e->threshold, ids, p->span->n, &p->sum);
    return idlog_store(p->log, p->span, ids);
}

static status translate_pieces(encoder *e) {
    status first = status_ok();
#pragma omp parallel default(none) shared(e, first) num_threads(e->v->n_readers)
    {
        status s = status_ok();
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < e->n; i++)
            if (!s.code)
                s = translate_piece(e, &e->pieces[i],
                                    e->buffers + (size_t)omp_get_thread_num() * IDLOG_SPAN);
#pragma omp critical(encode_failure)
        first = status_first(first, s);
    }
    return first;
}

/* ---- places */

static int compare_pieces(const void *a, const void *b) {
    const piece *x = a, *y = b;
    if (x->span->unit != y->span->unit)
        return x->span->unit < y->span->unit ? -1 : 1;
    return (x->span > y->span) - (x->span < y->span);
}

static status list_pieces(encoder *e, idlog *logs) {
    for (int r = 0; r < e->v->n_readers; r++)
        e->n += logs[r].n_spans;
    status s = mem_new(&e->pieces, (size_t)e->n, sizeof *e->pieces, "spans of the text");
    if (s.code)
        return s;
    int64_t n = 0;
    for (int r = 0; r < e->v->n_readers; r++)
        for (int64_t i = 0; i < logs[r].n_spans; i++)
            e->pieces[n++] = (piece){.log = &logs[r], .span = &logs[r].spans[i], .reader = r};
    qsort(e->pieces, (size_t)n, sizeof *e->pieces, compare_pieces);
    return s;
}

/* Collective. before: all text of the ranks before this one; e gets the totals. */
static status sum_ranks(encoder *e, encode_stretch mine, encode_stretch *before) {
    encode_stretch *all = NULL, whole = {0};
    int64_t bytes;
    status s = comm_concatenate(e->world, &mine, (int64_t)sizeof mine, &all, &bytes);
    if (s.code)
        return s;
    *before = whole;
    for (int r = 0; r < comm_size(e->world); r++) {
        if (r == comm_rank(e->world))
            *before = whole;
        whole = encode_join(whole, all[r], e->threshold);
    }
    mem_free(&all);
    e->n_tokens = whole.kept;
    e->n_documents = whole.starts + whole.has_words; /* the very first word starts one as well */
    return s;
}

/* Collective. Give each piece its place in the corpus. */
static status place_pieces(encoder *e) {
    encode_stretch mine = {0}, text = {0};
    for (int64_t i = 0; i < e->n; i++)
        mine = encode_join(mine, e->pieces[i].sum, e->threshold);
    status s = sum_ranks(e, mine, &text);
    if (s.code)
        return s;
    e->first_document = text.starts + text.has_words;
    for (int64_t i = 0; i < e->n; i++) {
        piece *p = &e->pieces[i];
        p->token = text.kept;
        p->document = text.starts + text.has_words;
        p->starts = p->sum.has_words &&
                    (!text.has_words || lexer_join(text.tail, p->sum.lead) >= e->threshold);
        text = encode_join(text, p->sum, e->threshold);
    }
    e->my_documents = text.starts + text.has_words - e->first_document;
    return s;
}

/* ---- second pass */

typedef struct {
    content_hash hash;
    const uint64_t *words; /* hash of each word */
    int32_t *tokens;       /* tokens from first_token on */
    int64_t first_token;
    int64_t *documents; /* of this rank */
} block;

/* Copy a piece's words into the block and note where its documents start. */
static status copy_piece(const encoder *e, const piece *p, int32_t *buffer, const block *b) {
    const vocabulary_reader *r = &e->v->readers[p->reader];
    int64_t *document = b->documents + (p->document - e->first_document);
    int32_t *out = b->tokens + (p->token - b->first_token), *begin = out, *ids;
    status s = idlog_load(p->log, p->span, buffer, &ids);
    if (s.code)
        return s;
    if (p->starts)
        *document++ = p->token;
    for (int32_t i = 0; i < p->span->n; i++) {
        if (ids[i] >= 0) {
            *out++ = ids[i];
        } else if (ids[i] == DOCUMENT) {
            *document++ = p->token + (out - begin);
        } else {
            int64_t list = VOCABULARY_LIST - ids[i], n = r->lists[list + 1] - r->lists[list];
            memcpy(out, r->words + r->lists[list], (size_t)n * sizeof *out);
            out += n;
        }
    }
    return s;
}

/* Pieces [from, to) into the block. */
static status copy_pieces(encoder *e, int64_t from, int64_t to, block *b) {
    status first = status_ok();
#pragma omp parallel default(none) shared(e, from, to, b, first) num_threads(e->v->n_readers)
    {
        content_hash hash = {0, 0};
        status s = status_ok();
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = from; i < to; i++) {
            const piece *p = &e->pieces[i];
            if (!s.code)
                s = copy_piece(e, p, e->buffers + (size_t)omp_get_thread_num() * IDLOG_SPAN, b);
            if (!s.code)
                corpus_hash_tokens(&hash, b->tokens + (p->token - b->first_token), p->token,
                                   p->sum.kept, b->words);
        }
#pragma omp critical(encode_failure)
        {
            first = status_first(first, s);
            b->hash.a += hash.a;
            b->hash.b += hash.b;
        }
    }
    return first;
}

/* Pieces from `from` on that one block holds: at least one. */
static int64_t end_of_block(const encoder *e, int64_t from, int64_t *n_tokens) {
    int64_t to = from, most = BLOCK * e->v->n_readers;
    *n_tokens = 0;
    while (to < e->n && (to == from || *n_tokens + e->pieces[to].sum.kept <= most))
        *n_tokens += e->pieces[to++].sum.kept;
    return to;
}

/* Local. */
static status write_tokens(encoder *e, h5_file *file, block *b) {
    size_t capacity = 0;
    status s = status_ok();
    int64_t n, from = 0;
    while (from < e->n && !s.code) {
        int64_t to = end_of_block(e, from, &n);
        b->first_token = e->pieces[from].token;
        s = mem_grow(&b->tokens, &capacity, (size_t)(n > 0 ? n : 1), sizeof *b->tokens,
                     "a block of the corpus");
        if (!s.code)
            s = copy_pieces(e, from, to, b);
        if (!s.code)
            s = h5_write_rows(file, "/tokens", b->first_token, n, b->tokens);
        from = to;
    }
    mem_free(&b->tokens);
    return s;
}

/* Collective. The last rank adds the end of the last document. */
static status write_documents(encoder *e, h5_file *file, block *b) {
    bool is_last = comm_rank(e->world) + 1 == comm_size(e->world);
    int64_t n = e->my_documents + is_last;
    if (is_last)
        b->documents[n - 1] = e->n_tokens;
    corpus_hash_documents(&b->hash, b->documents, e->first_document, n);
    const h5_dataset d = {.name = "/documents", .type = H5_I64, .rows = e->n_documents + 1};
    return h5_write(file, &d, e->first_document, n, b->documents, 1);
}

status encode_write(encoder *e, h5_file *file, encode_result *result) {
    block b = {0};
    uint64_t *words = NULL;
    status s = mem_new(&words, (size_t)e->v->words.n, sizeof *words, "hashes of words");
    if (!s.code)
        s = mem_new(&b.documents, (size_t)e->my_documents + 1, sizeof *b.documents,
                    "places of documents");
    s = comm_agree(e->world, s);
    if (!s.code) {
        wordlist_hash(&e->v->words, words);
        b.words = words;
        const h5_dataset d = {.name = "/tokens", .type = H5_I32, .rows = e->n_tokens};
        s = h5_write_begin(file, &d);
    }
    if (!s.code)
        s = h5_write_end(file, write_tokens(e, file, &b));
    if (!s.code)
        s = write_documents(e, file, &b);
    if (!s.code)
        *result = (encode_result){.tokens = e->n_tokens,
                                  .documents = e->n_documents,
                                  .hash_a = comm_sum_wrapping(e->world, b.hash.a),
                                  .hash_b = comm_sum_wrapping(e->world, b.hash.b)};
    mem_free(&words);
    mem_free(&b.documents);
    return s;
}

/* ---- all of it */

status encode_open(encoder **e, idlog *logs, const vocabulary *v, int threshold,
                   const comm *world) {
    status s = mem_new(e, 1, sizeof **e, "the encoder");
    if (!s.code) {
        **e = (encoder){.v = v, .world = world, .threshold = threshold};
        s = mem_new(&(*e)->buffers, (size_t)v->n_readers * IDLOG_SPAN, sizeof *(*e)->buffers,
                    "spans of the text");
    }
    if (!s.code)
        s = list_pieces(*e, logs);
    if (!s.code)
        s = translate_pieces(*e);
    s = comm_agree(world, s);
    if (!s.code)
        s = place_pieces(*e);
    if (s.code)
        encode_close(e);
    return s;
}

void encode_close(encoder **e) {
    if (!*e)
        return;
    mem_free(&(*e)->pieces);
    mem_free(&(*e)->buffers);
    mem_free(e);
}
