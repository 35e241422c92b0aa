// SPDX-License-Identifier: Apache-2.0
/* Skip-gram by strata: pairs of a stretch of the corpus, sorted into buckets, and a bucket in
 * training. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "pair_bucket.h"
#include "support.h"

enum { WORDS = 50, TOKENS = 9000, WINDOW = 4, K = 3, DIM = 20 };
static const double SAMPLE = 2e-3;
static const uint64_t KEY = 77;
static const int64_t ORIGIN = -3;

static int64_t counts[WORDS];
static int32_t tokens[TOKENS];
static const int64_t documents[] = {0, 10, 10, 700, 701, 3000, TOKENS};
enum { DOCUMENTS = sizeof documents / sizeof *documents - 1 };

/* A corpus may be behind more than 2^32 tokens. */
static const int64_t FAR = (INT64_C(1) << 33) + 12345;

typedef struct {
    sampler sampler;
    strata in, out; /* groups */
    corpus_view view;
    int64_t base, documents[DOCUMENTS + 1]; /* the place of the first token; of the documents */
} world;

static void move_world(world *w, int64_t base) {
    w->base = base;
    for (int d = 0; d <= DOCUMENTS; d++)
        w->documents[d] = base + documents[d];
    w->view = (corpus_view){tokens, base, base + TOKENS, w->documents, DOCUMENTS};
}

