// SPDX-License-Identifier: Apache-2.0
/* The Huffman tree of a corpus. Words of equal count are joined in the order of their first place
 * in the corpus, so that words of one document become neighbours; most words of a corpus are rare
 * and have many of their count. word2vec.c's tree comes out like this, as its words enter in the
 * order of the text; joined in alphabetical order, the same counts predict worse. */
#ifndef WORDSHARD_WORD_TREE_H
#define WORDSHARD_WORD_TREE_H

#include "comm.h"
#include "corpus_file.h"
#include "huffman.h"

/* Collective. The same on every rank, and for any number of ranks. */
status word_tree_create(huffman *tree, const corpus_file *corpus, const comm *world);

#endif
