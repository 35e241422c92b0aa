// SPDX-License-Identifier: Apache-2.0
/* Counting co-occurrences against the definition, pair by pair; matrices in parts. */
#include <stdlib.h>
#include <string.h>

#include "cooccur.h"
#include "memory.h"
#include "random.h"
#include "support.h"

enum { WORDS = 900, TOKENS = 6000, NUMBERS = 3 * TOKENS + 2 * COOCCUR_ROOM };

/* Tokens as a text has them, frequent words first, in documents of about `mean` tokens. */
typedef struct {
    int32_t ids[NUMBERS];
    int64_t begin, end;
} text;

static text make_text(int mean, int skew, uint64_t stream) {
    static text t;
    int64_t n = COOCCUR_ROOM;
    t.begin = n + 1;
    t.ids[n++] = COOCCUR_END;
    for (int i = 0; i < TOKENS; i++) {
        double u = random_unit(random_at(stream, (uint64_t)(2 * i))), x = u;
        for (int k = 1; k < skew; k++)
            x *= u;
        t.ids[n++] = (int32_t)(x * WORDS);
        if (random_at(stream, (uint64_t)(2 * i + 1)) % (uint64_t)mean == 0)
            t.ids[n++] = COOCCUR_END;
    }
    t.ids[n++] = COOCCUR_END;
    t.end = n;
    return t;
}

/* X[i][j], j <= i, of the places [begin, end), by walking away from each. */
static uint64_t *naive(const text *t, int64_t begin, int64_t end, const cooccur_rule *rule) {
    uint64_t *x = NULL;
    CU_ASSERT_EQUAL_FATAL(mem_new(&x, (size_t)WORDS * WORDS, sizeof *x, "a table").code, STATUS_OK);
    for (int64_t p = begin; p < end; p++)
        for (int side = -1; side <= 1; side += 2)
            for (int d = 1; t->ids[p] != COOCCUR_END && d <= rule->window; d++) {
                const int32_t other = t->ids[p + side * d];
                if (other == COOCCUR_END)
                    break;
                if (other <= t->ids[p])
                    x[t->ids[p] * WORDS + other] += rule->weights[d];
            }
    return x;
}

static status count(const text *t, int64_t begin, int64_t end, const cooccur_rule *rule,
                    int threads, cooc_matrix *m) {
    const cooccur_text view = {.ids = t->ids, .begin = begin, .end = end};
    cooccur *c = NULL;
    cooc_matrix *parts = NULL;
    int64_t n = 0;
    *m = (cooc_matrix){0};
    status s = cooccur_create(&c, &view, WORDS, rule, threads, NULL);
    if (!s.code) {
        n = cooccur_batches(c);
        s = mem_new(&parts, (size_t)n, sizeof *parts, "parts");
    }
    if (!s.code)
        s = cooccur_count(c, 0, n, parts);
    if (!s.code)
        s = cooc_matrix_join(m, parts, n);
    for (int64_t p = 0; parts && p < n; p++)
        cooc_matrix_clear(&parts[p]);
    mem_free(&parts);
    cooccur_destroy(&c);
    return s;
}

/* Whether the rows of m are those of the table: no cell too many, none too few, in order. */
static int differences(const cooc_matrix *m, const uint64_t *x) {
    static uint64_t weights[WORDS];
    static double values[WORDS];
    int wrong = 0;
    for (int64_t i = m->begin; i < m->end; i++) {
        const int32_t *columns, *again;
        const int64_t n = cooc_matrix_weights(m, i, &columns, weights);
        int64_t k = 0;
        wrong += cooc_matrix_row(m, i, &again, values) != n || again != columns;
        for (int32_t j = 0; j < WORDS; j++) {
            const uint64_t expected = x[i * WORDS + j];
            if (!expected)
                continue;
            wrong += k >= n || columns[k] != j || weights[k] != expected ||
                     values[k] != (double)expected / (double)m->denominator;
            k++;
        }
        wrong += k != n;
    }
    return wrong;
}

