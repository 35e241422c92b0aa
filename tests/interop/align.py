# SPDX-License-Identifier: Apache-2.0
"""align against NumPy and SciPy.

    align.py FOLDER A.h5 B.h5 RSA_WORDS [METHOD ROWS MAPPED.h5] [-- FOLDER ...]...

FOLDER has the tables of `wordshard align A.h5 B.h5 --csv FOLDER`; MAPPED.h5 is its -o.
"""
import csv
import sys

import h5py
import numpy as np

import agreement

NAMES = ["eis", "eigenspace_overlap", "pip", "cka", "rsa_pearson", "rsa_spearman", "procrustes_cosine",
         "procrustes_residual"]


def read_run(path):
    """{word: row}, float64 [V, dim]."""
    with h5py.File(path) as f:
        blob, offsets = f["vocab/bytes"][:].tobytes(), f["vocab/offsets"][:]
        words = [blob[a:b].decode() for a, b in zip(offsets, offsets[1:])]
        return {w: i for i, w in enumerate(words)}, f["vectors"][:].astype(float)


def read_table(folder, name):
    with open(f"{folder}/{name}.csv", newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


failed = 0


def expect(what, found, expected, most=1e-6):
    """found: what a cell has; empty = not defined."""
    global failed
    found = np.array([float(x) if x not in ("", None) else np.nan for x in np.ravel(found)])
    expected = np.ravel(np.array(expected, float))
    worst = np.nanmax(np.abs(found - expected) / np.maximum(1, np.abs(expected)), initial=0)
    if (np.isnan(found) != np.isnan(expected)).any() or worst > most:
        failed += 1
        print(f"{what}: {found[:5]} expected {expected[:5]}, off by {worst:.2g}")
    else:
        print(f"{what}: off by {worst:.2g}")


def check_measures(folder, x, y, n_rsa):
    found = {row["measure"]: row["value"] for row in read_table(folder, "measures")}
    values = agreement.measure(x, y, n_rsa)
    for name, value in zip(NAMES, values):
        expect(name, [found[name]], [value])


def check_words(folder, x, y, method):
    rows = read_table(folder, "words")
    mapped, _ = agreement.align(x, y, method)
    expect("displacement", [r["displacement"] for r in rows], 1 - agreement.cosine_rows(x, y))
    expect("displacement_aligned", [r["displacement_aligned"] for r in rows],
           1 - agreement.cosine_rows(mapped, y))


def check_mapped(path, places, x, y, whole, method):
    """The mapping as it was written takes x to where SciPy's takes it; all vectors are mapped by it."""
    with h5py.File(path) as f:
        rotation, bias = f["mapping/rotation"][:], f["mapping/bias"][:]
        scale, vectors = f["mapping"].attrs["scale"], f["vectors"][:].astype(float)
    expect("rotation is orthogonal", rotation.T @ rotation, np.eye(len(rotation)))
    expected, expected_scale = agreement.align(x, y, method)
    expect("scale", [scale], [expected_scale])
    expect("shared words mapped", scale * x @ rotation + bias, expected)
    expect("shared words in the file", vectors[places], expected)
    expect("all words in the file", vectors, scale * whole @ rotation + bias)


def main(folder, a, b, n_rsa, method="plain", rows="unit", mapped=None):
    (a_ids, a_rows), (b_ids, b_rows) = read_run(a), read_run(b)
    words = [row["word"] for row in read_table(folder, "words")]
    a_places = [a_ids[w] for w in words]
    x, y = a_rows[a_places], b_rows[[b_ids[w] for w in words]]
    check_measures(folder, x, y, int(n_rsa))
    if x.shape == y.shape:
        scaled = agreement.unit if rows == "unit" else np.asarray
        check_words(folder, scaled(x), scaled(y), method)
        if mapped:
            check_mapped(mapped, a_places, scaled(x), scaled(y), scaled(a_rows), method)


if __name__ == "__main__":
    for job in " ".join(sys.argv[1:]).split(" -- "):
        print(job)
        main(*job.split())
    sys.exit(1 if failed else 0)
