// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scaling.h"

static const double SHIFT = 2.7;    /* of Zipf's law, Mandelbrot (1953) */
static const double POWER = 0.75;   /* of counts, by which negatives are drawn */
enum { ALONE = 4096, STEPS = 200 }; /* words that are classes of their own; classes of the rest */

static void *allocate(int64_t n, size_t size) {
    void *x = calloc((size_t)n, size);
    if (!x)
        abort();
    return x;
}

/* Classes grow with their rank, so that their words differ by a few percent. `kept` is the count.
 */
static void fill_zipf(word_classes *w, double words) {
    w->classes = allocate(ALONE + STEPS, sizeof *w->classes);
    for (; w->n < ALONE && (double)w->n < words; w->n++)
        w->classes[w->n] = (word_class){.rank = (double)w->n, .times = 1};
    double begin = ALONE;
    for (int i = 1; i <= STEPS && words > ALONE; i++) {
        const double end = floor(ALONE * pow(words / ALONE, (double)i / STEPS));
        if (end > begin)
            w->classes[w->n++] =
                (word_class){.rank = floor((begin + end) / 2), .times = end - begin};
        begin = end;
    }
    for (int64_t i = 0; i < w->n; i++)
        w->classes[i].kept = 1 / (w->classes[i].rank + 1 + SHIFT);
}

static void read_counts(word_classes *w, const char *path) {
    double count;
    int64_t room = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    while (fscanf(f, "%lf", &count) == 1) {
        if (w->n == room) {
            room = 2 * room + ALONE;
            w->classes = realloc(w->classes, (size_t)room * sizeof *w->classes);
            if (!w->classes)
                abort();
        }
        w->classes[w->n] = (word_class){.rank = (double)w->n, .times = 1, .kept = count};
        w->n++;
    }
    fclose(f);
}

/* As sampler.c: a token is kept with sqrt(t/f) + t/f; a pool takes a new negative every pool_reuse
 * / negative windows, so that one draw serves pool_reuse picks. */
static void finish(word_classes *w, const settings *s) {
    double total = 0, weights = 0;
    for (int64_t i = 0; i < w->n; i++)
        total += w->classes[i].times * w->classes[i].kept;
    for (int64_t i = 0; i < w->n; i++) {
        word_class *c = &w->classes[i];
        const double f = c->kept / total, ratio = s->sample / f;
        const double keep = s->sample > 0 ? fmin(1, sqrt(ratio) + ratio) : 1;
        c->kept = f * keep;
        c->negative = pow(f, POWER);
        weights += c->times * c->negative;
        w->kept += c->times * c->kept;
    }
    for (int64_t i = 0; i < w->n; i++)
        w->classes[i].negative *= w->kept * s->negative / s->pool_reuse / weights;
}

void word_classes_create(word_classes *w, const settings *s, const char *counts) {
    *w = (word_classes){0};
    if (counts)
        read_counts(w, counts);
    else
        fill_zipf(w, s->words);
    finish(w, s);
}

void word_classes_destroy(word_classes *w) {
    free(w->classes);
    *w = (word_classes){0};
}

double word_updates(const word_class *c, int side, double tokens) {
    return tokens * (c->kept + (side ? c->negative : 0));
}

/* Words [begin, end) of a class that are in [first, last). */
static double part_of(const word_class *c, double first, double last) {
    const double begin = c->times > 1 ? c->rank - floor(c->times / 2) : c->rank;
    const double from = fmax(begin, first), to = fmin(begin + c->times, last);
    return to > from ? to - from : 0;
}

double words_touched(const word_classes *w, int side, double first, double last, double tokens) {
    double sum = 0;
    for (int64_t i = 0; i < w->n; i++)
        sum += part_of(&w->classes[i], first, last) *
               -expm1(-word_updates(&w->classes[i], side, tokens));
    return sum;
}
