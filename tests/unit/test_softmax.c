// SPDX-License-Identifier: Apache-2.0
/* Full softmax against its definition in double: loss, gradient, blocks, parts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "random.h"
#include "softmax.h"
#include "support.h"

enum { N_WORDS = 5003, N_TOKENS = 300, DIM = 20, WINDOW = 3, MOST_PARTS = 4 };
static const size_t WIDTH = 32;
static const uint64_t KEY = 77;

typedef struct {
    int32_t tokens[N_TOKENS];
    int64_t documents[4];
    int64_t counts[N_WORDS];
    corpus_view view;
    sampler sampler;
    float *in, *out; /* [N_WORDS, WIDTH] */
} fixture;

/* Tokens prefer small ids, so that words repeat; rows have scores of a few units. */
static void make(fixture *f) {
    memset(f, 0, sizeof *f);
    for (int i = 0; i < N_TOKENS; i++) {
        const double u = random_unit(random_at(1, (uint64_t)i));
        f->tokens[i] = (int32_t)(u * u * u * N_WORDS);
        f->counts[f->tokens[i]]++;
    }
    memcpy(f->documents, (int64_t[]){0, 120, 121, N_TOKENS}, sizeof f->documents);
    f->view = (corpus_view){.tokens = f->tokens,
                            .begin = 0,
                            .end = N_TOKENS,
                            .documents = f->documents,
                            .n_documents = 3};
    CU_ASSERT_EQUAL_FATAL(sampler_create(&f->sampler, f->counts, N_WORDS, 0, .75).code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&f->in, N_WORDS * WIDTH, sizeof(float), "rows").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&f->out, N_WORDS * WIDTH, sizeof(float), "rows").code, 0);
    for (size_t i = 0; i < N_WORDS; i++)
        for (size_t k = 0; k < DIM; k++) {
            f->in[i * WIDTH + k] = (float)(random_unit(random_at(2 + i, k)) - .5) * 2;
            f->out[i * WIDTH + k] = (float)(random_unit(random_at(9999 + i, k)) - .5) * 2;
        }
}

static void clear(fixture *f) {
    sampler_clear(&f->sampler);
    mem_free(&f->in);
    mem_free(&f->out);
}

static softmax_settings settings_of(int64_t begin, int64_t end, int64_t batch, kernels_isa isa) {
    return (softmax_settings){.n_words = N_WORDS,
                              .begin = begin,
                              .end = end,
                              .dim = DIM,
                              .window = WINDOW,
                              .n_stretches = 2,
                              .n_tokens = batch,
                              .n_threads = 1,
                              .kernel = kernels_get(isa)};
}

/* One step of the tokens [0, N_TOKENS) with the words cut in n_parts; returns the loss. */
static double step(fixture *f, int n_parts, int64_t batch, float rate, kernels_isa isa,
                   int64_t *pairs) {
    softmax *parts[MOST_PARTS] = {NULL};
    static double lse[MOST_PARTS][N_TOKENS], joined[MOST_PARTS * N_TOKENS], all[N_TOKENS];
    float *sum = NULL, *other;
    double loss = 0;
    const minibatch *b = NULL;
    for (int p = 0; p < n_parts; p++) {
        const int64_t begin = N_WORDS * p / n_parts, end = N_WORDS * (p + 1) / n_parts;
        const softmax_settings s = settings_of(begin, end, batch, isa);
        CU_ASSERT_EQUAL_FATAL(softmax_create(&parts[p], &s).code, STATUS_OK);
        minibatch *now = softmax_begin(parts[p]);
        minibatch_add(now, &f->view, 0, 100, &f->sampler, KEY);
        minibatch_add(now, &f->view, 100, N_TOKENS, &f->sampler, KEY);
        softmax_fetch(parts[p], f->in);
        b = now;
        loss -= softmax_score(parts[p], f->out + (size_t)begin * WIDTH, lse[p]);
    }
    for (int p = 0; p < n_parts; p++)
        memcpy(joined + p * b->n_rows, lse[p], (size_t)b->n_rows * sizeof(double));
    loss += softmax_join(parts[0], joined, n_parts, all);
    for (int p = 0; p < n_parts; p++) {
        const size_t begin = (size_t)(N_WORDS * p / n_parts);
        other = softmax_step(parts[p], f->out + begin * WIDTH, all, rate);
        for (size_t i = 0; p > 0 && i < (size_t)b->n_rows * WIDTH; i++)
            sum[i] += other[i];
        sum = p ? sum : other;
    }
    *pairs = b->n_pairs;
    softmax_apply(parts[0], f->in, 0, b->n_rows / 2, rate);
    softmax_apply(parts[0], f->in, b->n_rows / 2, b->n_rows, rate);
    for (int p = 0; p < n_parts; p++)
        softmax_destroy(&parts[p]);
    return loss;
}

