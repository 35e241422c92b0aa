#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other programs read our files: h5py, NumPy and gensim against corpus.h5, run.h5 and its exports.

check_files.py FOLDER    FOLDER holds text.txt, corpus.h5, run.h5 and vectors.{bin,txt,glove,npy}
"""
import collections
import os
import sys

import gensim
import h5py
import numpy as np

passed = failed = 0


def claim(name, holds):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("FAILED " + name)


def has(file, name, dtype, shape):
    data = file.get(name)
    good = isinstance(data, h5py.Dataset) and data.dtype == dtype and data.shape == shape
    claim("%s %s is %s %s" % (os.path.basename(file.filename), name, dtype, shape), good)
    return good


def vocabulary(file):
    text = file["/vocab/bytes"][:].tobytes()
    offsets = file["/vocab/offsets"][:]
    return [text[a:b].decode("utf8") for a, b in zip(offsets, offsets[1:])]


def check_corpus(folder):
    lines = open(os.path.join(folder, "text.txt"), encoding="utf8").read().splitlines()
    documents = [line.split() for line in lines]
    counts = collections.Counter(word for document in documents for word in document)
    order = sorted((w for w in counts if counts[w] >= 5), key=lambda w: (-counts[w], w.encode()))
    ids = {word: i for i, word in enumerate(order)}
    tokens = [[ids[w] for w in document if w in ids] for document in documents]
    offsets = np.cumsum([0] + [len(t) for t in tokens])
    with h5py.File(os.path.join(folder, "corpus.h5"), "r") as file:
        claim("corpus.h5 says what it is", file.attrs["format"] in ("wordshard corpus", b"wordshard corpus"))
        if has(file, "/tokens", np.int32, (offsets[-1],)):
            claim("tokens are the words of the text", (file["/tokens"][:] == np.concatenate(tokens)).all())
        if has(file, "/documents", np.int64, (len(documents) + 1,)):
            claim("documents are the lines of the text", (file["/documents"][:] == offsets).all())
        has(file, "/vocab/offsets", np.int64, (len(order) + 1,))
        if has(file, "/vocab/counts", np.int64, (len(order),)):
            claim("counts are those of the text", file["/vocab/counts"][:].tolist() == [counts[w] for w in order])
        claim("words are in order of count, then bytes", vocabulary(file) == order)
    return order, counts


def check_run(folder, order, counts):
    with h5py.File(os.path.join(folder, "run.h5"), "r") as file:
        n, dim = len(order), file["/vectors"].shape[1]
        claim("run.h5 says what it is", file.attrs["format"] in ("wordshard run", b"wordshard run"))
        has(file, "/vectors", np.float32, (n, dim))
        has(file, "/context", np.float32, (n, dim))
        if has(file, "/counts", np.int64, (n,)):
            claim("run counts are those of the text", file["/counts"][:].tolist() == [counts[w] for w in order])
        names = [w.decode("utf8") if isinstance(w, bytes) else w for w in file["/words"][:]]
        claim("/words is readable without us", names == order)
        claim("the vocabulary of the run is that of the corpus", vocabulary(file) == order)
        epochs = sorted(file["/epochs"])
        claim("epochs are numbered from 0001", epochs == ["%04d" % (i + 1) for i in range(len(epochs))])
        claim("the last epoch is the final table",
              file["/epochs/%s/vectors" % epochs[-1]][:].tobytes() == file["/vectors"][:].tobytes())
        if has(file, "/training/loss", np.float64, (len(epochs),)):
            claim("the loss falls", file["/training/loss"][-1] < file["/training/loss"][0])
        claim("provenance has attributes", len(file["/provenance"].attrs) > 10)
        return file["/vectors"][:]


def check_exports(folder, order, vectors):
    def at(ending):
        return os.path.join(folder, "vectors." + ending)

    load = gensim.models.KeyedVectors.load_word2vec_format
    for ending, binary in (("bin", True), ("txt", False)):
        loaded = load(at(ending), binary=binary)
        claim("gensim reads the words of vectors." + ending, loaded.index_to_key == order)
        claim("gensim reads the same bits from vectors." + ending, loaded.vectors.tobytes() == vectors.tobytes())
    loaded = load(at("glove"), binary=False, no_header=True)
    claim("gensim reads the words of GloVe text", loaded.index_to_key == order)
    claim("gensim reads the same bits from GloVe text", loaded.vectors.tobytes() == vectors.tobytes())
    array = np.load(at("npy"))
    claim("NumPy reads float32 [V, dim]", array.dtype == np.float32 and array.shape == vectors.shape)
    claim("NumPy reads the same bits", array.tobytes() == vectors.tobytes())
    names = open(at("npy") + ".words.txt", encoding="utf8").read().splitlines()
    claim("words beside the .npy file", names == order)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    words, word_counts = check_corpus(sys.argv[1])
    check_exports(sys.argv[1], words, check_run(sys.argv[1], words, word_counts))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed > 0)
