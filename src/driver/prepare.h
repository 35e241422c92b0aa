// SPDX-License-Identifier: Apache-2.0
/* From text to corpus.h5: what `prepare` does, and other commands when they are given text. */
#ifndef WORDSHARD_PREPARE_H
#define WORDSHARD_PREPARE_H

#include "comm.h"
#include "h5.h"
#include "options.h"

typedef struct {
    int64_t files, bytes;          /* of the input; bytes of text, after decompression */
    int64_t tokens_read;           /* words of the text */
    int64_t tokens_kept;           /* of them, those in the vocabulary */
    int64_t words, distinct_words; /* in the vocabulary; before rare ones were dropped */
    int64_t documents;             /* also those of which no word was kept */
    int64_t repaired;              /* NUL bytes and invalid sequences that became U+FFFD */
    int64_t spilled;               /* bytes of ids that went through scratch files */
    double seconds;                /* wall clock */
    char hash[33];                 /* content hash of the corpus */
} prepare_report;

/* Collective. Read the inputs (input_list_expand) with all ranks and threads and write the corpus
 * to output_path, replacing what is there. The datasets are the same bytes for any number of ranks
 * and threads. Options used: those of "reading text", --threads and --memory. */
status prepare_corpus(const options *o, const string_list *inputs, const char *output_path,
                      const comm *world, prepare_report *report);

/* Collective. What a corpus file tells of itself: content hash and sizes. */
status prepare_describe(h5_file *file, const prepare_report *r);

#endif