static double score(const fixture *f, int32_t input, int32_t target) {
    double x = 0;
    for (size_t k = 0; k < DIM; k++)
        x += (double)f->in[(size_t)input * WIDTH + k] * (double)f->out[(size_t)target * WIDTH + k];
    return x;
}

/* -log softmax of each pair of skip-gram, one after the other, from its definition. lse: cache. */
static double loss_of(const fixture *f, int64_t *pairs) {
    double loss = 0;
    static double lse[N_WORDS];
    memset(lse, 0, sizeof lse);
    *pairs = 0;
    for (int c = 0; c < N_TOKENS; c++) {
        const int width = 1 + (int)random_below(random_at(KEY, (uint64_t)c), WINDOW);
        for (int i = c - width; i <= c + width; i++) {
            if (i < 0 || i >= N_TOKENS || i == c || (i < 120) != (c < 120) ||
                (i < 121) != (c < 121))
                continue;
            const int32_t input = f->tokens[i];
            double sum = 0;
            for (int32_t v = 0; lse[input] == 0 && v < N_WORDS; v++)
                sum += exp(score(f, input, v));
            lse[input] = sum > 0 ? log(sum) : lse[input];
            loss += lse[input] - score(f, input, f->tokens[c]);
            ++*pairs;
        }
    }
    return loss;
}

static void the_loss_is_that_of_every_pair_of_skip_gram(void) {
    static fixture f;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        int64_t pairs, expected_pairs;
        if (!kernels_get(isa))
            continue;
        make(&f);
        const double expected = loss_of(&f, &expected_pairs);
        CU_ASSERT_DOUBLE_EQUAL(step(&f, 1, N_TOKENS, 0, isa, &pairs), expected, 1e-6 * expected);
        CU_ASSERT_EQUAL(pairs, expected_pairs);
        clear(&f);
    }
}

static double slope(fixture *f, float *at) {
    const float h = 0x1p-7f, before = *at;
    int64_t pairs;
    *at = before + h;
    const double up = loss_of(f, &pairs);
    *at = before - h;
    const double down = loss_of(f, &pairs);
    *at = before;
    return (up - down) / (2 * (double)h);
}

static void steps_follow_finite_differences(void) {
    static fixture f, after;
    static const int32_t unseen = N_WORDS - 1;
    const float rate = 1e-3f;
    int64_t pairs;
    make(&f);
    make(&after);
    step(&after, 1, N_TOKENS, rate, ISA_AUTO, &pairs);
    const int32_t words[] = {f.tokens[0], f.tokens[120], f.tokens[299], f.tokens[7], unseen};
    for (int w = 0; w < 5; w++)
        for (int side = 0; side < 2; side++) {
            const size_t at = (size_t)words[w] * WIDTH + (size_t)(3 * w);
            float *here = (side ? f.out : f.in) + at;
            const float now = (side ? after.out : after.in)[at];
            const double gradient = slope(&f, here);
            CU_ASSERT_DOUBLE_EQUAL(((double)*here - (double)now) / (double)rate, gradient,
                                   2e-3 * (1 + fabs(gradient)));
        }
    clear(&f);
    clear(&after);
}

static double difference(const fixture *a, const fixture *b) {
    double most = 0;
    for (size_t i = 0; i < N_WORDS * WIDTH; i++) {
        most = fmax(most, fabs((double)a->in[i] - (double)b->in[i]));
        most = fmax(most, fabs((double)a->out[i] - (double)b->out[i]));
    }
    return most;
}

