#!/usr/bin/python3
"""Golden values for test_calibration.c: writes calibration_golden.h beside this script.

Isotonic: scikit-learn 1.2.1's IsotonicRegression on float32 margins with ties; the
blocks at the ends that hold one class only get (k + 1/2) / (n + 1) as
src/core/calibration_fit.c documents. Platt: the minimum of the likelihood of
Lin, Lin and Weng (2007), found by SciPy 1.10.1 to machine precision, not by
their algorithm.
"""
import pathlib

import numpy as np
from scipy.optimize import root
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression


def sample(seed, n, decimals, shift):
    rng = np.random.default_rng(seed)
    margins = np.round(rng.normal(-1.5, 2.0, n), decimals).astype(np.float32)
    labels = (rng.random(n) < expit(0.8 * margins.astype(float) + shift)).astype(np.uint8)
    return margins, labels


def isotonic(margins, labels, queries):
    x = margins.astype(float)
    model = IsotonicRegression(out_of_bounds="clip").fit(x, labels)
    px, py = model.X_thresholds_.copy(), model.y_thresholds_.copy()
    for end, share in ((py.min(), 0.0), (py.max(), 1.0)):
        if end == share:
            first, last = px[py == end].min(), px[py == end].max()
            n = int(((x >= first) & (x <= last)).sum())
            py[py == end] = (share * n + 0.5) / (n + 1)
    return px, py, np.interp(queries.astype(float), px, py)


def platt(margins, labels):
    x = margins.astype(float)
    frauds, others = int(labels.sum()), int((1 - labels).sum())
    target = np.where(labels == 1, (frauds + 1) / (frauds + 2), 1 / (others + 2))

    def gradient(v):
        residual = expit(v[0] * x + v[1]) - target
        return [np.dot(residual, x), residual.sum()]

    solution = root(gradient, [0.5, 0.0], tol=1e-15)
    assert max(abs(g) for g in gradient(solution.x)) < 1e-9
    return solution.x


def array(out, kind, name, values, form):
    out.append(f"static const {kind} {name}[] = {{")
    line = "\t"
    for value in values:
        text = form(value) + ","
        if len(line) + len(text) > 96:
            out.append(line.rstrip())
            line = "\t"
        line += text + " "
    out.append(line.rstrip())
    out.append("};")


def main():
    out = ["/* Written by calibration.py: do not edit. */", "/* clang-format off */"]
    single = lambda v: float(v).hex() + "f"
    double = lambda v: float(v).hex()
    whole = lambda v: str(int(v))
    for name, seed, n, decimals, shift in (("fine", 1, 300, 4, -0.5), ("ties", 2, 400, 1, -2.0)):
        margins, labels = sample(seed, n, decimals, shift)
        queries = np.linspace(-9, 7, 65).astype(np.float32)
        _, _, values = isotonic(margins, labels, queries)
        slope, intercept = platt(margins, labels)
        array(out, "float", f"{name}_margins", margins, single)
        array(out, "uint8_t", f"{name}_labels", labels, whole)
        array(out, "float", f"{name}_queries", queries, single)
        array(out, "double", f"{name}_isotonic", values, double)
        array(out, "double", f"{name}_platt", (slope, intercept), double)
    pathlib.Path(__file__).with_name("calibration_golden.h").write_text("\n".join(out) + "\n")


main()
