// SPDX-License-Identifier: Apache-2.0
/* Two passes over the spans of the logs. The first sums each span up: the sums give it its place in
 * the corpus. The second turns token ids into word ids, block by block, and writes the blocks:
 * while the first thread writes one, the others make the next. What has been written is forgotten,
 * so that the file's pages take the place of the log's.
 *
 * The parallel regions are here and not in the model because reading text is not the model's;
 * HDF5 is called by the first thread only, MPI outside of them. */
#include "encode.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "corpus_file.h"
#include "memory.h"
#include "stop.h"

static const char COUNTING[] = "counting the words", WRITING[] = "writing the corpus";

static const int64_t BLOCK = 1 << 18; /* tokens of each thread that are written at a time */

typedef struct {
    idlog *log;
    const idspan *span;
    int reader;
    encode_stretch sum;
    int64_t token, document; /* places of the first ones in the corpus */
    bool starts;             /* the first word starts a document */
} piece;

struct encoder {
    const text_kernels *kernels;
    const vocabulary *v;
    const comm *world;
    int threshold;
    piece *pieces; /* [n] in the order of the text */
    int64_t n;
    uint16_t *buffers;             /* [n_readers][IDLOG_SPAN] for spans that are not in memory */
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

/* What the next number of a log stands for. */
typedef struct {
    const text_kernels *kernels;
    const uint16_t *codes;
    int32_t at, n;
} cursor;

/* The gap before the next token, or 0; *id becomes the token, or -1 at the end. */
static int next_token(cursor *c, int32_t *id) {
    int gap = 0;
    *id = -1;
    for (; c->at < c->n; c->at++) {
        int32_t code = c->codes[c->at];
        if (code > LEXER_WIDE) {
            gap = lexer_join(gap, code - LEXER_WIDE);
            continue;
        }
        *id = code < LEXER_WIDE ? code : lexer_wide(c->codes, &c->at);
        c->at++;
        break;
    }
    return gap;
}

/* Words of the vocabulary in a list. */
static int64_t list_length(const vocabulary_reader *r, int32_t code) {
    return r->lists[VOCABULARY_LIST - code + 1] - r->lists[VOCABULARY_LIST - code];
}

/* The next tokens that are one word, kept or not, until there is something else: the ids of those
 * that are kept into out [most], or nowhere if it is NULL. Returns how many these are. */
static int64_t next_words(cursor *c, const vocabulary_reader *r, int32_t *out, int64_t most) {
    int64_t n = 0;
    int32_t read = 1;
    while (read && n < most) {
        int64_t more;
        read = c->kernels->look_up(c->codes + c->at, c->n - c->at, r->codes, LEXER_WIDE,
                                   out ? out + n : NULL, most - n, &more);
        c->at += read;
        n += more;
    }
    return n;
}

static encode_stretch sum_codes(const vocabulary_reader *r, int threshold, cursor c) {
    encode_stretch sum = {0};
    int32_t id;
    int gap = 0;
    for (;;) {
        if (sum.has_words && !gap)
            sum.kept += next_words(&c, r, NULL, INT64_MAX);
        gap = lexer_join(gap, next_token(&c, &id));
        if (id < 0)
            break;
        int32_t code = r->codes[id];
        if (code == VOCABULARY_NOTHING)
            continue;
        if (!sum.has_words)
            sum.lead = gap;
        else
            sum.starts += gap >= threshold;
        sum.has_words = 1;
        gap = 0;
        sum.kept += code <= VOCABULARY_LIST ? list_length(r, code) : code >= 0;
    }
    sum.tail = gap;
    if (!sum.has_words)
        sum.lead = gap;
    return sum;
}

static status load_piece(const encoder *e, const piece *p, cursor *c) {
    *c = (cursor){.kernels = e->kernels, .n = p->span->n};
    return idlog_load(p->log, p->span, e->buffers + (size_t)omp_get_thread_num() * IDLOG_SPAN,
                      &c->codes);
}

static status sum_piece(const encoder *e, piece *p) {
    cursor c;
    status s = stop_check_in(omp_get_thread_num(), COUNTING);
    if (!s.code)
        s = load_piece(e, p, &c);
    if (!s.code)
        p->sum = sum_codes(&e->v->readers[p->reader], e->threshold, c);
    return s;
}

static status sum_pieces(encoder *e) {
    status first = status_ok();
#pragma omp parallel default(none) shared(e, first) num_threads(e->v->n_readers)
    {
        status s = status_ok();
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < e->n; i++)
            if (!s.code)
                s = sum_piece(e, &e->pieces[i]);
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

/* What one parallel region turns into words. */
typedef struct {
    int64_t from, to; /* pieces */
    int64_t first_token, n_tokens;
    int32_t *tokens; /* [n_tokens] */
    size_t capacity;
} block;

typedef struct {
    h5_file *file;
    content_hash hash;
    const uint64_t *words; /* hash of each word */
    int64_t *documents;    /* of this rank */
    block blocks[2];       /* one is made while the other is written */
} writer;

/* A piece's words into tokens [p->sum.kept], the places where its documents start into document. */
static void put_words(const encoder *e, const piece *p, cursor c, int32_t *tokens,
                      int64_t *document) {
    const vocabulary_reader *r = &e->v->readers[p->reader];
    int32_t *out = tokens, *end = tokens + p->sum.kept, id;
    bool has_words = false;
    int gap = 0;
    for (;;) {
        if (has_words && !gap)
            out += next_words(&c, r, out, end - out);
        gap = lexer_join(gap, next_token(&c, &id));
        if (id < 0)
            return;
        int32_t code = r->codes[id];
        if (code == VOCABULARY_NOTHING)
            continue;
        if (has_words ? gap >= e->threshold : p->starts)
            *document++ = p->token + (out - tokens);
        has_words = true;
        gap = 0;
        if (code >= 0) {
            *out++ = code;
        } else if (code <= VOCABULARY_LIST) {
            int64_t n = list_length(r, code);
            memcpy(out, r->words + r->lists[VOCABULARY_LIST - code], (size_t)n * sizeof *out);
            out += n;
        }
    }
}

static status make_piece(const encoder *e, const writer *w, const block *b, const piece *p,
                         content_hash *hash) {
    int32_t *tokens = b->tokens + (p->token - b->first_token);
    cursor c;
    status s = stop_check_in(omp_get_thread_num(), WRITING);
    if (!s.code)
        s = load_piece(e, p, &c);
    if (s.code)
        return s;
    put_words(e, p, c, tokens, w->documents + (p->document - e->first_document));
    corpus_hash_tokens(hash, tokens, p->token, p->sum.kept, w->words);
    return s;
}

/* Write one block (or none) and make the other. */
static status step(const encoder *e, writer *w, const block *written, const block *made) {
    status first = status_ok();
#pragma omp parallel default(none) shared(e, w, written, made, first) num_threads(e->v->n_readers)
    {
        content_hash hash = {0, 0};
        status s = status_ok();
        if (omp_get_thread_num() == 0 && written->n_tokens)
            s = h5_write_rows(w->file, "/tokens", written->first_token, written->n_tokens,
                              written->tokens);
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = made->from; i < made->to; i++)
            if (!s.code)
                s = make_piece(e, w, made, &e->pieces[i], &hash);
#pragma omp critical(encode_failure)
        {
            first = status_first(first, s);
            w->hash.a += hash.a;
            w->hash.b += hash.b;
        }
    }
    return first;
}

/* The pieces from `from` on that one block holds, at least one; none at the end. */
static status plan_block(const encoder *e, int64_t from, block *b) {
    int64_t most = BLOCK * e->v->n_readers;
    b->from = b->to = from;
    b->n_tokens = 0;
    while (b->to < e->n && (b->to == from || b->n_tokens + e->pieces[b->to].sum.kept <= most))
        b->n_tokens += e->pieces[b->to++].sum.kept;
    if (b->from == b->to)
        return status_ok();
    b->first_token = e->pieces[from].token;
    return mem_grow(&b->tokens, &b->capacity, (size_t)(b->n_tokens > 0 ? b->n_tokens : 1),
                    sizeof *b->tokens, "a block of the corpus");
}

/* The logs' chunks before those of the block's pieces have been used. */
static void forget(const encoder *e, const block *b) {
    for (int64_t i = b->from; i < b->to; i++)
        idlog_forget(e->pieces[i].log, e->pieces[i].span->chunk);
}

/* Local. With one thread nothing can be made meanwhile, and one block serves for all. */
static status write_tokens(encoder *e, writer *w) {
    static const block none = {.n_tokens = 0};
    bool alone = e->v->n_readers == 1;
    const block *before = &none;
    status s = status_ok();
    int64_t at = 0;
    for (int turn = 0; (at < e->n || before->n_tokens) && !s.code; turn = !turn) {
        block *next = &w->blocks[alone ? 0 : turn];
        s = plan_block(e, at, next);
        if (!s.code)
            s = step(e, w, before, next);
        if (!s.code && alone)
            s = step(e, w, next, &none);
        forget(e, next);
        before = alone ? &none : next;
        at = next->to;
    }
    mem_free(&w->blocks[0].tokens);
    mem_free(&w->blocks[1].tokens);
    return s;
}

/* Collective. The last rank adds the end of the last document. */
static status write_documents(encoder *e, writer *w) {
    bool is_last = comm_rank(e->world) + 1 == comm_size(e->world);
    int64_t n = e->my_documents + is_last;
    if (is_last)
        w->documents[n - 1] = e->n_tokens;
    corpus_hash_documents(&w->hash, w->documents, e->first_document, n);
    const h5_dataset d = {.name = "/documents", .type = H5_I64, .rows = e->n_documents + 1};
    return h5_write(w->file, &d, e->first_document, n, w->documents, 1);
}

status encode_write(encoder *e, h5_file *file, encode_result *result) {
    writer w = {.file = file};
    uint64_t *words = NULL;
    status s = mem_new(&words, (size_t)e->v->words.n, sizeof *words, "hashes of words");
    if (!s.code)
        s = mem_new(&w.documents, (size_t)e->my_documents + 1, sizeof *w.documents,
                    "places of documents");
    s = comm_agree(e->world, s);
    if (!s.code) {
        wordlist_hash(&e->v->words, words);
        w.words = words;
        const h5_dataset d = {.name = "/tokens", .type = H5_I32, .rows = e->n_tokens};
        s = h5_write_begin(file, &d);
    }
    if (!s.code)
        s = h5_write_end(file, stop_agree(e->world, write_tokens(e, &w), WRITING));
    if (!s.code)
        s = write_documents(e, &w);
    if (!s.code)
        *result = (encode_result){.tokens = e->n_tokens,
                                  .documents = e->n_documents,
                                  .hash_a = comm_sum_wrapping(e->world, w.hash.a),
                                  .hash_b = comm_sum_wrapping(e->world, w.hash.b)};
    mem_free(&words);
    mem_free(&w.documents);
    return s;
}

/* ---- all of it */

status encode_open(encoder **e, idlog *logs, const vocabulary *v, int threshold,
                   const comm *world) {
    status s = mem_new(e, 1, sizeof **e, "the encoder");
    if (!s.code) {
        **e = (encoder){
            .kernels = text_kernels_get(TEXT_AUTO), .v = v, .world = world, .threshold = threshold};
        s = mem_new(&(*e)->buffers, (size_t)v->n_readers * IDLOG_SPAN, sizeof *(*e)->buffers,
                    "spans of the text");
    }
    if (!s.code)
        s = list_pieces(*e, logs);
    if (!s.code)
        s = sum_pieces(*e);
    s = stop_agree(world, s, COUNTING);
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
