// SPDX-License-Identifier: Apache-2.0
/* Words are split in parts by their hash: a thread of each rank merges one part of what the rank's
 * readers found, and each rank then adds up the words that it owns over all ranks. What remains
 * above --min-count goes to every rank and is sorted there.
 *
 * The parallel regions are here and not in the model because reading text is not the model's. */
#include "vocabulary.h"

#include <limits.h>
#include <omp.h>
#include <string.h>

#include "exchange.h"
#include "memory.h"
#include "stop.h"
#include "token_words.h"
#include "word_order.h"

typedef struct {
    const vocabulary_options *o;
    const comm *world;
    int parts; /* = number of readers */
    token_words *sources;
    lexicon **merged; /* [parts] words of this rank */
    lexicon **owned;  /* [parts] words that this rank owns, summed over ranks */
    int32_t **ids;    /* [parts][size of merged[part]] place in the list of words, or -1 */
} build;

static const char MERGING[] = "merging the lists of words";
enum { LOOK = 1 << 16 }; /* words between two looks for a stop */

/* Where a word belongs, by its lexicon_hash: the same on every rank. */
static int part_of(uint64_t hash, int parts) {
    return (int)((hash >> 32) * (uint64_t)parts >> 32);
}
static int owner_of(uint64_t hash, int size) {
    return (int)((hash & 0xFFFFFFFFu) * (uint64_t)size >> 32);
}

/* ---- 1. the words of each reader's tokens */

static status split_readers(build *b, lexicon *const *readers) {
    status first = status_ok();
#pragma omp parallel for default(none) shared(b, readers, first) num_threads(b->parts)             \
    schedule(static, 1)
    for (int i = 0; i < b->parts; i++) {
        status s = token_words_open(&b->sources[i], readers[i], &b->o->rules);
#pragma omp critical(vocabulary_failure)
        first = status_first(first, s);
    }
    return first;
}

/* ---- 2. the words of this rank */

static bool is_of_part(const build *b, int part, const uint8_t *word, size_t n) {
    return b->parts == 1 || part_of(lexicon_hash(word, n), b->parts) == part;
}

/* False with a reason, as lexicon_add: a status for each word would cost more than the word. */
static bool merge_word(build *b, int part, const uint8_t *word, size_t n, int64_t count,
                       int64_t *place, status *reason) {
    if (!is_of_part(b, part, word, n))
        return true;
    int32_t id = lexicon_add(b->merged[part], word, n, count, reason);
    if (id >= 0)
        *place = (int64_t)id * b->parts + part;
    return id >= 0;
}

static bool merge_list(build *b, int part, token_words *r, int64_t list, int64_t count,
                       status *reason) {
    bool good = true;
    for (int64_t w = r->firsts[list]; w < r->firsts[list + 1] && good; w++) {
        int64_t begin = w ? r->ends[w - 1] : 0;
        good = merge_word(b, part, r->bytes + begin, (size_t)(r->ends[w] - begin), count,
                          &r->places[r->n + w], reason);
    }
    return good;
}

/* With one reader its own table serves: only the tokens that are not plain are taken out of it and
 * their words added. */
static status merge_alone(build *b) {
    token_words *r = &b->sources[0];
    status s = status_ok();
    b->merged[0] = r->forms;
    for (int64_t f = 0; f < r->n && !s.code; f++) {
        size_t n;
        if (f % LOOK == LOOK - 1 && (s = stop_check(MERGING)).code)
            break;
        r->places[f] = f;
        if (!r->lists[f])
            continue;
        const uint8_t *form = lexicon_form(r->forms, f, &n);
        if (lexicon_add(r->forms, form, n, -r->counts[f], &s) >= 0)
            merge_list(b, 0, r, r->lists[f] - 1, r->counts[f], &s);
    }
    return s;
}

static status merge_part(build *b, int part) {
    int64_t expected = 0;
    for (int i = 0; i < b->parts; i++)
        if (b->sources[i].n > expected)
            expected = b->sources[i].n;
    status s = lexicon_create(&b->merged[part], expected / b->parts, false);
    for (int i = 0; i < b->parts; i++) {
        token_words *r = &b->sources[i];
        for (int64_t f = 0; f < r->n && !s.code; f++) {
            size_t n;
            if (f % LOOK == LOOK - 1 && (s = stop_check_in(omp_get_thread_num(), MERGING)).code)
                break;
            const uint8_t *form = lexicon_form(r->forms, f, &n);
            if (r->lists[f])
                merge_list(b, part, r, r->lists[f] - 1, r->counts[f], &s);
            else
                merge_word(b, part, form, n, r->counts[f], &r->places[f], &s);
        }
    }
    return s;
}

