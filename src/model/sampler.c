// SPDX-License-Identifier: Apache-2.0
#include "sampler.h"

#include <math.h>

#include "memory.h"

static double total_of(const int64_t *counts, int32_t n) {
    double total = 0;
    for (int32_t i = 0; i < n; i++)
        total += (double)counts[i];
    return total;
}

static void fill_keep(sampler *s, const int64_t *counts, double sample) {
    double total = total_of(counts, s->n_words);
    for (int32_t i = 0; i < s->n_words; i++) {
        double ratio = counts[i] > 0 ? sample * total / (double)counts[i] : 1;
        double p = sample > 0 ? sqrt(ratio) + ratio : 1;
        s->keep[i] = p >= 1 ? UINT32_MAX : (uint32_t)(p * 0x1p32);
    }
}

static double negative_weight(int64_t count, double power) {
    return pow(count > 0 ? (double)count : 1, power);
}

/* Vose's construction (1991): stacks of slots below and above the mean, in index order. */
static status fill_aliases(sampler *s, const int64_t *counts, double power) {
    double *share = NULL, sum = 0;
    int32_t *stack = NULL, n = s->n_words, low = 0, high = n;
    status st = mem_new(&share, (size_t)n, sizeof *share, "the table of negatives");
    if (!st.code)
        st = mem_new(&stack, (size_t)n, sizeof *stack, "the table of negatives");
    if (st.code)
        goto done;
    for (int32_t i = 0; i < n; i++)
        sum += share[i] = negative_weight(counts[i], power);
    for (int32_t i = 0; i < n; i++) {
        share[i] *= (double)n / sum;
        stack[share[i] < 1 ? low++ : --high] = i;
    }
    while (low > 0 && high < n) {
        int32_t small = stack[--low], large = stack[high];
        s->aliases[small] = (alias_entry){(uint32_t)(share[small] * 0x1p32), large};
        share[large] -= 1 - share[small];
        if (share[large] < 1) {
            high++;
            stack[low++] = large;
        }
    }
    while (low > 0 || high < n) {
        int32_t full = low > 0 ? stack[--low] : stack[high++];
        s->aliases[full] = (alias_entry){UINT32_MAX, full};
    }
done:
    mem_free(&share);
    mem_free(&stack);
    return st;
}

status sampler_create(sampler *s, const int64_t *counts, int32_t n_words, double sample,
                      double power) {
    *s = (sampler){.n_words = n_words};
    status st = mem_new(&s->keep, (size_t)n_words, sizeof *s->keep, "the sub-sampling table");
    if (!st.code)
        st = mem_new(&s->aliases, (size_t)n_words, sizeof *s->aliases, "the table of negatives");
    if (!st.code) {
        fill_keep(s, counts, sample);
        st = fill_aliases(s, counts, power);
    }
    if (st.code)
        sampler_clear(s);
    return st;
}

void sampler_clear(sampler *s) {
    mem_free(&s->keep);
    mem_free(&s->aliases);
}

void sampler_rates(const sampler *s, const int64_t *counts, double power, double *kept,
                   double *negative) {
    double total = total_of(counts, s->n_words), weights = 0, all = 0;
    for (int32_t i = 0; i < s->n_words; i++) {
        weights += negative_weight(counts[i], power);
        kept[i] = (double)counts[i] / total * sampler_keep_probability(s, i);
        all += kept[i];
    }
    for (int32_t i = 0; i < s->n_words; i++)
        negative[i] = all * negative_weight(counts[i], power) / weights;
}
