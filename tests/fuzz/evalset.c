// SPDX-License-Identifier: Apache-2.0
/* Evaluation files, as analogies, similarity and categories: what is accepted is complete. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "evalset.h"
#include "lines.h"

static void check_items(const evalset *e) {
    fuzz_claim(e->n > 0, "an accepted file has items");
    for (int64_t i = 0; i < e->n; i++) {
        for (int column = 0; column < e->width; column++) {
            const char *word = evalset_word(e, i, column);
            fuzz_claim(*word && lines_is_utf8(word, strlen(word)), "a word is valid UTF-8");
        }
        fuzz_claim(isfinite(e->scores[i]), "a score is finite");
        fuzz_claim(e->kind == EVALSET_SIMILARITY ||
                       (e->groups[i] >= 0 && e->groups[i] < e->n_groups),
                   "an item has a group");
    }
    for (int32_t g = 0; g < e->n_groups; g++)
        fuzz_claim(lines_is_utf8(evalset_group(e, g), strlen(evalset_group(e, g))),
                   "the name of a group is valid UTF-8");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_file("input", data, size);
    for (int kind = EVALSET_ANALOGIES; kind <= EVALSET_CATEGORIES; kind++) {
        evalset e;
        if (fuzz_accepted(evalset_read(&e, (evalset_kind)kind, path), STATUS_INPUT))
            check_items(&e);
        evalset_clear(&e);
    }
    fuzz_end();
    return 0;
}
