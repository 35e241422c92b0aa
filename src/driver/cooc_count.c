// SPDX-License-Identifier: Apache-2.0
#include "cooc_count.h"

#include <inttypes.h>

#include "commands.h"
#include "cooc_share.h"
#include "cooc_store.h"
#include "cooc_text.h"
#include "log.h"
#include "memory.h"
#include "stop.h"

static const char COUNTING[] = "counting co-occurrences";

static const int64_t MOST_TOKENS = INT64_C(1) << 30; /* of a chunk: half of COOCCUR_PLACES */
static const int64_t PIECE_CELLS = INT64_C(1) << 22; /* cells of a piece in memory */
enum { FEWEST_TOKENS = 1 << 12 };                    /* of a chunk, unless there are not so many */

/* Bytes; INT64_MAX without a limit. */
typedef struct {
    int64_t text;  /* tokens and where they are */
    int64_t parts; /* batches of rows before they are stored */
    int64_t store; /* counts */
} budget;

typedef struct {
    const corpus_file *corpus;
    const comm *world;
    cooccur_rule rule;
    int n_threads;
    budget budget;
    cooc_store store;
    int64_t chunks;
    double last_line;
} counting;

/* Every sum must fit 64 bits: no row adds up to more than its word's places times their reach. */
static status check_corpus(const counting *x) {
    const corpus_file *c = x->corpus;
    if (c->words.n < 1 || c->n_tokens < 1)
        return status_error(STATUS_INPUT, "%s has no words; there is nothing to count",
                            h5_path(c->file));
    if (c->words.n > INT32_MAX - 4 * COOCCUR_WINDOW)
        return status_error(STATUS_INPUT, "%s has %" PRId64 " words, more than can be counted",
                            h5_path(c->file), c->words.n);
    const double most = (double)c->words.counts[0] * (double)x->rule.reach;
    if (most >= 0x1p63)
        return status_error(STATUS_USAGE,
                            "the counts of the most frequent word (%" PRId64
                            " times) could exceed 64 bits; give a smaller --window or "
                            "--weighting flat",
                            c->words.counts[0]);
    return status_ok();
}

/* ---- memory */

/* A third each for tokens, batches and counts. When the counts are shared and added up, tokens and
 * batches are gone, and it takes twice the counts' bytes again. */
static status set_budget(counting *x, const options *o) {
    char limit[32], least[32];
    const int64_t n_words = x->corpus->words.n;
    x->budget = (budget){INT64_MAX, INT64_MAX, INT64_MAX};
    if (!o->memory)
        return status_ok();
    const int64_t fixed = (int64_t)mem_live_bytes() + cooccur_bytes(n_words, 0, x->n_threads) +
                          cooc_merge_bytes(COOC_RUNS, n_words) +
                          (int64_t)sizeof(cooc_pair) * COOC_RUN_BUFFER + 16 * n_words;
    const int64_t third = (o->memory - fixed) / 3;
    const int64_t batch = cooccur_batch_bytes(n_words) * x->n_threads;
    const int64_t text = 16 * (FEWEST_TOKENS + 2 * (int64_t)x->rule.window);
    const int64_t need = batch > text ? batch : text;
    if (third < need)
        return status_error(STATUS_SPACE,
                            "--memory %s is too little to count %" PRId64
                            " words with a window of %d and %d thread(s); the least is %s",
                            mem_format(limit, (double)o->memory), n_words, x->rule.window,
                            x->n_threads, mem_format(least, (double)(fixed + 3 * need)));
    x->budget = (budget){third, third, third};
    return status_ok();
}

/* Where a chunk that begins at `begin` ends: as far as its tokens fit. */
static status chunk_end(const counting *x, int64_t begin, int64_t end, int64_t *chunk) {
    int64_t n = end - begin < MOST_TOKENS ? end - begin : MOST_TOKENS, bytes;
    for (;; n = n / 4 * 3) {
        status s = cooc_text_bytes(x->corpus, begin, begin + n, x->rule.window, &bytes);
        if (s.code)
            return s;
        if (bytes + n * (int64_t)sizeof(uint32_t) <= x->budget.text)
            break;
        if (n < FEWEST_TOKENS / 2)
            return status_error(STATUS_SPACE,
                                "--memory is too little for the documents around token %" PRId64
                                " of %s",
                                begin, h5_path(x->corpus->file));
    }
    *chunk = begin + n;
    return status_ok();
}

