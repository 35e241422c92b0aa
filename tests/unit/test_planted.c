// SPDX-License-Identifier: Apache-2.0
/* The planted text: what it promises about words, counts and contexts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "planted.h"
#include "support.h"

enum { TOKENS = 2000000, VOCAB = 4000, PERIODS = 3 };

static planted *make(int64_t tokens, int32_t vocab, int periods, int32_t drift, uint64_t seed) {
    const planted_options o = {tokens, vocab, periods, drift, seed};
    planted *p = NULL;
    const status s = planted_create(&p, &o);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    return p;
}

static int64_t *new_counts(void) {
    int64_t *counts = NULL;
    CU_ASSERT_EQUAL(mem_new(&counts, VOCAB, sizeof *counts, "counts").code, STATUS_OK);
    return counts;
}

/* Occurrences of each word in the text of the plan's period. */
static void count_words(const planted *p, int64_t tokens, int64_t *counts) {
    int32_t words[PLANTED_LONGEST];
    memset(counts, 0, VOCAB * sizeof *counts);
    for (int64_t d = 0; tokens > 0; d++) {
        const int n = planted_document(p, d, words);
        for (int i = 0; i < n && tokens > 0; i++, tokens--)
            counts[words[i]]++;
    }
}

static int compare_down(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

static void same_options_same_text(void) {
    planted *a = make(TOKENS, VOCAB, PERIODS, 40, 7), *b = make(TOKENS, VOCAB, PERIODS, 40, 7);
    int32_t x[PLANTED_LONGEST], y[PLANTED_LONGEST];
    planted_set_period(b, 3);
    planted_set_period(b, 1);
    for (int64_t d = 999; d >= 0; d--) {
        const int n = planted_document(a, d, x);
        CU_ASSERT_EQUAL_FATAL(planted_document(b, d, y), n);
        CU_ASSERT_EQUAL_FATAL(memcmp(x, y, (size_t)n * sizeof *x), 0);
    }
    planted_destroy(&a);
    planted_destroy(&b);
}

static int count_equal_documents(const planted *a, const planted *b) {
    int32_t x[PLANTED_LONGEST], y[PLANTED_LONGEST];
    int equal = 0;
    for (int64_t d = 0; d < 100; d++) {
        const int n = planted_document(a, d, x);
        equal += planted_document(b, d, y) == n && !memcmp(x, y, (size_t)n * sizeof *x);
    }
    return equal;
}

static void another_seed_or_period_is_another_text(void) {
    planted *a = make(TOKENS, VOCAB, PERIODS, 40, 7), *b = make(TOKENS, VOCAB, PERIODS, 40, 8);
    CU_ASSERT_EQUAL(count_equal_documents(a, b), 0);
    planted_destroy(&b);
    b = make(TOKENS, VOCAB, PERIODS, 40, 7);
    planted_set_period(b, 2);
    CU_ASSERT_EQUAL(count_equal_documents(a, b), 0);
    planted_destroy(&a);
    planted_destroy(&b);
}

static void documents_fit_and_hold_words_of_the_vocabulary(void) {
    planted *p = make(TOKENS, VOCAB, 1, 40, 1);
    int32_t words[PLANTED_LONGEST];
    for (int64_t d = 0; d < 20000; d++) {
        const int n = planted_document(p, d, words);
        CU_ASSERT_FATAL(n > 0 && n <= PLANTED_LONGEST);
        for (int i = 0; i < n; i++)
            CU_ASSERT_FATAL(words[i] >= 0 && words[i] < VOCAB);
    }
    planted_destroy(&p);
}

static void frequencies_follow_zipf(void) {
    planted *p = make(TOKENS, VOCAB, 1, 40, 1);
    int64_t *counts = new_counts();
    count_words(p, TOKENS, counts);
    qsort(counts, VOCAB, sizeof *counts, compare_down);
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int rank = 10; rank <= 2000; rank++) {
        const double weight = 1.0 / rank; /* each octave counts alike */
        const double x = log(rank), y = log((double)counts[rank - 1]);
        n += weight, sx += weight * x, sy += weight * y;
        sxx += weight * x * x, sxy += weight * x * y;
    }
    const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    CU_ASSERT(slope < -0.75 && slope > -1.25);
    CU_ASSERT(counts[VOCAB - 1] >= 5); /* prepare's --min-count keeps every word */
    mem_free(&counts);
    planted_destroy(&p);
}

