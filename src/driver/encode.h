// SPDX-License-Identifier: Apache-2.0
/* From logs of tokens to the word ids and documents of a corpus file.
 *
 * A document starts at the first word after a gap of at least `threshold` (LEXER_LINE, LEXER_BLANK
 * or LEXER_FILE), kept or not; a token without words leaves the gap open. */
#ifndef WORDSHARD_ENCODE_H
#define WORDSHARD_ENCODE_H

#include "comm.h"
#include "h5.h"
#include "lexer.h"
#include "vocabulary.h"

/* A stretch of text as its neighbours need to know it. */
typedef struct {
    int64_t kept;   /* words in the vocabulary */
    int64_t starts; /* documents that start in it, not counting its first word */
    int32_t lead;   /* gap before its first word; all there is, if it has none */
    int32_t tail;   /* gap after its last word; the same, if it has none */
    int32_t has_words;
} encode_stretch;

/* Two stretches, one after the other, as one. Associative. */
encode_stretch encode_join(encode_stretch a, encode_stretch b, int threshold);

typedef struct encoder encoder;

typedef struct {
    int64_t tokens, documents; /* of all ranks */
    uint64_t hash_a, hash_b;   /* content_hash terms of both, of all ranks */
} encode_result;

/* Collective. logs: of this rank's readers, as v->readers; units must be contiguous by rank.
 * Borrows logs and v until encode_close. */
status encode_open(encoder **e, idlog *logs, const vocabulary *v, int threshold, const comm *world);
/* Collective. Write /tokens and /documents, once: the logs are forgotten on the way. */
status encode_write(encoder *e, h5_file *file, encode_result *result);
void encode_close(encoder **e);

#endif