/* ---- one chunk */

/* Batches that are counted before they are stored. */
static int64_t group_size(const counting *x, int64_t n_batches) {
    const int64_t fair = n_batches / 16 > 32 * x->n_threads ? n_batches / 16 : 32 * x->n_threads;
    const int64_t fit = x->budget.parts / cooccur_batch_bytes(x->corpus->words.n);
    return fit < fair ? fit : fair;
}

static void report(counting *x, int64_t begin, int64_t end, int64_t done, int64_t all) {
    if (!log_due(&x->last_line))
        return;
    log_progress("counting: tokens %" PRId64 " to %" PRId64 " of %" PRId64 ", %.0f %% of the "
                 "batches of rows%s",
                 begin, end, x->corpus->n_tokens, 100.0 * (double)done / (double)all,
                 comm_size(x->world) > 1 ? " (first rank)" : "");
}

static status store_group(counting *x, cooccur *c, int64_t begin, int64_t end, cooc_matrix *parts) {
    status s = cooccur_count(c, begin, end, parts);
    for (int64_t b = 0; b < end - begin; b++) {
        if (!s.code)
            s = cooc_store_add(&x->store, &parts[b]);
        cooc_matrix_clear(&parts[b]);
    }
    return s;
}

static status check_stop(int thread) {
    return stop_check_in(thread, COUNTING);
}

static status count_text(counting *x, const cooc_text *text, int64_t begin, int64_t end) {
    cooccur *c = NULL;
    cooc_matrix *parts = NULL;
    int64_t n = 0, step = 0;
    status s =
        cooccur_create(&c, &text->view, x->corpus->words.n, &x->rule, x->n_threads, check_stop);
    if (!s.code) {
        n = cooccur_batches(c);
        step = group_size(x, n);
        s = mem_new(&parts, (size_t)step, sizeof *parts, "batches of rows");
    }
    for (int64_t b = 0; b < n && !s.code; b += step) {
        s = store_group(x, c, b, b + step < n ? b + step : n, parts);
        report(x, begin, end, b, n);
    }
    mem_free(&parts);
    cooccur_destroy(&c);
    return s;
}

/* Tokens [begin, end) of the corpus. */
static status count_chunk(counting *x, int64_t begin, int64_t end) {
    cooc_text text;
    status s = cooc_text_read(&text, x->corpus, begin, end, x->rule.window);
    if (!s.code)
        s = count_text(x, &text, begin, end);
    cooc_text_clear(&text);
    if (!s.code)
        s = cooc_store_end_chunk(&x->store);
    x->chunks++;
    return s;
}

/* This rank's part of the corpus. Local. */
static status count_part(counting *x) {
    const int64_t rank = comm_rank(x->world), size = comm_size(x->world);
    const int64_t n = x->corpus->n_tokens,
                  end = n / size * (rank + 1) + n % size * (rank + 1) / size;
    int64_t begin = n / size * rank + n % size * rank / size, to = begin;
    status s = status_ok();
    do {
        if (begin < end)
            s = chunk_end(x, begin, end, &to);
        if (!s.code)
            s = count_chunk(x, begin, to);
        begin = to;
    } while (begin < end && !s.code);
    return s;
}

/* ---- rows that have all their counts */

static int64_t count_diagonal(const cooc_matrix *m) {
    int64_t n = 0;
    for (int64_t i = m->begin; i < m->end; i++) {
        const int64_t end = m->offsets[i - m->begin + 1];
        n += end > m->offsets[i - m->begin] && m->columns[end - 1] == i;
    }
    return n;
}

