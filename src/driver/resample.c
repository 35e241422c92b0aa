// SPDX-License-Identifier: Apache-2.0
/* Two passes over this rank's documents, which have about as many tokens as those of any other
 * rank: the first counts the words of the chosen ones, which gives the vocabulary and every rank's
 * place in the new corpus, the second writes. */
#include "resample.h"

#include <string.h>

#include "commands.h"
#include "corpus_file.h"
#include "lexicon.h"
#include "log.h"
#include "memory.h"
#include "provenance.h"
#include "resample_draw.h"
#include "resample_options.h"
#include "stop.h"
#include "word_order.h"

static const char COUNTING[] = "counting the words of the documents",
                  WRITING[] = "writing the corpus";

enum { TOKENS = 1 << 20, DOCUMENTS = 1 << 16 }; /* read or written at a time */

typedef struct {
    corpus_file file;
    int64_t first_document, first_token; /* among those of all sources */
    int32_t *codes;                      /* [words of it] place among all words; then the new id */
} source;

typedef struct {
    options own; /* those of the user, and those of the sources */
    const comm *world;
    int n_sources;
    source *sources;               /* [n_sources] */
    int64_t n_documents, n_tokens; /* of all sources */
    int64_t begin, end;            /* documents of this rank, numbered through all sources */
    int32_t *copies;               /* [end - begin] how often each is in the new corpus */
    lexicon *words;                /* of all sources */
    int64_t *counts;               /* [words] in the new corpus, from this rank's documents */
    wordlist list;                 /* the new vocabulary */
    int64_t kept, kept_documents;  /* tokens and documents that this rank is going to write */
    int32_t *tokens;               /* [TOKENS] of a source, from `at` on */
    int64_t at, n_here;
    int from;
} sample;

/* ---- the sources */

static status inherit(sample *x) {
    h5_file **files = NULL;
    status s = mem_new(&files, (size_t)x->n_sources, sizeof(*files), "the list of corpora");
    for (int i = 0; i < x->n_sources && !s.code; i++)
        files[i] = x->sources[i].file.file;
    if (!s.code)
        s = resample_inherit(&x->own, x->n_sources, files);
    mem_free(&files);
    return s;
}

/* Collective. */
static status open_sources(sample *x, const string_list *inputs) {
    const group g = comm_group(x->world);
    status s = comm_agree(x->world, mem_new(&x->sources, (size_t)inputs->n, sizeof *x->sources,
                                            "the list of corpora"));
    for (int i = 0; i < inputs->n && !s.code; i++) {
        source *from = &x->sources[i];
        s = corpus_file_open(&from->file, inputs->items[i], &g);
        if (s.code)
            break;
        x->n_sources++;
        from->first_document = x->n_documents;
        from->first_token = x->n_tokens;
        x->n_documents += from->file.n_documents;
        x->n_tokens += from->file.n_tokens;
    }
    if (!s.code)
        s = comm_agree(x->world, inherit(x));
    if (!s.code && !x->n_tokens)
        s = status_error(STATUS_INPUT, "%s has no words", inputs->items[0]);
    return s;
}

/* All words of all sources, and where each source's are among them. */
static status join_words(sample *x) {
    status s = lexicon_create(&x->words, x->sources[0].file.words.n, false);
    for (int i = 0; i < x->n_sources && !s.code; i++) {
        const wordlist *w = &x->sources[i].file.words;
        int32_t **codes = &x->sources[i].codes;
        s = mem_new(codes, (size_t)w->n, sizeof **codes, "codes of words");
        for (int64_t k = 0; k < w->n && !s.code; k++) {
            size_t n;
            const char *word = wordlist_word(w, k, &n);
            (*codes)[k] = lexicon_add(x->words, (const uint8_t *)word, n, 1, &s);
        }
    }
    if (!s.code)
        s = mem_new(&x->counts, (size_t)lexicon_size(x->words), sizeof *x->counts,
                    "counts of words");
    return s;
}

/* ---- this rank's documents */

/* The first document of a rank: the one that holds its first token. */
static status first_of_rank(const sample *x, int rank, int64_t *document) {
    const int64_t size = comm_size(x->world);
    const int64_t token = x->n_tokens / size * rank + x->n_tokens % size * (int64_t)rank / size;
    int i = x->n_sources - 1;
    *document = rank == size ? x->n_documents : 0;
    if (rank == 0 || rank == size)
        return status_ok();
    while (i > 0 && (x->sources[i].first_token > token || !x->sources[i].file.n_documents))
        i--;
    status s = corpus_file_find(&x->sources[i].file, token - x->sources[i].first_token, document);
    *document += x->sources[i].first_document;
    return s;
}