static void counts_equal_the_definition(void) {
    static const int windows[] = {1, 2, 5, 10, 15, 16, 17, 22, 23, 40, 1000};
    static const int means[] = {1, 4, 50, 100000};
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
        for (size_t k = 0; k < sizeof means / sizeof *means; k++)
            for (int flat = 0; flat < 2; flat++) {
                const text t = make_text(means[k], 3, w * 10 + k);
                cooccur_rule rule;
                cooc_matrix m;
                cooccur_rule_init(&rule, windows[w], flat ? WEIGHTING_FLAT : WEIGHTING_INVERSE);
                uint64_t *x = naive(&t, t.begin, t.end, &rule);
                CU_ASSERT_EQUAL(count(&t, t.begin, t.end, &rule, 1 + (int)k % 3, &m).code,
                                STATUS_OK);
                CU_ASSERT_EQUAL(m.begin, 0);
                CU_ASSERT_EQUAL(m.end, WORDS);
                CU_ASSERT_EQUAL(differences(&m, x), 0);
                cooc_matrix_clear(&m);
                mem_free(&x);
            }
}

static void inverse_distances_are_exact_or_as_near_as_said(void) {
    cooccur_rule r;
    for (int window = 1; window <= COOCCUR_WINDOW; window++) {
        cooccur_rule_init(&r, window, WEIGHTING_INVERSE);
        uint64_t sum = 0;
        int wrong = 0;
        for (int d = 1; d <= window; d++) {
            const double error = (double)r.weights[d] * d / (double)r.denominator - 1;
            if (window <= COOCCUR_EXACT)
                wrong += (int64_t)r.weights[d] * d != r.denominator;
            else
                wrong += !(error <= window / 0x1p31 && error >= -window / 0x1p31);
            sum += 2 * (uint64_t)r.weights[d];
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(sum, r.reach);
    }
    cooccur_rule_init(&r, 10, WEIGHTING_INVERSE);
    CU_ASSERT_EQUAL(r.denominator, 2520);
}

/* Windows of 23 and more have a denominator of 2^30: four neighbours go beyond 32 bits. */
static void weights_beyond_32_bits_are_kept(void) {
    const text t = make_text(3000, 6, 77);
    cooccur_rule rule;
    cooc_matrix m, slice, again[2], joined, sum;
    cooccur_rule_init(&rule, 30, WEIGHTING_INVERSE);
    uint64_t *x = naive(&t, t.begin, t.end, &rule);
    CU_ASSERT_EQUAL_FATAL(count(&t, t.begin, t.end, &rule, 2, &m).code, STATUS_OK);
    CU_ASSERT(m.n_high > 100);
    CU_ASSERT_EQUAL(differences(&m, x), 0);
    CU_ASSERT_EQUAL(cooc_matrix_slice(&slice, &m, 3, 200).code, STATUS_OK);
    CU_ASSERT_EQUAL(slice.begin, 3);
    CU_ASSERT_EQUAL(slice.end, 200);
    CU_ASSERT_EQUAL(differences(&slice, x), 0);
    CU_ASSERT_EQUAL(cooc_matrix_slice(&again[0], &m, 0, 5).code, STATUS_OK);
    CU_ASSERT_EQUAL(cooc_matrix_slice(&again[1], &m, 5, WORDS).code, STATUS_OK);
    CU_ASSERT_EQUAL(cooc_matrix_join(&joined, again, 2).code, STATUS_OK);
    CU_ASSERT_EQUAL(differences(&joined, x), 0);
    const cooc_matrix both[2] = {m, joined};
    CU_ASSERT_EQUAL(cooc_matrix_add(&sum, both, 2).code, STATUS_OK);
    for (int64_t k = 0; k < WORDS * WORDS; k++)
        x[k] *= 2;
    CU_ASSERT_EQUAL(differences(&sum, x), 0);
    cooc_matrix_clear(&m);
    cooc_matrix_clear(&slice);
    cooc_matrix_clear(&joined);
    cooc_matrix_clear(&sum);
    mem_free(&x);
}

/* Parts of a text whose windows reach beyond them. */
static void parts_of_a_text_add_up_to_all_of_it(void) {
    const text t = make_text(40, 3, 5);
    const int64_t third = t.begin + (t.end - t.begin) / 3;
    const int64_t cuts[] = {t.begin, third, third, third + 1, t.end};
    cooc_matrix parts[4], sum;
    cooccur_rule rule;
    cooccur_rule_init(&rule, 10, WEIGHTING_INVERSE);
    uint64_t *x = naive(&t, t.begin, t.end, &rule);
    for (int p = 0; p < 4; p++)
        CU_ASSERT_EQUAL_FATAL(count(&t, cuts[p], cuts[p + 1], &rule, 2, &parts[p]).code, STATUS_OK);
    CU_ASSERT_EQUAL(cooc_matrix_add(&sum, parts, 4).code, STATUS_OK);
    CU_ASSERT_EQUAL(differences(&sum, x), 0);
    CU_ASSERT_EQUAL(cooc_matrix_longest(&sum) > 100, 1);
    for (int p = 0; p < 4; p++)
        cooc_matrix_clear(&parts[p]);
    cooc_matrix_clear(&sum);
    mem_free(&x);
}

/* No counts go beyond what is announced, which --memory relies on. */
static void memory_is_foretold(void) {
    const text t = make_text(40, 3, 6);
    const cooccur_text view = {.ids = t.ids, .begin = t.begin, .end = t.end};
    cooccur_rule rule;
    cooccur *c;
    cooccur_rule_init(&rule, 10, WEIGHTING_INVERSE);
    for (int threads = 1; threads <= 3; threads++) {
        const size_t before = mem_live_bytes();
        const int64_t told = cooccur_bytes(WORDS, t.end - t.begin, threads);
        CU_ASSERT_EQUAL_FATAL(cooccur_create(&c, &view, WORDS, &rule, threads, NULL).code,
                              STATUS_OK);
        const int64_t taken = (int64_t)(mem_live_bytes() - before);
        CU_ASSERT(taken <= told + 4096 * (threads + 1)); /* the batches and rounding */
        for (int64_t b = 0; b < cooccur_batches(c); b++) {
            cooc_matrix part;
            CU_ASSERT_EQUAL(cooccur_count(c, b, b + 1, &part).code, STATUS_OK);
            CU_ASSERT((int64_t)cooc_matrix_bytes(part.end - part.begin, cooc_matrix_cells(&part)) <=
                      cooccur_batch_bytes(WORDS));
            cooc_matrix_clear(&part);
        }
        cooccur_destroy(&c);
    }
}

static status counted(void *context) {
    const text *t = context;
    cooccur_rule rule;
    cooc_matrix m[2], sum = {0}, slice = {0};
    cooccur_rule_init(&rule, 30, WEIGHTING_INVERSE);
    status s = count(t, t->begin, t->end, &rule, 1, &m[0]);
    m[1] = m[0];
    if (!s.code)
        s = cooc_matrix_add(&sum, m, 2);
    if (!s.code)
        s = cooc_matrix_slice(&slice, &sum, 0, 20);
    cooc_matrix_clear(&m[0]);
    cooc_matrix_clear(&sum);
    cooc_matrix_clear(&slice);
    return s;
}

static void every_refused_allocation_is_reported(void) {
    text t = make_text(3000, 6, 77);
    CU_ASSERT(test_each_refusal(counted, &t) > 20);
}

int main(void) {
    static const test_case cases[] = {
        {"counts_equal_the_definition", counts_equal_the_definition},
        {"inverse_distances_are_exact_or_as_near_as_said",
         inverse_distances_are_exact_or_as_near_as_said},
        {"weights_beyond_32_bits_are_kept", weights_beyond_32_bits_are_kept},
        {"parts_of_a_text_add_up_to_all_of_it", parts_of_a_text_add_up_to_all_of_it},
        {"memory_is_foretold", memory_is_foretold},
        {"every_refused_allocation_is_reported", every_refused_allocation_is_reported},
    };
    return test_run("cooccur", cases, sizeof cases / sizeof *cases, 0);
}
