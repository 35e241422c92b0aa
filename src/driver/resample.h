// SPDX-License-Identifier: Apache-2.0
/* Another corpus from the documents of corpora: drawn again with replacement (--bootstrap), or
 * dealt at random to periods (--control shuffle). Both are functions of the seed and the numbers of
 * the documents alone, so that the periods can be written by different jobs and still have every
 * document exactly once.
 *
 * Documents keep the order of the corpora, one that is drawn several times follows itself: where in
 * an epoch a document is trained is another source of noise (--seed-order) and does not vary here.
 * Words that became too rare for the --min-count of the corpora are dropped again. */
#ifndef WORDSHARD_RESAMPLE_H
#define WORDSHARD_RESAMPLE_H

#include "prepare.h"

/* Local. Whether the options ask for it. */
bool resample_wanted(const options *o);

/* Local. STATUS_USAGE for options that contradict each other or would be ignored. */
status resample_check(const options *o, int n_inputs);

/* Collective. Write the corpus that --bootstrap, or --control with --period and --seed, makes of
 * the inputs, in a stream: a rank keeps the vocabulary and four bytes for each of its documents.
 * The datasets are the same bytes for any number of ranks. Options about text that were not given
 * are those of the inputs. */
status resample_corpus(const options *o, const string_list *inputs, const char *output_path,
                       const comm *world, prepare_report *report);

#endif
