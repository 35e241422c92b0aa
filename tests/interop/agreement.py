# SPDX-License-Identifier: Apache-2.0
"""The measures of agreement as their definitions say, with NumPy and SciPy and n x n matrices.

Imported by tests that compare our program with it; run alone, it prints tests/mpi/agreement_cases.h.
"""
import sys

import numpy as np
from scipy import linalg, stats


def unit(x):
    """Rows of length 1; rows of zeros stay."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 1e-12, length, 1)


def left(x):
    """Left singular vectors of the singular values that are there, by NumPy's rule of rank."""
    u, s, _ = linalg.svd(x, full_matrices=False)
    return u[:, s > s[0] * max(x.shape) * np.finfo(float).eps]


def matrix_power(a, alpha):
    if alpha == int(alpha):
        return np.linalg.matrix_power(a, int(alpha))
    return linalg.fractional_matrix_power(a, alpha).real


def eis(x, y, e, f, alpha=3):
    p, q = (left(z) @ left(z).T for z in (x, y))
    power = sum(matrix_power(z @ z.T, alpha) for z in (e, f))
    return np.trace((p + q - 2 * q @ p) @ power) / np.trace(power)


def overlap(x, y):
    u, w = left(x), left(y)
    return np.linalg.norm(u.T @ w) ** 2 / max(u.shape[1], w.shape[1])


def pip(x, y):
    return np.linalg.norm(x @ x.T - y @ y.T)


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def cosines(x):
    return (x @ x.T)[np.triu_indices(len(x), 1)].round(9)


def rsa(x, y):
    if len(x) < 3:
        return np.nan, np.nan
    a, b = cosines(x), cosines(y)
    return stats.pearsonr(a, b)[0], stats.spearmanr(a, b)[0]


def align(x, y, method):
    """The mapped rows of x, and the scale."""
    if method in ("centred", "bias"):
        mapped, scale = align(x - x.mean(0), y - y.mean(0), "scaled" if method == "bias" else "plain")
        return mapped + y.mean(0), scale
    rotation, trace = linalg.orthogonal_procrustes(x, y)
    scale = trace / np.linalg.norm(x) ** 2 if method == "scaled" and x.any() else 1
    return scale * x @ rotation, scale


def cosine_rows(x, y):
    with np.errstate(invalid="ignore", divide="ignore"):
        return (x * y).sum(1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))


def procrustes(x, y):
    if x.shape != y.shape:
        return np.nan, np.nan
    mapped, _ = align(x, y, "plain")
    return np.nanmean(cosine_rows(mapped, y)), np.linalg.norm(mapped - y)


def measure(x, y, n_rsa=None):
    """In the order of agreement_values; RSA of the first words."""
    x, y = unit(x), unit(y)
    return [eis(x, y, x, y), overlap(x, y), pip(x, y), cka(x, y) if len(x) > 1 else np.nan,
            *rsa(x[:n_rsa], y[:n_rsa]), *procrustes(x, y)]


def spectrum(x, centred):
    """Eigenvalues, effective rank, participation ratio."""
    x = x - x.mean(0) if centred else x
    values = np.sort(linalg.eigvalsh(x.T @ x / len(x)))[::-1].clip(0)
    if not values.any():
        return values, np.nan, np.nan
    share = values / values.sum()
    entropy = -sum(p * np.log(p) for p in share if p > 0)
    return values, np.exp(entropy), values.sum() ** 2 / (values**2).sum()


# ---- stored cases, for tests without NumPy

def made(n, dim, seed, rank, modulus):
    """Whole numbers; the C test makes the same. rank > 0: later columns repeat earlier ones. With a
    small modulus rows repeat, and so do cosines."""
    i, j = np.indices((n, dim))
    if rank:
        j = j % rank
    return ((i * i * 7 + j * 13 + i * j * 5 + i * j * j * 3 + seed * 31) % modulus - modulus // 2).astype(float)


CASES = [
    ("alike", (9, 4, 1, 0, 23), (9, 4, 1, 0, 23)),
    ("small", (9, 4, 1, 0, 23), (9, 4, 2, 0, 23)),
    ("dimensions", (12, 5, 3, 0, 23), (12, 3, 4, 0, 23)),
    ("deficient", (11, 5, 5, 2, 23), (11, 5, 6, 0, 23)),
    ("few_words", (3, 4, 7, 0, 23), (3, 4, 8, 0, 23)),
    ("two_words", (2, 4, 7, 0, 23), (2, 4, 8, 0, 23)),
    ("one_word", (1, 3, 9, 0, 23), (1, 3, 10, 0, 23)),
    ("ties", (600, 12, 11, 0, 23), (600, 12, 12, 0, 23)),
    ("large", (1100, 50, 13, 0, 9973), (1100, 50, 14, 0, 9973)),
    ("large_dimensions", (530, 40, 15, 0, 9973), (530, 33, 16, 0, 9973)),
]


def number(x):
    return "NAN" if np.isnan(x) else repr(float(x))


def main(out):
    out.write("// SPDX-License-Identifier: Apache-2.0\n"
              "/* Made by tests/interop/agreement.py (NumPy, SciPy). */\n"
              "static const agreement_case cases[] = {\n")
    for name, x, y in CASES:
        a, b = made(*x), made(*y)
        values = measure(a, b)
        spectra = [spectrum(unit(a), centred) for centred in (False, True)]
        maps = [(np.linalg.norm(align(unit(a), unit(b), m)[0] - unit(b)), align(unit(a), unit(b), m)[1])
                if a.shape == b.shape else (np.nan, np.nan) for m in ("plain", "centred", "scaled", "bias")]
        out.write(f'    {{"{name}", {{{", ".join(map(str, x))}}}, {{{", ".join(map(str, y))}}},\n')
        out.write("     {" + ", ".join(map(number, values)) + "},\n")
        out.write("     {" + ", ".join("{%s, %s, %s}" % (number(v[0]), number(e), number(p))
                                       for v, e, p in spectra) + "},\n")
        out.write("     {" + ", ".join("{%s, %s}" % tuple(map(number, m)) for m in maps) + "}},\n")
    out.write("};\n")


if __name__ == "__main__":
    main(sys.stdout)