static void question_words_occur_at_least_50_times(void) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        planted *p = make(TOKENS, VOCAB, 1, 40, seed);
        const planted_sizes size = planted_describe(p);
        int64_t *counts = new_counts(), n;
        count_words(p, TOKENS, counts);
        for (int32_t c = 0; c < size.concepts; c++)
            for (int32_t r = 0; r < size.relations; r++)
                CU_ASSERT(counts[planted_grid_word(p, c, r)] >= 50);
        const planted_pair *pairs = planted_pairs(p, &n);
        for (int64_t i = 0; i < n; i++)
            CU_ASSERT(counts[pairs[i].a] >= 50 && counts[pairs[i].b] >= 50);
        const planted_class *classes = planted_classes(p, &n);
        for (int64_t i = 0; i < n; i++)
            CU_ASSERT(counts[classes[i].word] >= 50);
        const planted_drift *drifts = planted_drifts(p, &n);
        for (int64_t i = 0; i < n; i++)
            CU_ASSERT(counts[drifts[i].word] >= 50);
        mem_free(&counts);
        planted_destroy(&p);
    }
}

static void short_texts_plant_less_and_too_short_ones_are_refused(void) {
    for (int64_t tokens = 60000; tokens < 3000000; tokens = tokens * 3 / 2)
        for (int32_t drift = 0; drift < 300; drift = 2 * drift + 1) {
            planted *p = make(tokens, 1000, 2, drift, 1);
            const planted_sizes n = planted_describe(p);
            CU_ASSERT(n.concepts >= 2 && n.relations >= 2 && n.families >= 1);
            CU_ASSERT(n.topic_words > 20 && n.drift_words <= drift);
            planted_set_period(p, 2);
            planted_destroy(&p);
        }
    planted *p;
    const planted_options few = {1000, VOCAB, 1, 40, 1}, narrow = {TOKENS, 100, 1, 40, 1};
    CU_ASSERT_EQUAL(planted_create(&p, &few).code, STATUS_USAGE);
    CU_ASSERT_PTR_NULL(p);
    CU_ASSERT_EQUAL(planted_create(&p, &narrow).code, STATUS_USAGE);
}

static int compare_words(const void *a, const void *b) {
    return strcmp(a, b);
}

static void words_are_spelt_differently(void) {
    const int32_t vocabs[] = {500, VOCAB, 20000};
    for (int v = 0; v < 3; v++) {
        planted *p = make(TOKENS, vocabs[v], 1, 40, 5);
        char(*words)[PLANTED_WORD] = NULL;
        CU_ASSERT_EQUAL(mem_new(&words, (size_t)vocabs[v], sizeof *words, "words").code, STATUS_OK);
        for (int32_t i = 0; i < vocabs[v]; i++) {
            CU_ASSERT_EQUAL_FATAL(planted_spell(p, i, words[i]), strlen(words[i]));
            CU_ASSERT_FATAL(strspn(words[i], "abcdefghijklmnopqrstuvwxyz") == strlen(words[i]));
        }
        qsort(words, (size_t)vocabs[v], sizeof *words, compare_words);
        for (int32_t i = 1; i < vocabs[v]; i++)
            CU_ASSERT_FATAL(strcmp(words[i - 1], words[i]) < 0);
        mem_free(&words);
        planted_destroy(&p);
    }
}