static status merge_parts(build *b) {
    if (b->parts == 1)
        return merge_alone(b);
    status first = status_ok();
#pragma omp parallel for default(none) shared(b, first) num_threads(b->parts) schedule(static, 1)
    for (int part = 0; part < b->parts; part++) {
        status s = merge_part(b, part);
#pragma omp critical(vocabulary_failure)
        first = status_first(first, s);
    }
    return first;
}

/* ---- records: words on their way, each as its count, its length and its bytes */

enum { RECORD_HEAD = 2 * sizeof(int64_t) };

static uint8_t *put_record(uint8_t *out, int64_t count, const uint8_t *word, size_t length) {
    const int64_t head[2] = {count, (int64_t)length};
    memcpy(out, head, RECORD_HEAD);
    memcpy(out + RECORD_HEAD, word, length);
    return out + RECORD_HEAD + length;
}

static const uint8_t *get_record(const uint8_t *in, word_record *r) {
    int64_t head[2];
    memcpy(head, in, RECORD_HEAD);
    *r = (word_record){.count = head[0], .length = head[1], .word = in + RECORD_HEAD};
    return r->word + r->length;
}

/* Calls of visit for each word of each table with its count. */
typedef void visit_word(void *context, const uint8_t *word, size_t n, int64_t count);

static status each_word(lexicon *const *tables, int parts, visit_word *visit, void *context) {
    for (int part = 0; part < parts; part++) {
        int64_t n_words = lexicon_size(tables[part]), *counts;
        status s = mem_new(&counts, (size_t)n_words, sizeof *counts, "counts of words");
        if (s.code)
            return s;
        lexicon_counts(tables[part], counts);
        for (int64_t i = 0; i < n_words && !s.code; i++) {
            size_t n;
            if (i % LOOK == LOOK - 1)
                s = stop_check(MERGING);
            const uint8_t *word = lexicon_form(tables[part], i, &n);
            if (counts[i] > 0)
                visit(context, word, n, counts[i]);
        }
        mem_free(&counts);
        if (s.code)
            return s;
    }
    return status_ok();
}

/* ---- 3. words to their owners */

typedef struct {
    int size;
    int64_t *bytes;  /* [size] to each rank */
    uint8_t **heads; /* [size] where its next record goes; NULL while sizes are counted */
} outbox;

static void post_word(void *context, const uint8_t *word, size_t n, int64_t count) {
    outbox *box = context;
    int owner = owner_of(lexicon_hash(word, n), box->size);
    if (box->heads)
        box->heads[owner] = put_record(box->heads[owner], count, word, n);
    else
        box->bytes[owner] += (int64_t)(RECORD_HEAD + n);
}

/* The words of this rank as records, sorted by owner; *blob is new, bytes[size] is filled. */
static status pack_words(const build *b, int64_t *bytes, uint8_t **blob) {
    outbox box = {.size = comm_size(b->world), .bytes = bytes};
    status s = each_word(b->merged, b->parts, post_word, &box);
    int64_t total = 0;
    for (int r = 0; r < box.size; r++)
        total += bytes[r];
    if (!s.code)
        s = mem_new(blob, (size_t)total, 1, "words for other ranks");
    uint8_t **heads = NULL;
    if (!s.code)
        s = mem_new(&heads, (size_t)box.size, sizeof *heads, "words for other ranks");
    if (s.code)
        return s;
    heads[0] = *blob;
    for (int r = 1; r < box.size; r++)
        heads[r] = heads[r - 1] + bytes[r - 1];
    box.heads = heads;
    s = each_word(b->merged, b->parts, post_word, &box);
    mem_free(&heads);
    return s;
}

static status add_records(build *b, int part, const uint8_t *blob, int64_t n) {
    status s = lexicon_create(&b->owned[part], 0, false);
    const uint8_t *at = blob, *end = blob + n;
    for (int64_t i = 1; at < end && !s.code; i++) {
        word_record r;
        if (i % LOOK == 0 && (s = stop_check_in(omp_get_thread_num(), MERGING)).code)
            break;
        at = get_record(at, &r);
        if (is_of_part(b, part, r.word, (size_t)r.length))
            lexicon_add(b->owned[part], r.word, (size_t)r.length, r.count, &s);
    }
    return s;
}

static status own_words(build *b, const uint8_t *blob, int64_t n) {
    status first = status_ok();
#pragma omp parallel for default(none) shared(b, blob, n, first) num_threads(b->parts)             \
    schedule(static, 1)
    for (int part = 0; part < b->parts; part++) {
        status s = add_records(b, part, blob, n);
#pragma omp critical(vocabulary_failure)
        first = status_first(first, s);
    }
    return first;
}

