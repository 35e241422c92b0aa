// SPDX-License-Identifier: Apache-2.0
/* Units of text are shared out over ranks by weight, and inside a rank over threads as they get
 * ready; each thread reads into a lexicon and a log of its own. vocabulary then makes one list of
 * words of all lexicons, and encode turns the logs into the corpus.
 *
 * The parallel region is here and not in the model because reading text is not the model's. */
#include "prepare.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "corpus_file.h"
#include "encode.h"
#include "log.h"
#include "memory.h"
#include "provenance.h"
#include "stop.h"

static const char READING[] = "reading the text";

/* One thread's. */
typedef struct {
    decoder *decoder;
    lexer lexer;
    status failure;
} reader;

typedef struct {
    const options *o;
    const comm *world;
    input_list list;
    input_unit *units;
    int64_t n_units, begin, end; /* units [begin, end) are this rank's */
    int n_readers;
    reader *readers;
    lexicon **lexicons; /* [n_readers] */
    idlog *logs;        /* [n_readers] */
    idlog_pool pool;
    char *folder; /* of the output, for scratch files */
    atomic_bool failed;
    _Atomic int64_t bytes, tokens; /* read so far by this rank */
    double started, last_line;
} job;

/* ---- what to read */

/* Collective. Rank 0 looks, so that all ranks have the same list even where folders change. */
static status list_inputs(job *j, const string_list *inputs) {
    uint8_t *packed = NULL;
    size_t n = 0;
    bool is_first = comm_rank(j->world) == 0;
    status s = status_ok();
    if (is_first) {
        input_list list;
        s = input_list_expand(&list, inputs->n, inputs->items);
        if (!s.code)
            s = input_list_pack(&list, &packed, &n);
        input_list_clear(&list);
    }
    s = comm_agree(j->world, s);
    if (!s.code) {
        comm_broadcast(j->world, 0, &n, sizeof n);
        s = comm_agree(j->world, is_first ? s : mem_new(&packed, n, 1, "the list of input files"));
    }
    if (!s.code) {
        comm_broadcast(j->world, 0, packed, n);
        s = input_list_unpack(&j->list, packed, n);
        if (!s.code)
            s = input_list_units(&j->list, &j->units, &j->n_units);
        s = comm_agree(j->world, s);
    }
    mem_free(&packed);
    return s;
}

/* Bytes of ids that this rank may keep in memory: half of what it may use. */
static int64_t log_budget(const job *j) {
    if (j->o->memory)
        return j->o->memory / 2;
    comm *node = comm_split_node(j->world);
    int64_t ranks = comm_size(node);
    comm_free(&node);
    return (int64_t)(mem_available() / 2) / ranks;
}

/* ---- reading */

static status check_reading(void) {
    return stop_check_in(omp_get_thread_num(), READING);
}

static status open_reader(job *j, int i) {
    status s = lexicon_create(&j->lexicons[i], 0, j->o->invalid == INVALID_REFUSE);
    if (!s.code)
        s = decode_create(&j->readers[i].decoder, check_reading);
    idlog_init(&j->logs[i], &j->pool);
    j->readers[i].lexer = (lexer){
        .kernels = text_kernels_get(TEXT_AUTO), .words = j->lexicons[i], .log = &j->logs[i]};
    return s;
}

static status open_readers(job *j) {
    size_t n = (size_t)j->n_readers;
    status s = mem_new(&j->readers, n, sizeof *j->readers, "readers");
    if (!s.code)
        s = mem_new(&j->lexicons, n, sizeof *j->lexicons, "readers");
    if (!s.code)
        s = mem_new(&j->logs, n, sizeof *j->logs, "readers");
    for (int i = 0; i < j->n_readers && !s.code; i++)
        s = open_reader(j, i);
    return s;
}

static void report_progress(job *j) {
    if (!log_due(&j->last_line))
        return;
    char bytes[32];
    double tokens = (double)atomic_load(&j->tokens);
    mem_format(bytes, (double)atomic_load(&j->bytes));
    log_progress("reading: %s, %.1f M words, %.1f M words/s%s", bytes, tokens / 1e6,
                 tokens / 1e6 / (j->last_line - j->started),
                 comm_size(j->world) > 1 ? " (first rank)" : "");
}

