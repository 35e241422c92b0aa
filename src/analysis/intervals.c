// SPDX-License-Identifier: Apache-2.0
#include "intervals.h"

#include <math.h>
#include <stdbool.h>

/* ---- Student's t */

/* P(|T| <= sqrt(degrees) tan angle). */
static double t_probability(double angle, int degrees) {
    const double cosine = cos(angle), square = cosine * cosine;
    double term = degrees % 2 ? cosine : 1, sum = 0;
    for (int i = degrees % 2 ? 3 : 2; i <= degrees; i += 2) {
        sum += term;
        term *= square * (i - 1) / i;
    }
    sum *= sin(angle);
    return degrees % 2 ? (angle + sum) * M_2_PI : sum;
}

double interval_t(int degrees) {
    double low = 0, high = M_PI_2;
    for (int i = 0; i < 100; i++) {
        const double middle = (low + high) / 2;
        if (t_probability(middle, degrees) < .95)
            low = middle;
        else
            high = middle;
    }
    return sqrt(degrees) * tan(low);
}

/* ---- means over pairs, with a run left out */

/* Sums over the pairs within each of two groups and between them. */
typedef struct {
    int n[2];
    double within[2], between;
} sums;

static double mean_within(const sums *s, int g) {
    return s->n[g] < 2 ? NAN : 2 * s->within[g] / ((double)s->n[g] * (s->n[g] - 1));
}

static double value_of(const sums *s, interval_of what) {
    const double first = mean_within(s, 0), second = mean_within(s, 1),
                 between = s->between / ((double)s->n[0] * s->n[1]);
    switch (what) {
    case INTERVAL_FIRST:
        return first;
    case INTERVAL_SECOND:
        return second;
    case INTERVAL_WITHIN:
        return (first + second) / 2;
    case INTERVAL_BETWEEN:
        return between;
    case INTERVAL_DIFFERENCE:
        return first - second;
    case INTERVAL_EXCESS:
        return between - (first + second) / 2;
    }
    return NAN;
}

typedef struct {
    int n_first, n;
    const double *pairs;
} runs;

static int group_of(const runs *r, int i) {
    return i >= r->n_first;
}

static sums sum_all(const runs *r) {
    sums s = {.n = {r->n_first, r->n - r->n_first}};
    for (int i = 0; i < r->n; i++)
        for (int j = i + 1; j < r->n; j++) {
            const double x = r->pairs[i * r->n + j];
            if (group_of(r, i) == group_of(r, j))
                s.within[group_of(r, i)] += x;
            else
                s.between += x;
        }
    return s;
}

static sums without(const runs *r, const sums *all, int i) {
    sums s = *all;
    const int g = group_of(r, i);
    s.n[g]--;
    for (int j = 0; j < r->n; j++) {
        const double x = r->pairs[i * r->n + j];
        if (j != i && group_of(r, j) == g)
            s.within[g] -= x;
        else if (j != i)
            s.between -= x;
    }
    return s;
}

/* Whether the value depends on the runs of a group. */
static bool depends(interval_of what, int g) {
    return what != (g ? INTERVAL_FIRST : INTERVAL_SECOND);
}

static void add_error(const runs *r, const sums *all, interval_of what, interval *out) {
    double variance = 0, squares = 0; /* of the groups' parts, over their degrees of freedom */
    for (int g = 0; g < 2; g++) {
        const int n = all->n[g], begin = g ? r->n_first : 0;
        if (!depends(what, g))
            continue;
        double mean = 0, part = 0;
        for (int i = begin; i < begin + n; i++) {
            const sums s = without(r, all, i);
            mean += value_of(&s, what) / n;
        }
        for (int i = begin; i < begin + n; i++) {
            const sums s = without(r, all, i);
            const double d = value_of(&s, what) - mean;
            part += d * d * (n - 1) / n;
        }
        variance += part;
        squares += part * part / (n - 1);
        out->n_runs += n;
    }
    const int degrees = squares > 0 ? (int)(variance * variance / squares + 1e-9) : out->n_runs - 1;
    const double reach =
        isfinite(variance) ? interval_t(degrees > 0 ? degrees : 1) * sqrt(variance) : NAN;
    out->error = sqrt(variance);
    out->low = out->mean - reach;
    out->high = out->mean + reach;
}

/* Pairs that a mean is over. */
static bool counts(const runs *r, int i, int j, interval_of what) {
    const bool same = group_of(r, i) == group_of(r, j);
    switch (what) {
    case INTERVAL_FIRST:
        return same && !group_of(r, i);
    case INTERVAL_SECOND:
        return same && group_of(r, i);
    case INTERVAL_WITHIN:
    case INTERVAL_DIFFERENCE:
        return same;
    case INTERVAL_BETWEEN:
        return !same;
    case INTERVAL_EXCESS:
        return true;
    }
    return false;
}

static void add_spread(const runs *r, interval_of what, interval *out) {
    double mean = 0, square = 0;
    for (int pass = 0; pass < 2; pass++) {
        out->n_pairs = 0;
        for (int i = 0; i < r->n; i++)
            for (int j = i + 1; j < r->n; j++) {
                const double x = r->pairs[i * r->n + j];
                if (!counts(r, i, j, what))
                    continue;
                out->n_pairs++;
                if (pass)
                    square += (x - mean) * (x - mean);
                else
                    mean += x;
            }
        if (!pass)
            mean /= out->n_pairs;
    }
    out->sd = out->n_pairs > 1 && what != INTERVAL_DIFFERENCE && what != INTERVAL_EXCESS
                  ? sqrt(square / (out->n_pairs - 1))
                  : NAN;
}

interval interval_of_groups(int n_first, int n, const double *pairs, interval_of what) {
    const runs r = {n_first, n, pairs};
    const sums all = sum_all(&r);
    interval out = {.mean = value_of(&all, what)};
    add_spread(&r, what, &out);
    add_error(&r, &all, what, &out);
    return out;
}

interval interval_of_pairs(int n, const double *pairs) {
    return interval_of_groups(n, n, pairs, INTERVAL_FIRST);
}

interval interval_of_values(int64_t n, const double *values) {
    interval out = {.mean = 0};
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(values[i])) {
            out.mean += values[i];
            out.n_pairs++;
        }
    out.mean /= out.n_pairs;
    out.n_runs = out.n_pairs;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            squares += (values[i] - out.mean) * (values[i] - out.mean);
    out.sd = out.n_pairs > 1 ? sqrt(squares / (out.n_pairs - 1)) : NAN;
    out.error = out.sd / sqrt(out.n_pairs);
    const double reach = out.n_pairs > 1 ? interval_t(out.n_pairs - 1) * out.error : NAN;
    out.low = out.mean - reach;
    out.high = out.mean + reach;
    return out;
}

interval interval_clip(interval x, double lowest, double highest) {
    x.low = x.low < lowest ? lowest : x.low;
    x.high = x.high > highest ? highest : x.high;
    return x;
}