/* Collective. */
static status exchange_words(build *b) {
    int size = comm_size(b->world);
    int64_t *bytes = NULL, total = 0;
    uint8_t *sent = NULL, *received = NULL;
    status s = mem_new(&bytes, 2 * (size_t)size, sizeof *bytes, "sizes of messages");
    if (!s.code)
        s = pack_words(b, bytes, &sent);
    s = comm_agree(b->world, s);
    if (!s.code)
        s = exchange_bytes(b->world, sent, bytes, &received, bytes + size);
    mem_free(&sent);
    if (!s.code) {
        for (int r = 0; r < size; r++)
            total += bytes[size + r];
        s = own_words(b, received, total);
    }
    mem_free(&received);
    mem_free(&bytes);
    return stop_agree(b->world, s, MERGING);
}

/* ---- 4. the list of words */

typedef struct {
    int64_t min_count;
    int64_t bytes, tokens, distinct;
    uint8_t *head; /* where the next record goes; NULL while sizes are counted */
} selection;

static void select_word(void *context, const uint8_t *word, size_t n, int64_t count) {
    selection *chosen = context;
    if (!chosen->head) {
        chosen->tokens += count;
        chosen->distinct++;
    }
    if (count < chosen->min_count)
        return;
    if (chosen->head)
        chosen->head = put_record(chosen->head, count, word, n);
    else
        chosen->bytes += (int64_t)(RECORD_HEAD + n);
}

/* Collective. The frequent words of all ranks as records, on every rank; *all is new. */
static status gather_words(const build *b, vocabulary *v, uint8_t **all, int64_t *n) {
    selection chosen = {.min_count = b->o->min_count};
    uint8_t *mine = NULL;
    status s = each_word(b->owned, b->parts, select_word, &chosen);
    if (!s.code)
        s = mem_new(&mine, (size_t)chosen.bytes, 1, "frequent words");
    if (!s.code && chosen.bytes) {
        chosen.head = mine;
        s = each_word(b->owned, b->parts, select_word, &chosen);
    }
    s = comm_agree(b->world, s);
    if (!s.code) {
        v->tokens = comm_sum(b->world, chosen.tokens);
        v->distinct = comm_sum(b->world, chosen.distinct);
        s = comm_concatenate(b->world, mine, chosen.bytes, all, n);
    }
    mem_free(&mine);
    return s;
}

static status too_few(const build *b, const vocabulary *v) {
    if (v->tokens == 0)
        return status_error(STATUS_INPUT, "no words in %s: it is empty or all white space",
                            b->o->source);
    return status_error(STATUS_INPUT,
                        "no word occurs at least %lld times among the %lld of %s; lower "
                        "--min-count",
                        (long long)b->o->min_count, (long long)v->tokens, b->o->source);
}

static status sort_words(const build *b, vocabulary *v, const uint8_t *all, int64_t n_bytes) {
    int64_t n = 0;
    word_record r;
    for (const uint8_t *at = all; at < all + n_bytes; n++)
        at = get_record(at, &r);
    if (n == 0)
        return too_few(b, v);
    word_record *records;
    status s = mem_new(&records, (size_t)n, sizeof *records, "the list of words");
    if (s.code)
        return s;
    const uint8_t *at = all;
    for (int64_t i = 0; i < n; i++)
        at = get_record(at, &records[i]);
    s = word_order_list(&v->words, records, n, b->o->max_words);
    for (int64_t i = 0; i < v->words.n; i++)
        v->kept += v->words.counts[i];
    mem_free(&records);
    return s;
}

/* Collective. */
static status make_list(const build *b, vocabulary *v) {
    uint8_t *all = NULL;
    int64_t n = 0;
    status s = gather_words(b, v, &all, &n);
    if (s.code)
        return s;
    s = sort_words(b, v, all, n);
    mem_free(&all);
    return stop_agree(b->world, s, MERGING);
}

/* ---- 5. what each reader's tokens stand for */

static void number_words(build *b, const wordlist *words) {
    int64_t n_words = words->n;
#pragma omp parallel for default(none) shared(b, words, n_words) num_threads(b->parts)             \
    schedule(static)
    for (int64_t w = 0; w < n_words; w++) {
        size_t n;
        const uint8_t *word = (const uint8_t *)wordlist_word(words, w, &n);
        int part = b->parts > 1 ? part_of(lexicon_hash(word, n), b->parts) : 0;
        int32_t id = lexicon_find(b->merged[part], word, n);
        if (id >= 0)
            b->ids[part][id] = (int32_t)w;
    }
}

static status open_ids(build *b) {
    for (int part = 0; part < b->parts; part++) {
        size_t n = (size_t)lexicon_size(b->merged[part]);
        status s = mem_new(&b->ids[part], n, sizeof **b->ids, "ids of words");
        if (s.code)
            return s;
        memset(b->ids[part], 0xFF, n * sizeof **b->ids);
    }
    return status_ok();
}

static int32_t id_at(const build *b, int64_t place) {
    return b->ids[place % b->parts][place / b->parts];
}

