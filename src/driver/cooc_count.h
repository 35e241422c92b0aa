// SPDX-License-Identifier: Apache-2.0
/* Counting the co-occurrences of a corpus with all ranks and threads. */
#ifndef WORDSHARD_COOC_COUNT_H
#define WORDSHARD_COOC_COUNT_H

#include "comm.h"
#include "cooccur.h"
#include "corpus_file.h"
#include "options.h"

/* Collective. m becomes this rank's rows, as cooc_share leaves them: the same bits for any number
 * of ranks and threads. STATUS_INPUT for a corpus without words. */
status cooc_count(cooc_matrix *m, const corpus_file *corpus, const options *o, const comm *world);

#endif