static double cosine_of(const double *a, const double *b) {
    double ab = 0, aa = 0, bb = 0;
    for (int32_t i = 0; i < VOCAB; i++)
        ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return ab / sqrt(aa * bb);
}

static void pair_scores_are_cosines_of_contexts(void) {
    planted *p = make(TOKENS, VOCAB, 1, 40, 1);
    static double a[VOCAB], b[VOCAB];
    int64_t n, graded = 0;
    const planted_pair *pairs = planted_pairs(p, &n);
    CU_ASSERT(n >= 300);
    for (int64_t i = 0; i < n; i++) {
        planted_contexts(p, pairs[i].a, a);
        planted_contexts(p, pairs[i].b, b);
        CU_ASSERT_DOUBLE_EQUAL(cosine_of(a, b), pairs[i].score, 1e-9);
        graded += pairs[i].score > 0.1 && pairs[i].score < 0.9;
    }
    CU_ASSERT(graded > n / 2);
    planted_destroy(&p);
}

/* Content words in the clauses of a word as the text has them: its neighbours on both sides as far
 * as clauses surely reach, without the function words. */
static void observe_contexts(const planted *p, int32_t word, double *out) {
    const int32_t functions = planted_describe(p).functions;
    int32_t words[PLANTED_LONGEST];
    memset(out, 0, VOCAB * sizeof *out);
    for (int64_t d = 0; d < 30000; d++) {
        const int n = planted_document(p, d, words);
        for (int i = 0; i < n; i++) {
            if (words[i] != word)
                continue;
            for (int j = i - 3; j <= i + 2; j++)
                if (j >= 0 && j < n && j != i && words[j] >= functions)
                    out[words[j]] += 1;
        }
    }
}

static void text_has_the_planted_contexts(void) {
    planted *p = make(TOKENS, VOCAB, 2, 40, 1);
    static double planned[VOCAB], observed[VOCAB];
    int64_t n;
    const planted_drift *drifts = planted_drifts(p, &n);
    const int32_t words[] = {planted_grid_word(p, 3, 1), planted_pairs(p, &n)[0].b, drifts[0].word,
                             drifts[1].word};
    for (int period = 1; period <= 2; period++) {
        planted_set_period(p, period);
        for (int i = 0; i < 4; i++) {
            planted_contexts(p, words[i], planned);
            observe_contexts(p, words[i], observed);
            double sum = 0;
            for (int32_t w = 0; w < VOCAB; w++)
                sum += planned[w];
            CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-9);
            CU_ASSERT(cosine_of(planned, observed) > 0.9);
        }
    }
    planted_destroy(&p);
}

static void grid_contexts_add_up(void) {
    planted *p = make(TOKENS, VOCAB, 1, 40, 1);
    static double x[4][VOCAB];
    for (int i = 0; i < 4; i++)
        planted_contexts(p, planted_grid_word(p, 5 + i / 2, 1 + i % 2), x[i]);
    for (int32_t w = 0; w < VOCAB; w++)
        CU_ASSERT_DOUBLE_EQUAL(x[1][w] - x[0][w] + x[2][w], x[3][w], 1e-12);
    planted_destroy(&p);
}

static void contexts_drift_only_where_planted(void) {
    planted *p = make(TOKENS, VOCAB, PERIODS, 40, 1);
    static double first[VOCAB], middle[VOCAB], last[VOCAB];
    int64_t n, drifted = 0;
    const planted_drift *drifts = planted_drifts(p, &n);
    CU_ASSERT_EQUAL(n, 80);
    for (int64_t i = 0; i < n; i++) {
        planted_set_period(p, 1);
        planted_contexts(p, drifts[i].word, first);
        planted_set_period(p, 2);
        planted_contexts(p, drifts[i].word, middle);
        planted_set_period(p, PERIODS);
        planted_contexts(p, drifts[i].word, last);
        CU_ASSERT_DOUBLE_EQUAL(1 - cosine_of(first, last), drifts[i].drift, 1e-9);
        CU_ASSERT_EQUAL(drifts[i].drifted, drifts[i].drift > 0.1);
        if (drifts[i].drifted) /* gradually */
            CU_ASSERT(cosine_of(first, middle) > cosine_of(first, last) + 0.05);
        drifted += drifts[i].drifted;
    }
    CU_ASSERT_EQUAL(drifted, 40);
    planted_destroy(&p);
}