/* The places of the random order that belong to the period. */
static void deal_documents(sample *x) {
    const source *period = &x->sources[x->own.period - 1];
    const int64_t first = period->first_document, n = period->file.n_documents;
    for (int64_t d = x->begin; d < x->end; d++) {
        const int64_t place = resample_place(x->own.seed, x->n_documents, d);
        x->copies[d - x->begin] = place >= first && place < first + n;
    }
}

static status choose_documents(sample *x) {
    status s = first_of_rank(x, comm_rank(x->world), &x->begin);
    if (!s.code)
        s = first_of_rank(x, comm_rank(x->world) + 1, &x->end);
    if (!s.code)
        s = mem_new(&x->copies, (size_t)(x->end - x->begin), sizeof *x->copies,
                    "the chosen documents");
    if (s.code)
        return s;
    if (x->own.control == CONTROL_SHUFFLE)
        deal_documents(x);
    else
        resample_draw(x->own.bootstrap, x->n_documents, x->begin, x->end, x->copies);
    for (int64_t i = 0; i < x->end - x->begin; i++)
        x->kept_documents += x->copies[i];
    return mem_new(&x->tokens, TOKENS, sizeof *x->tokens, "a block of the corpus");
}

/* ---- walking over the chosen documents */

typedef struct {
    status (*document)(void *context); /* one begins; may be NULL */
    status (*tokens)(void *context, const int32_t *codes, const int32_t *tokens, int64_t n);
    void *context;
    const char *doing;
} visitor;

/* Tokens [begin, end) of a source, in the pieces that are in memory at a time. */
static status walk_tokens(sample *x, int from, int64_t begin, int64_t end, const visitor *v) {
    const corpus_file *file = &x->sources[from].file;
    status s = status_ok();
    while (begin < end && !s.code) {
        if (x->from != from || begin < x->at || begin >= x->at + x->n_here) {
            x->from = from;
            x->at = begin;
            x->n_here = file->n_tokens - begin < TOKENS ? file->n_tokens - begin : TOKENS;
            s = stop_check(v->doing);
            if (!s.code)
                s = corpus_file_tokens(file, begin, x->n_here, x->tokens);
            if (s.code)
                x->n_here = 0;
        }
        const int64_t here = x->at + x->n_here, until = here < end ? here : end;
        if (!s.code)
            s = v->tokens(v->context, x->sources[from].codes, x->tokens + (begin - x->at),
                          until - begin);
        begin = until;
    }
    return s;
}

/* Documents [begin, end) of a source, as often as they are in the new corpus; offsets [end - begin
 * + 1]. */
static status walk_block(sample *x, int from, int64_t begin, int64_t end, const int64_t *offsets,
                         const visitor *v) {
    const int32_t *copies = x->copies + (x->sources[from].first_document + begin - x->begin);
    status s = status_ok();
    for (int64_t i = 0; i < end - begin; i++)
        for (int32_t copy = 0; copy < copies[i] && !s.code; copy++) {
            s = v->document ? v->document(v->context) : s;
            if (!s.code)
                s = walk_tokens(x, from, offsets[i], offsets[i + 1], v);
        }
    return s;
}

static status walk_documents(sample *x, const visitor *v) {
    int64_t *offsets = NULL;
    status s = mem_new(&offsets, DOCUMENTS + 1, sizeof *offsets, "places of documents");
    x->n_here = 0;
    for (int from = 0; from < x->n_sources && !s.code; from++) {
        const source *of = &x->sources[from];
        int64_t at = x->begin - of->first_document, end = x->end - of->first_document;
        at = at > 0 ? at : 0;
        end = end < of->file.n_documents ? end : of->file.n_documents;
        for (int64_t n; at < end && !s.code; at += n) {
            n = end - at < DOCUMENTS ? end - at : DOCUMENTS;
            s = corpus_file_documents(&of->file, at, n + 1, offsets);
            if (!s.code)
                s = walk_block(x, from, at, at + n, offsets, v);
        }
    }
    mem_free(&offsets);
    return s;
}

/* ---- the vocabulary */

static status count_tokens(void *context, const int32_t *codes, const int32_t *tokens, int64_t n) {
    sample *x = context;
    for (int64_t i = 0; i < n; i++)
        x->counts[codes[tokens[i]]]++;
    return status_ok();
}

