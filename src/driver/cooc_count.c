// SPDX-License-Identifier: Apache-2.0
#include "cooc_count.h"

#include <inttypes.h>

#include "commands.h"
#include "cooc_share.h"
#include "cooc_text.h"
#include "memory.h"

typedef struct {
    const corpus_file *corpus;
    cooccur_rule rule;
    int n_threads;
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

static status count_text(const counting *x, const cooc_text *text, cooc_matrix *m) {
    cooccur *c = NULL;
    cooc_matrix *parts = NULL;
    int64_t n = 0;
    status s = cooccur_create(&c, &text->view, x->corpus->words.n, &x->rule, x->n_threads);
    if (!s.code) {
        n = cooccur_batches(c);
        s = mem_new(&parts, (size_t)n, sizeof *parts, "batches of rows");
    }
    if (!s.code)
        s = cooccur_count(c, 0, n, parts);
    cooccur_destroy(&c);
    if (!s.code)
        s = cooc_matrix_join(m, parts, n);
    for (int64_t i = 0; parts && i < n; i++)
        cooc_matrix_clear(&parts[i]);
    mem_free(&parts);
    return s;
}

/* Tokens [begin, end) of the corpus. Local. */
static status count_part(const counting *x, int64_t begin, int64_t end, cooc_matrix *m) {
    cooc_text text;
    status s = cooc_text_read(&text, x->corpus, begin, end, x->rule.window);
    if (!s.code)
        s = count_text(x, &text, m);
    cooc_text_clear(&text);
    return s;
}

status cooc_count(cooc_matrix *m, const corpus_file *corpus, const options *o, const comm *world) {
    counting x = {.corpus = corpus, .n_threads = common_threads(o)};
    const int64_t rank = comm_rank(world), size = comm_size(world), n = corpus->n_tokens;
    *m = (cooc_matrix){0};
    cooccur_rule_init(&x.rule, (int)o->window, (cooccur_weighting)o->weighting);
    status s = comm_agree(world, check_corpus(&x));
    if (!s.code)
        s = comm_agree(world, count_part(&x, n * rank / size, n * (rank + 1) / size, m));
    if (!s.code)
        s = cooc_share(m, world);
    if (s.code)
        cooc_matrix_clear(m);
    return s;
}