/* The twin of drifting word i is word i + n / 2; Poisson counts with the same mean. */
static void stable_twins_are_as_frequent(void) {
    planted *p = make(TOKENS, VOCAB, PERIODS, 40, 1);
    int64_t *counts = new_counts(), n;
    const planted_drift *drifts = planted_drifts(p, &n);
    for (int period = 1; period <= PERIODS; period++) {
        planted_set_period(p, period);
        count_words(p, TOKENS, counts);
        double drifting = 0, stable = 0;
        for (int64_t i = 0; i < n / 2; i++) {
            const double a = (double)counts[drifts[i].word];
            const int64_t twin = i + n / 2;
            const double b = (double)counts[drifts[twin].word];
            CU_ASSERT(fabs(a - b) < 5 * sqrt(a + b));
            drifting += a;
            stable += b;
        }
        CU_ASSERT(fabs(drifting / stable - 1) < 0.05);
    }
    mem_free(&counts);
    planted_destroy(&p);
}

static void one_period_has_no_drift(void) {
    planted *p = make(TOKENS, VOCAB, 1, 40, 1);
    int64_t n;
    const planted_drift *drifts = planted_drifts(p, &n);
    for (int64_t i = 0; i < n; i++)
        CU_ASSERT(!drifts[i].drifted && drifts[i].drift == 0);
    planted_destroy(&p);
}

static void every_refused_allocation_is_a_status_and_no_leak(void) {
    const planted_options o = {TOKENS, VOCAB, 1, 40, 1};
    const int64_t before = mem_live_blocks();
    status s = status_error(STATUS_SPACE, "not tried");
    for (int64_t k = 0; s.code && k < 100; k++) {
        planted *p;
        mem_refuse_after(k);
        s = planted_create(&p, &o);
        mem_refuse_after(-1);
        CU_ASSERT(s.code == STATUS_OK || s.code == STATUS_SPACE);
        planted_destroy(&p);
        CU_ASSERT_EQUAL(mem_live_blocks(), before);
    }
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
}

int main(void) {
    static const test_case cases[] = {
        {"same_options_same_text", same_options_same_text},
        {"another_seed_or_period_is_another_text", another_seed_or_period_is_another_text},
        {"documents_fit_and_hold_words_of_the_vocabulary",
         documents_fit_and_hold_words_of_the_vocabulary},
        {"frequencies_follow_zipf", frequencies_follow_zipf},
        {"question_words_occur_at_least_50_times", question_words_occur_at_least_50_times},
        {"short_texts_plant_less_and_too_short_ones_are_refused",
         short_texts_plant_less_and_too_short_ones_are_refused},
        {"words_are_spelt_differently", words_are_spelt_differently},
        {"pair_scores_are_cosines_of_contexts", pair_scores_are_cosines_of_contexts},
        {"text_has_the_planted_contexts", text_has_the_planted_contexts},
        {"grid_contexts_add_up", grid_contexts_add_up},
        {"contexts_drift_only_where_planted", contexts_drift_only_where_planted},
        {"stable_twins_are_as_frequent", stable_twins_are_as_frequent},
        {"one_period_has_no_drift", one_period_has_no_drift},
        {"every_refused_allocation_is_a_status_and_no_leak",
         every_refused_allocation_is_a_status_and_no_leak},
    };
    return test_run("planted", cases, (int)(sizeof cases / sizeof *cases), 0);
}