static status read_block(job *j, reader *r, text_block *block) {
    status s = check_reading();
    if (!s.code)
        s = decode_next(r->decoder, block);
    if (s.code || block->n == 0)
        return s;
    int64_t before = r->lexer.tokens;
    s = lexer_read(&r->lexer, block);
    atomic_fetch_add_explicit(&j->bytes, (int64_t)block->n, memory_order_relaxed);
    atomic_fetch_add_explicit(&j->tokens, r->lexer.tokens - before, memory_order_relaxed);
    return s;
}

static status read_unit(job *j, reader *r, int64_t u) {
    const input_unit *unit = &j->units[u];
    text_block block = {.n = 1};
    status s = decode_open(r->decoder, &j->list.files[unit->file], unit);
    if (!s.code)
        s = lexer_begin(&r->lexer, u, unit->begin == 0);
    while (!s.code && block.n > 0 && !atomic_load(&j->failed)) {
        s = read_block(j, r, &block);
        if (omp_get_thread_num() == 0)
            report_progress(j);
    }
    if (!s.code)
        s = lexer_end(&r->lexer);
    decode_close(r->decoder);
    return s;
}

/* Local. dynamic hands units out in order, so that a log is sorted by unit. */
static status read_units(job *j) {
    int64_t begin = j->begin, end = j->end;
#pragma omp parallel for default(none) shared(j, begin, end) num_threads(j->n_readers)             \
    schedule(dynamic, 1)
    for (int64_t u = begin; u < end; u++) {
        reader *r = &j->readers[omp_get_thread_num()];
        if (atomic_load(&j->failed))
            continue;
        status s = read_unit(j, r, u);
        if (s.code) {
            r->failure = s;
            atomic_store(&j->failed, true);
        }
    }
    status first = status_ok();
    for (int i = 0; i < j->n_readers; i++) {
        first = status_first(first, j->readers[i].failure);
        decode_destroy(&j->readers[i].decoder); /* their buffers are not needed any more */
    }
    return first;
}

/* Collective. */
static status read_text(job *j) {
    input_share(&j->list, j->units, j->n_units, comm_rank(j->world), comm_size(j->world), &j->begin,
                &j->end);
    status s = input_check(&j->list, j->units, j->begin, j->end);
    if (!s.code)
        s = open_readers(j);
    s = comm_agree(j->world, s);
    if (s.code)
        return s;
    return stop_agree(j->world, read_units(j), READING);
}

/* ---- writing */

status prepare_describe(h5_file *file, const prepare_report *r) {
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"files", r->files},
                   {"bytes_read", r->bytes},
                   {"tokens_read", r->tokens_read},
                   {"tokens_kept", r->tokens_kept},
                   {"words", r->words},
                   {"distinct_words", r->distinct_words},
                   {"documents", r->documents},
                   {"repaired", r->repaired}};
    status s = h5_set_text(file, "/", CONTENT_HASH, r->hash);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !s.code; i++)
        s = h5_set_int(file, "/", numbers[i].name, numbers[i].value);
    return s;
}

/* Collective. */
static status write_file(job *j, h5_file *file, const vocabulary *v, encoder *e,
                         prepare_report *report) {
    encode_result written = {0};
    status s = wordlist_write(&v->words, file, "/vocab/counts");
    if (!s.code)
        s = encode_write(e, file, &written);
    if (s.code)
        return s;
    if (written.tokens != v->kept)
        return status_error(STATUS_INTERNAL, "%lld tokens counted but %lld encoded",
                            (long long)v->kept, (long long)written.tokens);
    content_hash hash = {written.hash_a, written.hash_b};
    corpus_hash_counts(&hash, v->words.counts, v->words.n);
    content_hash_text(&hash, report->hash);
    report->tokens_kept = v->kept;
    report->documents = written.documents;
    s = prepare_describe(file, report);
    return s.code ? s : provenance_write(file, j->o, C_PREPARE, j->world);
}

