// SPDX-License-Identifier: Apache-2.0
#include "objective.h"

static const objective OBJECTIVES[] = {
    {MODEL_SKIPGRAM, OBJECTIVE_NS, NEGATIVES_SHARED, false, skipgram_train_chunk, pooled_foresee,
     pooled_most, skipgram_rates},
    {MODEL_SKIPGRAM, OBJECTIVE_NS, NEGATIVES_PER_PAIR, false, exact_skipgram_train_chunk, NULL,
     NULL, skipgram_rates},
    {MODEL_SKIPGRAM, OBJECTIVE_HS, NEGATIVES_SHARED, true, hsoftmax_skipgram_train_chunk,
     path_foresee, path_most, hsoftmax_skipgram_rates},
    {MODEL_SKIPGRAM, OBJECTIVE_SOFTMAX, NEGATIVES_SHARED, false, NULL, NULL, NULL, NULL},
    {MODEL_CBOW, OBJECTIVE_NS, NEGATIVES_SHARED, false, cbow_train_chunk, pooled_foresee,
     pooled_most, cbow_rates},
    {MODEL_CBOW, OBJECTIVE_NS, NEGATIVES_PER_PAIR, false, exact_cbow_train_chunk, NULL, NULL,
     cbow_rates},
    {MODEL_CBOW, OBJECTIVE_HS, NEGATIVES_SHARED, true, hsoftmax_cbow_train_chunk, path_foresee,
     path_most, hsoftmax_cbow_rates},
};

const objective *objective_find(model_kind model, objective_kind kind, negatives_kind negatives) {
    for (size_t i = 0; i < sizeof OBJECTIVES / sizeof *OBJECTIVES; i++) {
        const objective *o = &OBJECTIVES[i];
        if (o->model == model && o->kind == kind && o->negatives == negatives)
            return o;
    }
    return NULL;
}

int64_t objective_outputs(const objective *o, int64_t n_words) {
    return o->uses_tree ? n_words - 1 : n_words;
}

const char *objective_table(const objective *o) {
    return o->uses_tree ? "nodes" : "context";
}