static void parts_of_the_vocabulary_join_to_the_whole(void) {
    static fixture whole, cut;
    int64_t pairs;
    make(&whole);
    const double loss = step(&whole, 1, N_TOKENS, .01f, ISA_AUTO, &pairs);
    for (int n = 2; n <= MOST_PARTS; n++) {
        make(&cut);
        CU_ASSERT_DOUBLE_EQUAL(step(&cut, n, N_TOKENS, .01f, ISA_AUTO, &pairs), loss, 1e-6 * loss);
        CU_ASSERT(difference(&whole, &cut) < 1e-5);
        clear(&cut);
    }
    clear(&whole);
}

/* Room for so many rows that only one block of scores can be kept. */
static void scores_made_again_give_the_same_bits(void) {
    static fixture kept, again;
    const int64_t large = 1 << 14;
    int64_t pairs;
    const softmax_settings s = settings_of(0, N_WORDS, large, ISA_AUTO);
    CU_ASSERT((double)softmax_most_rows(&s) * N_WORDS * sizeof(float) > SOFTMAX_SCORE_BYTES);
    make(&kept);
    make(&again);
    const double loss = step(&kept, 1, N_TOKENS, .01f, ISA_AUTO, &pairs);
    CU_ASSERT_EQUAL(step(&again, 1, large, .01f, ISA_AUTO, &pairs), loss);
    CU_ASSERT_EQUAL(difference(&kept, &again), 0);
    clear(&kept);
    clear(&again);
}

static void columns_behind_dim_stay_zero(void) {
    static fixture f;
    int64_t pairs;
    make(&f);
    step(&f, 1, N_TOKENS, .01f, ISA_AUTO, &pairs);
    int64_t others = 0;
    for (size_t i = 0; i < N_WORDS; i++)
        for (size_t k = DIM; k < WIDTH; k++)
            others += f.in[i * WIDTH + k] != 0 || f.out[i * WIDTH + k] != 0;
    CU_ASSERT_EQUAL(others, 0);
    clear(&f);
}

static void a_number_that_is_not_one_is_seen_in_the_loss(void) {
    static fixture f;
    int64_t pairs;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        if (!kernels_get(isa))
            continue;
        make(&f);
        f.out[(N_WORDS - 1) * WIDTH] = NAN;
        CU_ASSERT(!isfinite(step(&f, 2, N_TOKENS, 0, isa, &pairs)));
        clear(&f);
    }
}

static void refused_memory_is_reported_and_nothing_stays(void) {
    const softmax_settings s = settings_of(0, N_WORDS, N_TOKENS, ISA_AUTO);
    const int64_t before = mem_live_blocks();
    softmax *m = NULL;
    int k = 0;
    for (mem_refuse_after(k); softmax_create(&m, &s).code == STATUS_SPACE; mem_refuse_after(++k))
        CU_ASSERT_EQUAL(mem_live_blocks(), before);
    mem_refuse_after(-1);
    CU_ASSERT(k >= 5);
    softmax_destroy(&m);
    CU_ASSERT_EQUAL(mem_live_blocks(), before);
}

int main(void) {
    static const test_case cases[] = {
        {"the_loss_is_that_of_every_pair_of_skip_gram",
         the_loss_is_that_of_every_pair_of_skip_gram},
        {"steps_follow_finite_differences", steps_follow_finite_differences},
        {"parts_of_the_vocabulary_join_to_the_whole", parts_of_the_vocabulary_join_to_the_whole},
        {"scores_made_again_give_the_same_bits", scores_made_again_give_the_same_bits},
        {"columns_behind_dim_stay_zero", columns_behind_dim_stay_zero},
        {"a_number_that_is_not_one_is_seen_in_the_loss",
         a_number_that_is_not_one_is_seen_in_the_loss},
        {"refused_memory_is_reported_and_nothing_stays",
         refused_memory_is_reported_and_nothing_stays},
    };
    return test_run("softmax", cases, sizeof cases / sizeof *cases, 0);
}