/* A list becomes its kept words, and a plain code where there are fewer than two of them. */
static int32_t code_list(const build *b, const token_words *r, int64_t list,
                         vocabulary_reader *out) {
    if (r->firsts[list] == r->firsts[list + 1])
        return VOCABULARY_NOTHING;
    int64_t n = out->lists[list];
    for (int64_t w = r->firsts[list]; w < r->firsts[list + 1]; w++) {
        int32_t id = id_at(b, r->places[r->n + w]);
        if (id >= 0)
            out->words[n++] = id;
    }
    int64_t kept = n - out->lists[list];
    out->lists[list + 1] = n;
    return kept == 0   ? VOCABULARY_DROPPED
           : kept == 1 ? out->words[n - 1]
                       : (int32_t)(VOCABULARY_LIST - list);
}

static status code_reader(const build *b, const token_words *r, vocabulary_reader *out) {
    status s = mem_new(&out->codes, (size_t)r->n, sizeof *out->codes, "codes of tokens");
    if (!s.code)
        s = mem_new(&out->lists, (size_t)r->n_lists + 1, sizeof *out->lists, "words of tokens");
    if (!s.code)
        s = mem_new(&out->words, (size_t)r->n_words, sizeof *out->words, "words of tokens");
    if (s.code)
        return s;
    int64_t list = 0;
    for (int64_t f = 0; f < r->n; f++) {
        if (!r->lists[f]) {
            int32_t id = id_at(b, r->places[f]);
            out->codes[f] = id >= 0 ? id : VOCABULARY_DROPPED;
            continue;
        }
        if (r->firsts[list] == r->firsts[list + 1])
            out->lists[list + 1] = out->lists[list];
        out->codes[f] = code_list(b, r, list++, out);
    }
    return s;
}

static status code_readers(build *b, vocabulary *v) {
    status first = mem_new(&v->readers, (size_t)b->parts, sizeof *v->readers, "codes of tokens");
    if (!first.code)
        first = open_ids(b);
    if (first.code)
        return first;
    v->n_readers = b->parts;
    number_words(b, &v->words);
#pragma omp parallel for default(none) shared(b, v, first) num_threads(b->parts) schedule(static, 1)
    for (int i = 0; i < b->parts; i++) {
        status s = code_reader(b, &b->sources[i], &v->readers[i]);
#pragma omp critical(vocabulary_failure)
        first = status_first(first, s);
    }
    return first;
}

/* ---- all of it */

static status open_build(build *b) {
    size_t parts = (size_t)b->parts;
    status s = mem_new(&b->sources, parts, sizeof *b->sources, "readers");
    if (!s.code)
        s = mem_new(&b->merged, parts, sizeof *b->merged, "tables of words");
    if (!s.code)
        s = mem_new(&b->owned, parts, sizeof *b->owned, "tables of words");
    if (!s.code)
        s = mem_new(&b->ids, parts, sizeof *b->ids, "ids of words");
    return s;
}

static void close_build(build *b, lexicon *const *readers) {
    for (int i = 0; i < b->parts; i++) {
        if (b->sources)
            token_words_close(&b->sources[i]);
        if (b->owned && b->owned[i] != b->merged[i])
            lexicon_destroy(&b->owned[i]);
        if (b->merged && b->merged[i] != readers[i])
            lexicon_destroy(&b->merged[i]);
        if (b->ids)
            mem_free(&b->ids[i]);
    }
    mem_free(&b->sources);
    mem_free(&b->merged);
    mem_free(&b->owned);
    mem_free(&b->ids);
}

status vocabulary_build(vocabulary *v, const vocabulary_options *o, lexicon *const *readers,
                        int n_readers, const comm *world) {
    *v = (vocabulary){0};
    build b = {.o = o, .world = world, .parts = n_readers};
    status s = open_build(&b);
    if (!s.code)
        s = split_readers(&b, readers);
    if (!s.code)
        s = merge_parts(&b);
    s = stop_agree(world, s, MERGING);
    if (!s.code && comm_size(world) > 1)
        s = exchange_words(&b);
    else if (!s.code)
        memcpy(b.owned, b.merged, (size_t)b.parts * sizeof *b.owned);
    if (!s.code)
        s = make_list(&b, v);
    if (!s.code)
        s = comm_agree(world, code_readers(&b, v));
    int64_t repaired = 0;
    for (int i = 0; i < n_readers && b.sources; i++)
        repaired += b.sources[i].repaired;
    if (!s.code)
        v->repaired = comm_sum(world, repaired);
    close_build(&b, readers);
    return s;
}

void vocabulary_clear(vocabulary *v) {
    for (int i = 0; i < v->n_readers; i++) {
        mem_free(&v->readers[i].codes);
        mem_free(&v->readers[i].lists);
        mem_free(&v->readers[i].words);
    }
    mem_free(&v->readers);
    wordlist_clear(&v->words);
    *v = (vocabulary){0};
}