/* Collective. The matrix, of the next rows of all ranks, takes its place in the counts. */
static void add_rows(cooc_counts *y, const cooc_matrix *m, const comm *world, int64_t *first) {
    const int64_t cells = cooc_matrix_cells(m), all = comm_sum(world, cells);
    *first = y->n_cells + comm_sum_before(world, cells);
    y->n_cells += all;
    y->n_nonzeros += 2 * all - comm_sum(world, count_diagonal(m));
    y->wide = y->wide || comm_max(world, m->n_high) > 0;
}

static status add_piece(cooc_counts *y, const cooc_piece *piece) {
    status s = mem_grow(&y->pieces, &y->pieces_room, (size_t)y->n_pieces + 1, sizeof *y->pieces,
                        "pieces of the counts");
    if (!s.code)
        y->pieces[y->n_pieces++] = *piece;
    return s;
}

static status cut_pieces(cooc_counts *y, int64_t first) {
    const cooc_matrix *m = &y->matrix;
    const int64_t *offsets = m->offsets, n = m->end - m->begin;
    status s = status_ok();
    for (int64_t row = 0, end; row < n && !s.code; row = end) {
        end = row + 1;
        while (end < n && offsets[end + 1] - offsets[row] <= PIECE_CELLS)
            end++;
        s = add_piece(y, &(cooc_piece){.begin = m->begin + row,
                                       .end = m->begin + end,
                                       .first = first + offsets[row],
                                       .cells = offsets[end] - offsets[row]});
    }
    return s;
}

/* Collective. All ranks have their counts in memory. */
static status share_memory(counting *x, cooc_counts *y) {
    int64_t first = 0;
    y->matrix = x->store.held;
    x->store.held = (cooc_matrix){0};
    status s = cooc_share(&y->matrix, x->world);
    if (s.code)
        return s;
    add_rows(y, &y->matrix, x->world, &first);
    return comm_agree(x->world, cut_pieces(y, first));
}

/* Rows from `row` on with at most so many cells, or one row. */
static int64_t rows_end(const int64_t *cells, int64_t row, int64_t n, int64_t most) {
    int64_t end = row + 1, sum = cells[row];
    while (end < n && sum + cells[end] <= most)
        sum += cells[end++];
    return end;
}

/* Collective. Rows [begin, end), of at most so many cells here, from the runs to their owners. */
static status share_block(counting *x, cooc_counts *y, cooc_merge *merge, int64_t begin,
                          int64_t end, int64_t cells) {
    cooc_matrix m;
    cooc_piece piece;
    status s = stop_agree(x->world, cooc_merge_read(merge, begin, end, cells, &m), COUNTING);
    if (!s.code)
        s = cooc_share(&m, x->world);
    if (!s.code) {
        add_rows(y, &m, x->world, &piece.first);
        piece.begin = m.begin;
        piece.end = m.end;
        piece.cells = cooc_matrix_cells(&m);
        s = cooc_run_write(&y->run, &m);
        if (!s.code && m.end > m.begin)
            s = add_piece(y, &piece);
        s = comm_agree(x->world, s);
    }
    cooc_matrix_clear(&m);
    return s;
}

/* Collective. mine[V]: cells of the rows here, all[V]: of all ranks. */
static status share_blocks(counting *x, cooc_counts *y, cooc_merge *merge, const int64_t *mine,
                           const int64_t *all) {
    const int64_t n = x->store.n_words;
    const int64_t most = comm_min(x->world, x->budget.store / 16);
    status s = status_ok();
    for (int64_t row = 0, end; row < n && !s.code; row = end) {
        int64_t cells = 0;
        end = rows_end(mine, row, n, most);
        const int64_t fair = rows_end(all, row, n, most * comm_size(x->world));
        end = comm_min(x->world, end < fair ? end : fair);
        for (int64_t i = row; i < end; i++)
            cells += mine[i];
        s = share_block(x, y, merge, row, end, cells);
        report(x, 0, x->corpus->n_tokens, n + row, 2 * n);
    }
    return s;
}

