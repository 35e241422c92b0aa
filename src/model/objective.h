// SPDX-License-Identifier: Apache-2.0
/* What can be trained over windows: one row for each way to predict (objective.c), one room each.
 * Schedules know an objective by this struct alone. */
#ifndef WORDSHARD_OBJECTIVE_H
#define WORDSHARD_OBJECTIVE_H

#include "loop.h"

/* In the order of options.def. */
typedef enum { MODEL_SKIPGRAM, MODEL_CBOW, MODEL_GLOVE, MODEL_PPMI_SVD } model_kind;
typedef enum { OBJECTIVE_NS, OBJECTIVE_HS, OBJECTIVE_SOFTMAX } objective_kind;
typedef enum { NEGATIVES_SHARED, NEGATIVES_PER_PAIR } negatives_kind;

struct objective {
    model_kind model;
    objective_kind kind;
    negatives_kind negatives; /* NEGATIVES_SHARED where there are none */
    bool uses_tree;           /* outputs are the inner nodes of a Huffman tree, otherwise words */

    /* Train the centres of w->chunk. NULL for full softmax, which has a schedule of its own. */
    void (*train_chunk)(loop_worker *w, const loop_job *job, float rate);

    /* The outputs that train_chunk will touch, some of them several times; returns how many. NULL:
     * too many to know before. most_foreseen: bounds of how many, and of how many different ones.
     */
    int64_t (*foresee)(const loop_worker *w, const loop_job *job, int32_t *outputs);
    void (*most_foreseen)(const loop_settings *settings, const huffman *tree, int64_t *listed,
                          int64_t *distinct);

    /* How often training moves a row, in score updates for each token of the corpus that pull at
     * the row in full (merging: contraction of a row). On entry input[V] is how often a token is
     * this word and a centre, output[V] how often a centre's one negative is; on return input[V]
     * and output[objective_outputs] are the rates. */
    void (*rates)(const loop_settings *settings, const huffman *tree, int64_t n_words,
                  double *input, double *output);
};

/* NULL if there is no such combination. */
const objective *objective_find(model_kind model, objective_kind kind, negatives_kind negatives);

/* Output rows for n_words words, and the name of their table in a run file. */
int64_t objective_outputs(const objective *o, int64_t n_words);
const char *objective_table(const objective *o);

/* The rooms (skipgram.c, cbow.c, exact.c, hsoftmax.c, foresee.c). */
int64_t pooled_foresee(const loop_worker *w, const loop_job *job, int32_t *outputs);
void pooled_most(const loop_settings *t, const huffman *tree, int64_t *listed, int64_t *distinct);
int64_t path_foresee(const loop_worker *w, const loop_job *job, int32_t *outputs);
void path_most(const loop_settings *t, const huffman *tree, int64_t *listed, int64_t *distinct);
void skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate);
void skipgram_rates(const loop_settings *t, const huffman *tree, int64_t n_words, double *input,
                    double *output);
void cbow_train_chunk(loop_worker *w, const loop_job *job, float rate);
void cbow_rates(const loop_settings *t, const huffman *tree, int64_t n_words, double *input,
                double *output);
void exact_skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate);
void exact_cbow_train_chunk(loop_worker *w, const loop_job *job, float rate);
void hsoftmax_skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate);
void hsoftmax_cbow_train_chunk(loop_worker *w, const loop_job *job, float rate);
void hsoftmax_skipgram_rates(const loop_settings *t, const huffman *tree, int64_t n_words,
                             double *input, double *output);
void hsoftmax_cbow_rates(const loop_settings *t, const huffman *tree, int64_t n_words,
                         double *input, double *output);

#endif