static void make_world(world *w) {
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < TOKENS; i++) {
        const double u = random_unit(random_at(7, (uint64_t)i));
        tokens[i] = (int32_t)(u * u * u * WORDS);
        counts[tokens[i]]++;
    }
    CU_ASSERT_EQUAL_FATAL(sampler_create(&w->sampler, counts, WORDS, SAMPLE, 0.75).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(strata_create(&w->in, WORDS, K, counts, 5).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(strata_create(&w->out, WORDS, K, counts, 5).code, STATUS_OK);
    strata_deal(&w->out, 8);
    move_world(w, 0);
}

static void clear_world(world *w) {
    sampler_clear(&w->sampler);
    strata_clear(&w->in);
    strata_clear(&w->out);
}

static pair_job job_of(const world *w, int64_t begin, int64_t end) {
    return (pair_job){&w->view, &w->sampler,     &w->in,        &w->out,
                      KEY,      w->base + begin, w->base + end, w->base + ORIGIN};
}

static status draw(const world *w, int n_threads, int64_t begin, int64_t end, int64_t *starts,
                   word_pair **pairs) {
    pair_sorter *p;
    const pair_job job = job_of(w, begin, end);
    *pairs = NULL;
    status s = pair_sorter_create(&p, K, n_threads, WINDOW);
    if (s.code)
        return s;
    pair_sorter_count(p, &job, starts);
    s = mem_new(pairs, (size_t)starts[K * K] + 1, sizeof **pairs, "pairs");
    if (!s.code)
        pair_sorter_fill(p, &job, *pairs);
    pair_sorter_destroy(&p);
    return s;
}

/* The pairs of a bucket from the definition, in the order of the corpus; returns how many. */
static int64_t naive_bucket(const world *w, int a, int b, word_pair *out) {
    static int64_t kept[TOKENS];
    int64_t n = 0;
    for (int d = 0; d < DOCUMENTS; d++) {
        int k = 0;
        for (int64_t p = documents[d]; p < documents[d + 1]; p++)
            if (sampler_keeps(&w->sampler, tokens[p], random_at(KEY, (uint64_t)(w->base + p))))
                kept[k++] = p;
        for (int i = 0; i < k; i++) {
            const uint64_t place = (uint64_t)(w->base + kept[i]);
            const int width = 1 + (int)random_below(random_at(KEY, place), WINDOW);
            const int32_t centre = tokens[kept[i]];
            for (int j = i - width; j <= i + width; j++) {
                if (j < 0 || j >= k || j == i)
                    continue;
                const int32_t word = tokens[kept[j]];
                if (w->in.group[word] == a && w->out.group[centre] == b)
                    out[n++] = (word_pair){w->in.place[word], w->out.place[centre],
                                           (uint32_t)(kept[i] - ORIGIN)};
            }
        }
    }
    return n;
}

static void buckets_hold_the_pairs_of_the_windows_in_order(void) {
    static word_pair naive[2 * WINDOW * TOKENS];
    static const int threads[] = {1, 2, 5, 5};
    world w;
    make_world(&w);
    for (size_t c = 0; c < sizeof threads / sizeof *threads; c++) {
        move_world(&w, c < 3 ? 0 : FAR);
        int64_t starts[K * K + 1] = {0};
        word_pair *pairs;
        CU_ASSERT_EQUAL_FATAL(draw(&w, threads[c], 0, TOKENS, starts, &pairs).code, STATUS_OK);
        for (int bucket = 0; bucket < K * K; bucket++) {
            const int64_t n = naive_bucket(&w, bucket / K, bucket % K, naive);
            CU_ASSERT_EQUAL_FATAL(starts[bucket + 1] - starts[bucket], n);
            CU_ASSERT(!memcmp(pairs + starts[bucket], naive, (size_t)n * sizeof *naive));
        }
        mem_free(&pairs);
    }
    clear_world(&w);
}

static void stretches_together_have_the_pairs_of_the_whole(void) {
    static const int64_t cuts[] = {0, 1, 703, 703, 4000, TOKENS};
    world w;
    int64_t whole[K * K + 1] = {0}, starts[K * K + 1] = {0}, next[K * K];
    word_pair *all, *part;
    make_world(&w);
    CU_ASSERT_EQUAL_FATAL(draw(&w, 2, 0, TOKENS, whole, &all).code, STATUS_OK);
    memcpy(next, whole, sizeof next);
    for (size_t c = 0; c + 1 < sizeof cuts / sizeof *cuts; c++) {
        CU_ASSERT_EQUAL_FATAL(draw(&w, 2, cuts[c], cuts[c + 1], starts, &part).code, STATUS_OK);
        for (int bucket = 0; bucket < K * K; bucket++)
            for (int64_t i = starts[bucket]; i < starts[bucket + 1]; i++, next[bucket]++)
                CU_ASSERT(!memcmp(&all[next[bucket]], &part[i], sizeof *part));
        mem_free(&part);
    }
    CU_ASSERT(!memcmp(next, whole + 1, sizeof next));
    mem_free(&all);
    clear_world(&w);
}

static void a_view_tells_whether_it_holds_all_contexts(void) {
    world w;
    make_world(&w);
    CU_ASSERT(window_is_whole(&w.view, 0, TOKENS, &w.sampler, WINDOW, KEY));
    for (int64_t margin = 0; margin < 200; margin++) {
        const int64_t begin = 4000, end = 4100;
        const corpus_view part = {tokens + begin - margin, begin - margin, end + margin,
                                  documents + 5, 1};
        int before = 0, after = 0;
        for (int64_t p = begin - margin + 1; p < begin; p++)
            before += sampler_keeps(&w.sampler, tokens[p], random_at(KEY, (uint64_t)p));
        for (int64_t p = end; p < end + margin; p++)
            after += sampler_keeps(&w.sampler, tokens[p], random_at(KEY, (uint64_t)p));
        CU_ASSERT_EQUAL(window_is_whole(&part, begin, end, &w.sampler, WINDOW, KEY),
                        before >= WINDOW && after >= WINDOW);
    }
    const corpus_view document = {tokens + 700, 700, 701, documents + 3, 1};
    CU_ASSERT(window_is_whole(&document, 700, 701, &w.sampler, WINDOW, KEY));
    clear_world(&w);
}

/* ---- a bucket in training */

static const loop_settings SETTINGS = {
    .window = WINDOW, .negative = 5, .pool = 16, .pool_reuse = 20, .dim = DIM};

typedef struct {
    pair_bucket b;
    sampler negatives;
    float *in, *out;
    int64_t n_in, n_out;
} bench;

static void make_bench(bench *x, const world *w, int a, int b, const kernels *kernel,
                       const word_pair *pairs, const int64_t *offsets) {
    static int64_t group_counts[WORDS];
    const size_t width = row_width(DIM);
    const int64_t n_out = x->n_out = strata_size(&w->out, b);
    x->n_in = strata_size(&w->in, a);
    for (int64_t i = 0; i < n_out; i++)
        group_counts[i] = counts[w->out.by_id[w->out.first[b] + i]];
    CU_ASSERT_FATAL(!sampler_create(&x->negatives, group_counts, (int32_t)n_out, 0, 0.75).code);
    CU_ASSERT_FATAL(!mem_new(&x->in, (size_t)x->n_in * width, sizeof(float), "rows").code);
    CU_ASSERT_FATAL(!mem_new(&x->out, (size_t)n_out * width, sizeof(float), "rows").code);
    for (int64_t i = 0; i < x->n_in; i++)
        for (int k = 0; k < DIM; k++)
            x->in[(size_t)i * width + (size_t)k] =
                (float)random_unit(random_at(3, (uint64_t)(i * DIM + k))) - .5F;
    x->b = (pair_bucket){.settings = &SETTINGS,
                         .kernel = kernel,
                         .negatives = &x->negatives,
                         .in = x->in,
                         .out = x->out,
                         .pairs = pairs,
                         .offsets = offsets,
                         .stride = 1,
                         .n_parts = 1,
                         .rate = .05F,
                         .turns = .1,
                         .negatives_key = 12};
}

static void clear_bench(bench *x) {
    sampler_clear(&x->negatives);
    mem_free(&x->in);
    mem_free(&x->out);
}

static double train(const bench *x) {
    pair_worker *w;
    CU_ASSERT_FATAL(!pair_worker_create(&w, &SETTINGS).code);
    const double loss = pair_bucket_train(&x->b, w);
    pair_worker_destroy(&w);
    return loss;
}

/* A kernel that moves nothing: it compares what it is given with the pairs of the bucket, and notes
 * the negatives of each window. */
static struct {
    const bench *x;
    const word_pair *next, *end;
    int32_t negatives[TOKENS + 10][6]; /* by window; -1 where there is none */
    int64_t n_shared;
} noted;

static void note_negatives(const logistic_window *w, uint32_t window) {
    int32_t *before = noted.negatives[window];
    const bool first = before[0] < 0;
    before[0] = w->n_out;
    for (int j = 1; j < w->n_out; j++) {
        const int32_t place = (int32_t)((size_t)(w->out[j] - noted.x->out) / row_width(DIM));
        CU_ASSERT(first || before[j] == place);
        before[j] = place;
        CU_ASSERT_EQUAL(w->labels[j], 0);
        for (int i = 0; i < j; i++)
            CU_ASSERT_PTR_NOT_EQUAL(w->out[i], w->out[j]);
    }
    noted.n_shared += !first;
}

static void note(const logistic_window *w) {
    const size_t width = row_width(DIM);
    const word_pair *first = noted.next;
    CU_ASSERT_FATAL(w->n_in >= 1 && w->n_in <= noted.end - first);
    CU_ASSERT(w->labels[0] == 1);
    for (int i = 0; i < w->n_in; i++, noted.next++) {
        CU_ASSERT_EQUAL(noted.next->window, first->window);
        CU_ASSERT_PTR_EQUAL(w->in[i], noted.x->in + (size_t)noted.next->in * width);
        CU_ASSERT_PTR_EQUAL(w->out[0], noted.x->out + (size_t)noted.next->out * width);
    }
    CU_ASSERT(noted.next == noted.end || noted.next->window != first->window);
    note_negatives(w, first->window);
}

static void do_nothing(const logistic_window *w) {
    (void)w;
}

static void windows_are_trained_whole_with_the_same_negatives_in_every_bucket(void) {
    const kernels kernel = {.score = note, .update = do_nothing};
    world w;
    int64_t starts[K * K + 1] = {0};
    word_pair *pairs;
    make_world(&w);
    CU_ASSERT_EQUAL_FATAL(draw(&w, 1, 0, TOKENS, starts, &pairs).code, STATUS_OK);
    memset(&noted, 0, sizeof noted);
    memset(noted.negatives, -1, sizeof noted.negatives);
    for (int bucket = 0; bucket < K * K; bucket++) {
        bench x;
        make_bench(&x, &w, bucket / K, bucket % K, &kernel, pairs, starts + bucket);
        noted.x = &x;
        noted.next = pairs + starts[bucket];
        noted.end = pairs + starts[bucket + 1];
        train(&x);
        CU_ASSERT_PTR_EQUAL(noted.next, noted.end);
        clear_bench(&x);
    }
    CU_ASSERT(noted.n_shared > TOKENS / 10);
    mem_free(&pairs);
    clear_world(&w);
}

/* Rows in another order, which the bucket is told. */
static void rows_may_lie_anywhere(void) {
    static int32_t rows[WORDS];
    world w;
    bench here, there;
    int64_t starts[K * K + 1] = {0};
    word_pair *pairs;
    make_world(&w);
    CU_ASSERT_EQUAL_FATAL(draw(&w, 1, 0, TOKENS, starts, &pairs).code, STATUS_OK);
    make_bench(&here, &w, 1, 1, kernels_get(ISA_AUTO), pairs, starts + K + 1);
    make_bench(&there, &w, 1, 1, kernels_get(ISA_AUTO), pairs, starts + K + 1);
    for (int64_t i = 0; i < there.n_out; i++)
        rows[i] = (int32_t)(there.n_out - 1 - i);
    there.b.out_rows = rows;
    const size_t width = row_width(DIM);
    CU_ASSERT_EQUAL(train(&here), train(&there));
    CU_ASSERT(!memcmp(here.in, there.in, (size_t)here.n_in * width * sizeof(float)));
    for (int64_t i = 0; i < here.n_out; i++)
        CU_ASSERT(!memcmp(here.out + (size_t)i * width, there.out + (size_t)rows[i] * width,
                          width * sizeof(float)));
    clear_bench(&here);
    clear_bench(&there);
    mem_free(&pairs);
    clear_world(&w);
}

static void parts_of_a_bucket_change_no_bit(void) {
    world w;
    bench one, three;
    int64_t starts[K * K + 1] = {0};
    word_pair *pairs;
    make_world(&w);
    CU_ASSERT_EQUAL_FATAL(draw(&w, 1, 0, TOKENS, starts, &pairs).code, STATUS_OK);
    const int64_t cuts[] = {starts[1], starts[1] + 5, starts[1] + 5, starts[2]};
    make_bench(&one, &w, 0, 1, kernels_get(ISA_AUTO), pairs, starts + 1);
    make_bench(&three, &w, 0, 1, kernels_get(ISA_AUTO), pairs, cuts);
    three.b.n_parts = 3;
    const size_t width = row_width(DIM) * sizeof(float);
    CU_ASSERT_EQUAL(train(&one), train(&three));
    CU_ASSERT(!memcmp(one.in, three.in, (size_t)one.n_in * width));
    CU_ASSERT(!memcmp(one.out, three.out, (size_t)one.n_out * width));
    clear_bench(&one);
    clear_bench(&three);
    mem_free(&pairs);
    clear_world(&w);
}

static void training_lowers_the_loss_of_a_bucket(void) {
    world w;
    bench x;
    int64_t starts[K * K + 1] = {0};
    word_pair *pairs;
    make_world(&w);
    CU_ASSERT_EQUAL_FATAL(draw(&w, 1, 0, TOKENS, starts, &pairs).code, STATUS_OK);
    make_bench(&x, &w, 1, 2, kernels_get(ISA_PORTABLE), pairs, starts + K + 2);
    const double n = (double)(starts[K + 3] - starts[K + 2]), first = train(&x);
    /* From contexts of zero each product loses log 2, at first. */
    CU_ASSERT(first > 0.5 * n * 6 * log(2) && first < n * 6 * log(2) * 1.1);
    CU_ASSERT(train(&x) < first);
    clear_bench(&x);
    mem_free(&pairs);
    clear_world(&w);
}

static status everything(void *context) {
    pair_worker *worker = NULL;
    pair_sorter *p = NULL;
    (void)context;
    status s = pair_sorter_create(&p, K, 2, WINDOW);
    if (!s.code)
        s = pair_worker_create(&worker, &SETTINGS);
    pair_sorter_destroy(&p);
    pair_worker_destroy(&worker);
    return s;
}

static void every_allocation_may_be_refused(void) {
    CU_ASSERT(test_each_refusal(everything, NULL) > 10);
    CU_ASSERT_EQUAL(mem_live_blocks(), 0);
}

int main(void) {
    static const test_case cases[] = {
        {"buckets_hold_the_pairs_of_the_windows_in_order",
         buckets_hold_the_pairs_of_the_windows_in_order},
        {"stretches_together_have_the_pairs_of_the_whole",
         stretches_together_have_the_pairs_of_the_whole},
        {"a_view_tells_whether_it_holds_all_contexts", a_view_tells_whether_it_holds_all_contexts},
        {"windows_are_trained_whole_with_the_same_negatives_in_every_bucket",
         windows_are_trained_whole_with_the_same_negatives_in_every_bucket},
        {"rows_may_lie_anywhere", rows_may_lie_anywhere},
        {"parts_of_a_bucket_change_no_bit", parts_of_a_bucket_change_no_bit},
        {"training_lowers_the_loss_of_a_bucket", training_lowers_the_loss_of_a_bucket},
        {"every_allocation_may_be_refused", every_allocation_may_be_refused},
    };
    return test_run("pairs", cases, sizeof cases / sizeof *cases, 0);
}