/* Collective. Some ranks have spilled: all do, and the rows are shared out block by block. */
static status share_runs(counting *x, cooc_counts *y) {
    cooc_store *store = &x->store;
    cooc_merge *merge = NULL;
    int64_t *all = NULL;
    status s = cooc_store_spill(store);
    if (!s.code)
        s = cooc_merge_open(&merge, store->runs, store->n_runs, store->n_words, store->denominator);
    if (!s.code)
        s = cooc_run_open(&y->run, store->folder);
    if (!s.code)
        s = mem_new(&all, (size_t)store->n_words, sizeof *all, "sizes of rows");
    s = comm_agree(x->world, s);
    for (int64_t i = 0; i < store->n_words && !s.code; i++)
        all[i] = store->cells[i] = store->cells[i] < i + 1 ? store->cells[i] : i + 1;
    if (!s.code) {
        comm_sum_all(x->world, all, store->n_words);
        s = share_blocks(x, y, merge, store->cells, all);
    }
    if (!s.code)
        s = comm_agree(x->world, cooc_run_finish(&y->run));
    cooc_merge_close(&merge);
    mem_free(&all);
    return s;
}

/* ---- all of it */

static status count_and_share(counting *x, cooc_counts *y) {
    status s = stop_agree(x->world, count_part(x), COUNTING);
    if (s.code)
        return s;
    const bool spilled = comm_max(x->world, x->store.n_runs) > 0;
    s = spilled ? share_runs(x, y) : share_memory(x, y);
    y->spilled = comm_sum(x->world, x->store.spilled + y->run.bytes);
    y->chunks = comm_sum(x->world, x->chunks);
    return s;
}

status cooc_count(cooc_counts *y, const corpus_file *corpus, const options *o, const char *scratch,
                  const comm *world) {
    counting x = {.corpus = corpus,
                  .world = world,
                  .n_threads = common_threads(o),
                  .last_line = clock_seconds()};
    *y = (cooc_counts){.run = {.fd = -1}};
    cooccur_rule_init(&x.rule, (int)o->window, (cooccur_weighting)o->weighting);
    status s = check_corpus(&x);
    if (!s.code)
        s = set_budget(&x, o);
    y->n_words = corpus->words.n;
    y->denominator = x.rule.denominator;
    x.store = (cooc_store){.folder = scratch,
                           .budget = x.budget.store,
                           .n_words = corpus->words.n,
                           .denominator = x.rule.denominator};
    s = comm_agree(world, s);
    if (!s.code)
        s = count_and_share(&x, y);
    cooc_store_clear(&x.store);
    if (s.code)
        cooc_counts_clear(y);
    return s;
}

void cooc_counts_clear(cooc_counts *y) {
    cooc_matrix_clear(&y->matrix);
    cooc_run_close(&y->run);
    mem_free(&y->pieces);
    *y = (cooc_counts){.run = {.fd = -1}};
}

/* ---- reading what was counted */

status cooc_pieces_open(cooc_pieces *p, const cooc_counts *y) {
    *p = (cooc_pieces){.counts = y};
    return y->run.fd < 0 ? status_ok()
                         : cooc_merge_open(&p->merge, &y->run, 1, y->n_words, y->denominator);
}

status cooc_pieces_next(cooc_pieces *p, const cooc_matrix **rows, int64_t *first) {
    const cooc_counts *y = p->counts;
    cooc_matrix_clear(&p->rows);
    *rows = &p->rows;
    *first = 0;
    if (p->next == y->n_pieces)
        return status_ok();
    const cooc_piece *piece = &y->pieces[p->next++];
    *first = piece->first;
    if (p->merge)
        return cooc_merge_read(p->merge, piece->begin, piece->end, piece->cells, &p->rows);
    return cooc_matrix_slice(&p->rows, &y->matrix, piece->begin, piece->end);
}

void cooc_pieces_close(cooc_pieces *p) {
    cooc_matrix_clear(&p->rows);
    cooc_merge_close(&p->merge);
}
