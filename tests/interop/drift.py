#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""drift.py periods RESULT.h5 PREFIX: every number of a result of `drift` between periods, whose runs are
PREFIX<set>-<period>-<run>.h5 (set 0 = what happened; of controls, those with both periods of a step are the
step's), from the runs' own vectors; to 1e-6.
drift.py epochs RESULT.h5 RUN.h5: the same between the epochs of a run."""
import glob
import sys

import h5py
import numpy as np
from scipy import linalg, stats

from stability import failed, nearest, same, table, words_of

SHIFT, TURNOVER, PRIOR, LIKES, STEP = 25, 10, 10, 400, 50


def rows_of(run, words, path="vectors"):
    place = {w: i for i, w in enumerate(words_of(run))}
    return run[path][:].astype(float)[[place[w] for w in words]]


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def one_less_cosine(x, y):
    return 1 - np.sum(unit(x) * unit(y), axis=1)


def aligned(x, y):
    return linalg.orthogonal_procrustes(unit(x), unit(y))[0]


def shift(x, y):
    x, y = unit(x), unit(y)
    lists = [nearest(z, SHIFT) for z in (x, y)]
    moved = []
    for w, (a, b) in enumerate(zip(*lists)):
        both = sorted(a | b)
        s, t = x[both] @ x[w], y[both] @ y[w]
        moved.append(1 - s @ t / np.sqrt((s @ s) * (t @ t)))
    return np.array(moved)


def turnover(x, y):
    return np.array([1 - len(a & b) / TURNOVER for a, b in zip(nearest(unit(x), TURNOVER), nearest(unit(y), TURNOVER))])


def interval(pairs):
    """Mean of a matrix [first group, second group] with its interval: runs of each group are left out in turn."""
    variance, squares = 0, 0
    for axis in (0, 1):
        n = pairs.shape[axis]
        left = np.array([np.delete(pairs, i, axis).mean() for i in range(n)])
        part = (n - 1) / n * np.sum((left - left.mean()) ** 2)
        variance, squares = variance + part, squares + part ** 2 / (n - 1)
    degrees = max(1, int(variance ** 2 / squares + 1e-9)) if squares else sum(pairs.shape) - 1
    reach = stats.t.ppf(.975, degrees) * np.sqrt(variance)
    return pairs.mean(), max(pairs.mean() - reach, 0), min(pairs.mean() + reach, 2)


def at_places(values):
    """A smooth curve from its values at every STEP-th word and the last."""
    n = len(values)
    places = sorted(set(range(0, n, STEP)) | {n - 1})
    return np.interp(np.arange(n), places, [values[p] for p in places])


def likes(n, word):
    size = min(n, LIKES)
    begin = min(max(word - size // 2, 0), n - size)
    return slice(begin, begin + size)


def significance(real, control):
    c, n = control.shape
    others = [np.delete(control, i, 0) for i in range(c)]
    if c > 1:
        scores = np.array([real - control.mean(0)] + [control[i] - others[i].mean(0) for i in range(c)])
    else:
        scores = np.array([real, control[0]])
    if c >= 3:
        prior = at_places([control.var(0, ddof=1)[likes(n, w)].mean() for w in range(n)])
        own = [(c - 1) * control.var(0, ddof=1)] + [(c - 2) * o.var(0, ddof=1) for o in others]
        degrees = np.array([c - 1] + [c - 2] * c)[:, None]
        scores /= np.sqrt((PRIOR * prior + np.array(own)) / (PRIOR + degrees))
    centre = at_places([np.median(scores[1:, likes(n, w)]) for w in range(n)])
    def deviation(w):
        x = scores[1:, likes(n, w)]
        return 1.4826 * np.median(np.abs(x - np.median(x)))
    scores = (scores - centre) / at_places([deviation(w) for w in range(n)])
    null = scores[1:].ravel()
    def p(slack):
        return np.array([(1 + np.sum(null >= s + slack)) / (1 + len(null)) for s in scores[0]])
    return scores[0], p(1e-6), p(-1e-6)


def benjamini_hochberg(p):
    order = np.argsort(p)
    steps = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1, np.minimum.accumulate(steps[::-1])[::-1])
    return q


def check_words(words, expected):
    for name, values in expected.items():
        same("words: " + name, words[name], values)


def paths_of(prefix, number, period):
    return sorted(glob.glob(f"{prefix}{number}-{period + 1}-*.h5"))


def controls_of(prefix, ends):
    """The numbers of the sets that have runs of both periods of a step."""
    return [i for i in range(1, 10) if all(paths_of(prefix, i, period) for period in ends)]


def change_of_set(prefix, number, ends, words):
    """All pairs of runs of the two periods of a step, and of runs within a period."""
    runs = [[rows_of(h5py.File(p), words) for p in paths_of(prefix, number, period)] for period in ends]
    def displacement(x, y):
        return one_less_cosine(unit(x) @ aligned(x, y), y)
    between = np.array([[displacement(x, y) for y in runs[1]] for x in runs[0]])
    within = [np.mean([displacement(x, y) for i, x in enumerate(group) for y in group[i + 1:]], axis=0)
              for group in runs]
    return runs, between, np.mean(within, axis=0)


def rows_of_step(rows, ends):
    here = (rows["from"] == ends[0]) & (rows["to"] == ends[1])
    return {name: np.array(values)[here] for name, values in rows.items()}


def check_step(ends, words, steps, bins, prefix):
    """Tables of one step; the vectors of the first run of each of its periods."""
    runs, between, within = change_of_set(prefix, 0, ends, words["word"])
    sets = controls_of(prefix, ends)
    same("controls", steps["n_controls"], [len(sets)])
    control = np.array([change_of_set(prefix, i, ends, words["word"])[1].mean((0, 1)) for i in sets])
    means = np.array([interval(between[:, :, w]) for w in range(between.shape[2])]).T
    score, least_p, most_p = significance(means[0], control)
    # p counts: scores that are equal but for rounding may fall on either side
    p = np.clip(words["p"], least_p, most_p)
    q = benjamini_hochberg(p)
    pairs = [(x, y) for x in runs[0] for y in runs[1]]
    expected = {"change": means[0], "low": means[1], "high": means[2], "within": within, "control": control.mean(0),
                "excess": means[0] - control.mean(0), "score": score, "p": p, "q": q, "significant": q <= .05,
                "displacement_aligned": means[0],
                "neighbourhood_shift": np.mean([shift(x, y) for x, y in pairs], axis=0),
                "turnover": np.mean([turnover(x, y) for x, y in pairs], axis=0)}
    check_words(words, expected)
    same("rank", words["rank"], np.arange(1, len(p) + 1))
    same("lowest p", steps["lowest_p"], [1 / (1 + len(sets) * len(p))])
    for rows, first, last in [(steps, [1], [len(p)]), (bins, bins["first"], bins["last"])]:
        for i, (a, b) in enumerate(zip(first, last)):
            part = slice(a - 1, b)
            for name, value in zip(("change", "low", "high"), interval(between[:, :, part].mean(2))):
                same(f"{a}-{b}: {name}", rows[name][i], value)
            for name in ("within", "control", "neighbourhood_shift", "turnover"):
                same(f"{a}-{b}: {name}", rows[name][i], expected[name][part].mean())
            same(f"{a}-{b}: n_significant", rows["n_significant"][i], expected["significant"][part].sum())
    return {period: group[0] for period, group in zip(ends, runs)}


def check_neighbours(close, words, first_runs):
    place = {w: i for i, w in enumerate(words)}
    for period, rows in first_runs.items():
        x = unit(rows)
        for i in np.flatnonzero(close["period"] == period):
            cosines = x @ x[place[close["word"][i]]]
            cosine = cosines[place[close["neighbour"][i]]]
            furthest = np.sort(cosines)[-1 - TURNOVER]  # the nearest is the word itself
            same("cosine", close["cosine"][i], cosine)
            same("is a neighbour", max(0, furthest - cosine), 0)


def check_periods(result, prefix):
    tables = [table(result, name) for name in ("words", "steps", "bins")]
    first_runs = {}
    for ends in zip(tables[1]["from"], tables[1]["to"]):
        words, *means = (rows_of_step(rows, ends) for rows in tables)
        first_runs |= check_step(ends, words, *means, prefix)
    check_neighbours(table(result, "neighbours"), words["word"], first_runs)


def moves(x, y):
    rotation = aligned(x, y)
    norms = [np.linalg.norm(z, axis=1) for z in (x, y)]
    return {"displacement": one_less_cosine(x, y), "displacement_aligned": one_less_cosine(x @ rotation, y),
            "euclidean": np.linalg.norm(x - y, axis=1), "euclidean_aligned": np.linalg.norm(x @ rotation - y, axis=1),
            "norm": norms[1], "norm_change": norms[1] - norms[0], "turnover": turnover(x, y),
            "neighbourhood_shift": shift(x, y)}


def check_epochs(result, run):
    words, steps, epochs, spectrum = (table(result, name) for name in ("words", "word_steps", "epochs", "spectrum"))
    rows = [rows_of(run, words["word"], f"epochs/{e:04}/vectors") for e in range(1, len(epochs["to"]) + 1)]
    n, all_steps = len(words["word"]), []
    for e, (x, y) in enumerate(zip(rows, rows[1:])):
        expected = moves(x, y)
        all_steps.append(expected)
        check_words({name: steps[name][e * n:(e + 1) * n] for name in expected}, expected)
        for name, values in expected.items():
            same("epochs: " + name, epochs[name][e + 1], values.mean())
    check_words(words, moves(rows[0], rows[-1]))
    for name, of in (("path_displacement_aligned", "displacement_aligned"), ("path_turnover", "turnover")):
        same(name, words[name], np.sum([s[of] for s in all_steps], axis=0))
    for e, x in enumerate(rows):
        values = np.sort(linalg.eigvalsh(unit(x).T @ unit(x) / n))[::-1]
        share = values / values.sum()
        same("spectrum", spectrum["value"][spectrum["epoch"] == e + 1], values)
        same("shares", spectrum["share"][spectrum["epoch"] == e + 1], share)
        same("effective rank", epochs["effective_rank"][e], np.exp(-np.sum(share * np.log(share))))
        same("participation ratio", epochs["participation_ratio"][e], values.sum() ** 2 / np.sum(values ** 2))
        for name in ("loss", "update_norm"):
            same(name, epochs[name][e], run["training"][name][e])


if sys.argv[1] == "periods":
    check_periods(h5py.File(sys.argv[2]), sys.argv[3])
else:
    check_epochs(h5py.File(sys.argv[2]), h5py.File(sys.argv[3]))
print("FAILED" if failed else "every number agrees")
sys.exit(bool(failed))