/* The words that are frequent enough, from the counts of all ranks. */
static status list_words(sample *x, const int64_t *all, prepare_report *report) {
    const int64_t n = lexicon_size(x->words);
    word_record *records = NULL;
    int64_t frequent = 0;
    status s = mem_new(&records, (size_t)n, sizeof *records, "the list of words");
    for (int64_t i = 0; i < n && !s.code; i++) {
        report->tokens_read += all[i];
        report->distinct_words += all[i] > 0;
        if (all[i] < x->own.min_count)
            continue;
        size_t length;
        const uint8_t *word = lexicon_form(x->words, i, &length);
        records[frequent++] =
            (word_record){.count = all[i], .length = (int64_t)length, .word = word};
    }
    if (!s.code && !frequent)
        s = status_error(STATUS_INPUT,
                         "no word of the chosen documents of %s occurs at least %lld times; lower "
                         "--min-count",
                         h5_path(x->sources[0].file.file), (long long)x->own.min_count);
    if (!s.code)
        s = word_order_list(&x->list, records, frequent, x->own.max_vocab);
    mem_free(&records);
    report->words = x->list.n;
    return s;
}

/* From places among all words to the new ids, -1 for dropped words. */
static status number_words(sample *x) {
    const int64_t n = lexicon_size(x->words);
    int32_t *ids = NULL;
    status s = mem_new(&ids, (size_t)n, sizeof *ids, "ids of words");
    if (s.code)
        return s;
    memset(ids, 0xFF, (size_t)n * sizeof *ids);
    for (int64_t id = 0; id < x->list.n; id++) {
        size_t length;
        const char *word = wordlist_word(&x->list, id, &length);
        ids[lexicon_find(x->words, (const uint8_t *)word, length)] = (int32_t)id;
    }
    for (int64_t i = 0; i < n; i++)
        x->kept += ids[i] >= 0 ? x->counts[i] : 0;
    for (int from = 0; from < x->n_sources; from++)
        for (int64_t i = 0; i < x->sources[from].file.words.n; i++)
            x->sources[from].codes[i] = ids[x->sources[from].codes[i]];
    mem_free(&ids);
    return s;
}

/* Collective. */
static status build_words(sample *x, prepare_report *report) {
    const int64_t n = lexicon_size(x->words);
    int64_t *all = NULL;
    const visitor count = {.tokens = count_tokens, .context = x, .doing = COUNTING};
    status s = stop_agree(x->world, walk_documents(x, &count), COUNTING);
    if (!s.code)
        s = comm_agree(x->world, mem_new(&all, (size_t)n, sizeof *all, "counts of words"));
    if (!s.code) {
        memcpy(all, x->counts, (size_t)n * sizeof *all);
        comm_sum_all(x->world, all, n);
        s = list_words(x, all, report);
    }
    if (!s.code)
        s = number_words(x);
    mem_free(&all);
    return comm_agree(x->world, s);
}

/* ---- writing */

typedef struct {
    h5_file *file;
    const uint64_t *hashes; /* of the new words */
    content_hash hash;
    int32_t *tokens;    /* [TOKENS], n of them wait to be written from place on */
    int64_t *documents; /* [DOCUMENTS] as well */
    int64_t n_tokens, token, n_documents, document;
} writer;

static status flush_tokens(writer *w) {
    if (!w->n_tokens)
        return status_ok();
    corpus_hash_tokens(&w->hash, w->tokens, w->token, w->n_tokens, w->hashes);
    const status s = h5_write_rows(w->file, "/tokens", w->token, w->n_tokens, w->tokens);
    w->token += w->n_tokens;
    w->n_tokens = 0;
    return s;
}

static status flush_documents(writer *w) {
    if (!w->n_documents)
        return status_ok();
    corpus_hash_documents(&w->hash, w->documents, w->document, w->n_documents);
    const status s =
        h5_write_rows(w->file, "/documents", w->document, w->n_documents, w->documents);
    w->document += w->n_documents;
    w->n_documents = 0;
    return s;
}

static status put_document(void *context) {
    writer *w = context;
    const status s = w->n_documents == DOCUMENTS ? flush_documents(w) : status_ok();
    w->documents[w->n_documents++] = w->token + w->n_tokens;
    return s;
}

static status put_tokens(void *context, const int32_t *codes, const int32_t *tokens, int64_t n) {
    writer *w = context;
    status s = status_ok();
    for (int64_t i = 0; i < n && !s.code; i++) {
        w->tokens[w->n_tokens] = codes[tokens[i]];
        w->n_tokens += codes[tokens[i]] >= 0;
        if (w->n_tokens == TOKENS)
            s = flush_tokens(w);
    }
    return s;
}

/* Local. The last rank adds the end of the last document. */
static status write_documents(sample *x, writer *w) {
    const visitor put = {
        .document = put_document, .tokens = put_tokens, .context = w, .doing = WRITING};
    status s = walk_documents(x, &put);
    if (!s.code && comm_rank(x->world) + 1 == comm_size(x->world))
        s = put_document(w);
    if (!s.code)
        s = flush_tokens(w);
    return s.code ? s : flush_documents(w);
}

