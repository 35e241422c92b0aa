#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stability.py RESULT.h5 K N_RSA RUN.h5...: every number of a result of `stability` (one group of runs)
from the runs' own vectors by NumPy and SciPy, to 1e-6."""
import sys

import h5py
import numpy as np
from scipy import linalg, stats

failed = []


def same(name, ours, theirs, within=1e-6):
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    worst = np.nanmax(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)), initial=0)
    if not (ours.shape == theirs.shape and np.array_equal(np.isnan(ours), np.isnan(theirs)) and worst <= within):
        failed.append(name)
        print(f"FAILED {name}: differs by {worst}: {ours.ravel()[:3]} {theirs.ravel()[:3]}")


def texts(group):
    raw, at = bytes(group["bytes"][:]), group["offsets"][:]
    return [raw[at[i]:at[i + 1]].decode() for i in range(len(at) - 1)]


def words_of(run):
    raw, at = bytes(run["vocab/bytes"][:]), run["vocab/offsets"][:]
    return [raw[at[i]:at[i + 1]].decode() for i in range(len(at) - 1)]


def table(result, name):
    found = {}
    for column, data in result["tables"][name].items():
        found[column] = texts(data) if isinstance(data, h5py.Group) else data[:]
    return found


def shared_rows(runs, words):
    rows = []
    for run in runs:
        place = {w: i for i, w in enumerate(words_of(run))}
        x = run["vectors"][:].astype(float)[[place[w] for w in words]]
        rows.append(x / np.linalg.norm(x, axis=1, keepdims=True))
    return rows


def nearest(x, k):
    cosines = x @ x.T
    np.fill_diagonal(cosines, -np.inf)
    return [set(row) for row in np.argpartition(-cosines, k - 1, axis=1)[:, :k]]


def eis(x, y, alpha=3):
    u, s, _ = linalg.svd(x, full_matrices=False)
    w, t, _ = linalg.svd(y, full_matrices=False)
    def trace(a):  # tr(a Sigma), a = b b'
        return np.sum((u * s ** alpha).T @ a @ (u * s ** alpha) * np.eye(len(s))) + \
            np.sum((w * t ** alpha).T @ a @ (w * t ** alpha) * np.eye(len(t)))
    p, q = u @ u.T, w @ w.T
    return trace(p + q - 2 * q @ p) / (np.sum(s ** (2 * alpha)) + np.sum(t ** (2 * alpha)))


def pair_values(x, y, n_rsa):
    u, w = linalg.svd(x, full_matrices=False)[0], linalg.svd(y, full_matrices=False)[0]
    xc, yc = x - x.mean(0), y - y.mean(0)
    upper = np.triu_indices(n_rsa, 1)
    cx, cy = (x[:n_rsa] @ x[:n_rsa].T)[upper], (y[:n_rsa] @ y[:n_rsa].T)[upper]
    rotation, _ = linalg.orthogonal_procrustes(x, y)
    moved = x @ rotation
    cosine = np.sum(moved * y, axis=1)
    return {"eis": eis(x, y), "eigenspace_overlap": np.sum((u.T @ w) ** 2) / max(x.shape[1], y.shape[1]),
            "pip": linalg.norm(x @ x.T - y @ y.T),
            "cka": linalg.norm(yc.T @ xc) ** 2 / linalg.norm(xc.T @ xc) / linalg.norm(yc.T @ yc),
            "rsa_pearson": stats.pearsonr(cx, cy)[0], "rsa_spearman": stats.spearmanr(cx, cy)[0],
            "procrustes_cosine": cosine.mean(), "procrustes_residual": linalg.norm(moved - y)}, 1 - cosine


def jackknife(pairs, share=True):
    n = len(pairs)
    upper = np.triu_indices(n, 1)
    left = [np.delete(np.delete(pairs, i, 0), i, 1)[np.triu_indices(n - 1, 1)].mean() for i in range(n)]
    error = np.sqrt((n - 1) / n * np.sum((left - np.mean(left)) ** 2))
    reach = stats.t.ppf(.975, n - 1) * error
    mean = pairs[upper].mean()
    low, high = mean - reach, mean + reach
    if share:
        low, high = max(low, 0), min(high, 1)
    return mean, pairs[upper].std(ddof=1), low, high


def main():
    result, k, n_rsa = h5py.File(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    runs = [h5py.File(path) for path in sys.argv[4:]]
    n = len(runs)
    upper = np.triu_indices(n, 1)
    words = table(result, "words")
    rows = shared_rows(runs, words["word"])
    shared = set.intersection(*(set(words_of(r)) for r in runs)) - {"</s>", "<unk>"}
    if not set(words["word"]) <= shared:
        failed.append("words are shared")
    lists = [nearest(x, k) for x in rows]
    each = np.zeros((len(words["word"]), n, n))
    jaccard = np.zeros((n, n))
    for a in range(n):
        for b in range(a + 1, n):
            both = np.array([len(p & q) for p, q in zip(lists[a], lists[b])])
            each[:, a, b] = each[:, b, a] = both / k
            jaccard[a, b] = jaccard[b, a] = np.mean(both / (2 * k - both))
    judged = np.array([jackknife(e) for e in each])
    for i, name in enumerate(("mean", "sd", "low", "high")):
        same("words: " + name, words[name], judged[:, i])

    pairs, displacement = table(result, "pairs"), []
    matrices = {"overlap": each.mean(0), "jaccard": jaccard}
    for a, b in zip(*upper):
        values, moved = pair_values(rows[a], rows[b], n_rsa)
        displacement.append(moved)
        for name, value in values.items():
            matrices.setdefault(name, np.zeros((n, n)))[a, b] = value
            matrices[name][b, a] = value
    same("words: displacement", words["displacement"], np.mean(displacement, axis=0))
    measures = table(result, "measures")
    for i, name in enumerate(measures["measure"]):
        same("pairs: " + name, pairs[name], matrices[name][upper])
        same("measures: " + name, [measures[c][i] for c in ("mean", "sd", "low", "high")], jackknife(matrices[name], name in ("overlap", "jaccard", "eigenspace_overlap", "cka")))
    bins = table(result, "bins")
    for i, (first, last) in enumerate(zip(bins["first"], bins["last"])):
        same(f"bin {first}", [bins[c][i] for c in ("overlap", "sd", "low", "high")],
             jackknife(each[first - 1:last].mean(0)))
    spectrum = table(result, "spectrum")
    for r, x in enumerate(rows):
        values = np.sort(linalg.eigvalsh(x.T @ x / len(x)))[::-1]
        mine = spectrum["run"] == r
        same("spectrum", spectrum["value"][mine], values[:mine.sum()])
        same("shares", spectrum["share"][mine], (values / values.sum())[:mine.sum()])
    common = [len(set.intersection(*group)) / len(set.union(*group)) for group in zip(*lists)]
    same("j@k of all runs", result["facts"].attrs["jaccard_of_all_runs"], np.mean(common))
    print(f"{len(words['word'])} words, {n} runs: " + ("FAILED" if failed else "every number agrees"))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
