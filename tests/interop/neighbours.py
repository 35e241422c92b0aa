#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is our skip-gram gensim's? Two faithful programs share about as many neighbours as two seeds of one.

neighbours.py TEXT SEED1.bin SEED2.bin [--dim 300 --epochs 3 --min-count 5 --sample 1e-4] [--save FILE]
    trains gensim on TEXT with the settings that our two vector files were trained with
neighbours.py --compare OTHER.bin SEED1.bin SEED2.bin
    takes vectors of another program instead

Prints the mean overlap of the 10 nearest neighbours of the 1,000 most frequent words, and fails when
that of the two programs is below --at-least, or below nine tenths of that of our two seeds.
"""
import argparse
import gzip
import itertools
import sys
import time

import numpy as np
from gensim.models import KeyedVectors, Word2Vec

PIECE = 10000  # gensim drops the words of a sentence after this many


class Sentences:
    """Lines of a text as lists of words; long ones in pieces."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        open_text = gzip.open if self.path.endswith(".gz") else open
        with open_text(self.path, "rt", encoding="utf8") as lines:
            for line in lines:
                words = line.split()
                for begin in range(0, len(words), PIECE):
                    yield words[begin:begin + PIECE]


def nearest(vectors, n, k):
    """Ids of the k rows that are nearest to each of the first n rows by cosine, itself excluded."""
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    rows = []
    for begin in range(0, n, 250):
        end = min(begin + 250, n)
        scores = vectors[begin:end] @ vectors.T
        scores[np.arange(end - begin), np.arange(begin, end)] = -9
        rows.append(np.argpartition(-scores, k, axis=1)[:, :k])
    return np.vstack(rows)


def overlap(a, b, n, k, top):
    """Words in the order of a, which is by frequency; neighbours among the top common ones."""
    words = list(itertools.islice((w for w in a.index_to_key if w in b.key_to_index), top))
    n = min(n, len(words))
    near_a = nearest(np.stack([a[w] for w in words]), n, k)
    near_b = nearest(np.stack([b[w] for w in words]), n, k)
    return sum(len(set(x) & set(y)) for x, y in zip(near_a, near_b)) / float(n * k), n, len(words)


def load(path):
    return KeyedVectors.load_word2vec_format(path, binary=True)


def train(o):
    begin = time.time()
    model = Word2Vec(Sentences(o.text), vector_size=o.dim, window=5, negative=5, sg=1, hs=0, sample=o.sample,
                     min_count=o.min_count, epochs=o.epochs, alpha=o.learning_rate, min_alpha=1e-5,
                     workers=o.workers, seed=o.seed)
    print("gensim: %d words, %.0f s" % (len(model.wv), time.time() - begin), flush=True)
    if o.save:
        model.wv.save_word2vec_format(o.save, binary=True)
    return model.wv


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="the text, or vectors to compare with --compare")
    parser.add_argument("vectors", nargs=2, help="word2vec binary files of wordshard export")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--save", default="")
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-4)
    parser.add_argument("--learning-rate", type=float, default=0.025)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-least", type=float, default=0)
    return parser.parse_args()


def report(name, a, b):
    shared, n, candidates = overlap(a, b, 1000, 10, 30000)
    print("%-18s overlap@10 = %.3f  words = %d  candidates = %d  chance = %.4f"
          % (name, shared, n, candidates, 10.0 / candidates), flush=True)
    return shared


def main():
    o = read_options()
    ours = [load(path) for path in o.vectors]
    other = load(o.text) if o.compare else train(o)
    least = max(o.at_least, 0.9 * report("two seeds", *ours))
    programs = np.mean([report("program and seed %d" % (i + 1), x, other) for i, x in enumerate(ours)])
    if programs < least:
        sys.exit("the programs share %.3f, at least %.3f is expected" % (programs, least))
    print("as close as two seeds: %.3f, at least %.3f is expected" % (programs, least))


if __name__ == "__main__":
    main()