/* Collective. */
static status write_corpus(job *j, const vocabulary *v, const char *output_path,
                           prepare_report *report) {
    static const int thresholds[] = {
        [DOCUMENT_LINE] = LEXER_LINE, [DOCUMENT_BLANK] = LEXER_BLANK, [DOCUMENT_FILE] = LEXER_FILE};
    encoder *e = NULL;
    h5_file *file = NULL;
    group g = comm_group(j->world);
    status s = encode_open(&e, j->logs, v, thresholds[j->o->document], j->world);
    if (!s.code)
        s = h5_create(&file, output_path, CORPUS_FILE_KIND, CORPUS_FILE_VERSION, &g);
    if (!s.code)
        s = write_file(j, file, v, e, report);
    if (!s.code)
        s = provenance_finish(file, j->world);
    if (!s.code)
        s = h5_commit(&file);
    h5_discard(&file);
    encode_close(&e);
    return s;
}

/* ---- all of it */

/* "FILE", or "FILE and 3 more". */
static void name_source(const job *j, char *text, size_t size) {
    const char *first = j->list.n ? j->list.files[0].path : "the input";
    if (j->list.n > 1)
        snprintf(text, size, "%.300s and %lld more", first, (long long)j->list.n - 1);
    else
        snprintf(text, size, "%.300s", first);
}

/* Collective. */
static status build_words(job *j, vocabulary *v, prepare_report *report) {
    static const tokens_form forms[] = {[NORMALIZE_NFC] = TOKENS_NFC,
                                        [NORMALIZE_NFKC] = TOKENS_NFKC,
                                        [NORMALIZE_NONE] = TOKENS_NONE};
    char source[352];
    name_source(j, source, sizeof source);
    const vocabulary_options wanted = {
        .rules = {.form = forms[j->o->normalize], .lowercase = j->o->lowercase},
        .min_count = j->o->min_count,
        .max_words = j->o->max_vocab,
        .source = source};
    status s = vocabulary_build(v, &wanted, j->lexicons, j->n_readers, j->world);
    for (int i = 0; i < j->n_readers; i++)
        lexicon_destroy(&j->lexicons[i]);
    report->tokens_read = v->tokens;
    report->words = v->words.n;
    report->distinct_words = v->distinct;
    report->repaired = v->repaired;
    return s;
}

static status run(job *j, const char *output_path, prepare_report *report) {
    status s = read_text(j);
    if (s.code)
        return s;
    report->files = j->list.n;
    report->bytes = comm_sum(j->world, atomic_load(&j->bytes));
    report->spilled = comm_sum(j->world, atomic_load(&j->pool.spilled));
    vocabulary v;
    s = build_words(j, &v, report);
    if (!s.code)
        s = write_corpus(j, &v, output_path, report);
    vocabulary_clear(&v);
    return s;
}

static void close_job(job *j) {
    for (int i = 0; i < j->n_readers; i++) {
        if (j->readers)
            decode_destroy(&j->readers[i].decoder);
        if (j->lexicons)
            lexicon_destroy(&j->lexicons[i]);
        if (j->logs)
            idlog_clear(&j->logs[i]);
    }
    mem_free(&j->readers);
    mem_free(&j->lexicons);
    mem_free(&j->logs);
    mem_free(&j->units);
    mem_free(&j->folder);
    input_list_clear(&j->list);
}

status prepare_corpus(const options *o, const string_list *inputs, const char *output_path,
                      const comm *world, prepare_report *report) {
    *report = (prepare_report){0};
    job j = {.o = o, .world = world, .n_readers = common_threads(o)};
    j.started = j.last_line = clock_seconds();
    int64_t budget = log_budget(&j);
    status s = common_folder(output_path, &j.folder);
    if (!s.code)
        s = idlog_pool_init(&j.pool, j.folder, budget);
    s = comm_agree(world, s);
    if (!s.code) {
        s = list_inputs(&j, inputs);
        if (!s.code)
            s = run(&j, output_path, report);
        idlog_pool_clear(&j.pool);
    }
    close_job(&j);
    report->seconds = clock_seconds() - j.started;
    return s;
}