static status open_writer(const sample *x, writer *w, uint64_t **hashes) {
    status s = mem_new(hashes, (size_t)x->list.n, sizeof **hashes, "hashes of words");
    if (!s.code)
        s = mem_new(&w->tokens, TOKENS, sizeof *w->tokens, "a block of the corpus");
    if (!s.code)
        s = mem_new(&w->documents, DOCUMENTS, sizeof *w->documents, "places of documents");
    if (!s.code)
        wordlist_hash(&x->list, *hashes);
    w->hashes = *hashes;
    return s;
}

/* Collective. */
static status write_text(sample *x, h5_file *file, prepare_report *report) {
    uint64_t *hashes = NULL;
    writer w = {.file = file,
                .token = comm_sum_before(x->world, x->kept),
                .document = comm_sum_before(x->world, x->kept_documents)};
    report->tokens_kept = comm_sum(x->world, x->kept);
    report->documents = comm_sum(x->world, x->kept_documents);
    const h5_dataset tokens = {.name = "/tokens", .type = H5_I32, .rows = report->tokens_kept};
    const h5_dataset documents = {
        .name = "/documents", .type = H5_I64, .rows = report->documents + 1};
    status s = comm_agree(x->world, open_writer(x, &w, &hashes));
    if (!s.code)
        s = h5_write_begin(file, &tokens);
    if (!s.code)
        s = h5_write_begin(file, &documents);
    if (!s.code)
        s = h5_write_end(file, stop_agree(x->world, write_documents(x, &w), WRITING));
    mem_free(&hashes);
    mem_free(&w.tokens);
    mem_free(&w.documents);
    if (s.code)
        return s;
    content_hash hash = {comm_sum_wrapping(x->world, w.hash.a),
                         comm_sum_wrapping(x->world, w.hash.b)};
    corpus_hash_counts(&hash, x->list.counts, x->list.n);
    content_hash_text(&hash, report->hash);
    return s;
}

/* Where it comes from, beside what every corpus tells of itself. */
static status describe(sample *x, h5_file *file, const prepare_report *report) {
    status s = prepare_describe(file, report);
    if (!s.code)
        s = provenance_write(file, &x->own, C_PREPARE, x->world);
    for (int i = 0; i < x->n_sources && !s.code; i++) {
        char name[32];
        snprintf(name, sizeof name, "source_%d", i + 1);
        s = h5_set_text(file, "/provenance", name, h5_path(x->sources[i].file.file));
        snprintf(name, sizeof name, "source_hash_%d", i + 1);
        if (!s.code)
            s = h5_set_text(file, "/provenance", name, x->sources[i].file.hash);
    }
    return s.code ? s : provenance_finish(file, x->world);
}

/* Collective. */
static status write_corpus(sample *x, const char *path, prepare_report *report) {
    const group g = comm_group(x->world);
    h5_file *file = NULL;
    status s = h5_create(&file, path, CORPUS_FILE_KIND, CORPUS_FILE_VERSION, &g);
    if (!s.code)
        s = wordlist_write(&x->list, file, "/vocab/counts");
    if (!s.code)
        s = write_text(x, file, report);
    if (!s.code)
        s = describe(x, file, report);
    if (!s.code)
        s = h5_commit(&file);
    h5_discard(&file);
    return s;
}

/* ---- all of it */

static void close_sample(sample *x) {
    for (int i = 0; i < x->n_sources; i++) {
        corpus_file_close(&x->sources[i].file);
        mem_free(&x->sources[i].codes);
    }
    lexicon_destroy(&x->words);
    wordlist_clear(&x->list);
    mem_free(&x->sources);
    mem_free(&x->copies);
    mem_free(&x->counts);
    mem_free(&x->tokens);
}

static status run(sample *x, const string_list *inputs, const char *path, prepare_report *report) {
    status s = open_sources(x, inputs);
    if (s.code)
        return s;
    s = join_words(x);
    if (!s.code)
        s = choose_documents(x);
    s = comm_agree(x->world, s);
    if (!s.code)
        s = build_words(x, report);
    if (!s.code)
        s = write_corpus(x, path, report);
    return s;
}

status resample_corpus(const options *o, const string_list *inputs, const char *output_path,
                       const comm *world, prepare_report *report) {
    const double started = clock_seconds();
    sample x = {.own = *o, .world = world};
    *report = (prepare_report){.files = inputs->n};
    const status s = run(&x, inputs, output_path, report);
    close_sample(&x);
    report->seconds = clock_seconds() - started;
    return s;
}
