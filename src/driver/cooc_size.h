// SPDX-License-Identifier: Apache-2.0
/* How many co-occurrences a corpus has, and what it takes to count them: known from the counts, or
 * found from a part of the words before anything is counted. */
#ifndef WORDSHARD_COOC_SIZE_H
#define WORDSHARD_COOC_SIZE_H

#include "cooccurrence.h"
#include "corpus_file.h"
#include "job_shape.h"

typedef struct {
    double n_words, n_tokens, n_documents;
    double nonzeros, cells; /* of both triangles, of the lower one */
    double part_cells;      /* that a rank's part of the corpus has before the ranks share theirs */
    double positive;        /* non-zeros with a positive PMI */
    /* Different pairs of a word and a tile of its contexts: of all with the tiles of --model glove,
     * of positive ones with those of sparse_tiles.h. */
    double runs, positive_runs;
} cooc_size;

/* Local. Of counts that are there: every cell may be positive. */
cooc_size cooc_size_of(const cooccurrence *counts);

/* Collective. Expected for the job: the windows around every n-th word are counted, all of the
 * corpus is read once by rank 0. */
status cooc_size_sample(cooc_size *x, const corpus_file *corpus, const options *o,
                        const job_shape *job, const comm *world);

/* Local. Bytes of a rank's rows of the counts. */
double cooc_size_matrix(const cooc_size *x, const job_shape *job);

/* Local. job_shape_add_process without the counts, if they are there (or NULL). */
void cooc_size_add_process(const job_shape *job, const cooccurrence *counts, estimate *e);

/* Local. What counting takes at most, from a corpus with these words. to_file: the counts are
 * written (cooccur). e holds the process. */
void cooc_size_estimate(const cooc_size *x, const job_shape *job, bool to_file, estimate *e);

#endif
