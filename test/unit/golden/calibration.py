#!/usr/bin/python3
"""Golden values for test_calibration.c: writes calibration_golden.h beside this script.

Isotonic: the blocks are those of scikit-learn 1.2.1's IsotonicRegression on float32
margins with ties, pooled by it a second time after each block's share has been
leaned on Platt's curve; leaning, centers and the two ends are as
src/core/calibration_isotonic.c documents. Platt: the minimum of the likelihood of
Lin, Lin and Weng (2007), found by SciPy 1.10.1 to machine precision, not by
their algorithm. Where only a share of the frauds is known, each known one has
the weight 1 / share, and as a legitimate row the weight 1 - 1 / share.
"""
import pathlib

import numpy as np
from scipy.optimize import root
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression


TREND_FRAUDS = 10


def sample(seed, n, decimals, shift):
    rng = np.random.default_rng(seed)
    margins = np.round(rng.normal(-1.5, 2.0, n), decimals).astype(np.float32)
    labels = (rng.random(n) < expit(0.8 * margins.astype(float) + shift)).astype(np.uint8)
    return margins, labels


def isotonic(margins, labels, known, queries):
    x = margins.astype(float)
    slope, intercept = platt(margins, labels, known)
    assert slope > 0
    fitted = IsotonicRegression().fit_transform(x, labels)
    least = 0.5 / (len(x) + 1)
    shares = np.empty(len(x))
    for share in np.unique(fitted):
        block = fitted == share
        trend = np.clip(expit(slope * x[block] + intercept).mean(), least, 1 - least)
        frauds = min(labels[block].sum() / known, block.sum())
        variance = trend * (1 - trend)
        shares[block] = (frauds * variance + TREND_FRAUDS * trend) / (block.sum() * variance + TREND_FRAUDS)
    shares = IsotonicRegression().fit_transform(x, shares).round(14)  # means of equal numbers differ in the last bits
    p = np.unique(shares)
    centers = [float(np.float32(x[shares == share].mean())) for share in p]
    low = max(p[0] / 2, p[0] - (p[1] - p[0]) / (centers[1] - centers[0]) * (centers[0] - x.min()))
    high = min((1 + p[-1]) / 2, p[-1] + (p[-1] - p[-2]) / (centers[-1] - centers[-2]) * (x.max() - centers[-1]))
    points = [(x.min() - np.ptp(x), low / 2)]
    if x.min() < centers[0]:
        points.append((x.min(), low))
    points.extend(zip(centers, p))
    if x.max() > centers[-1]:
        points.append((x.max(), high))
    points.append((x.max() + np.ptp(x), (1 + high) / 2))
    px, py = zip(*((float(np.float32(a)), b) for a, b in points))
    return np.interp(queries.astype(float), px, py)


def platt(margins, labels, known):
    x = margins.astype(float)
    frauds = labels.sum() / known
    others = len(x) - frauds
    fraud_target, other_target = (frauds + 1) / (frauds + 2), 1 / (others + 2)
    target = np.where(labels == 1, fraud_target / known + other_target * (1 - 1 / known), other_target)

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
    for name, seed, n, decimals, shift, known in (("fine", 1, 300, 4, -0.5, 1.0), ("ties", 2, 400, 1, -2.0, 0.75)):
        margins, labels = sample(seed, n, decimals, shift)
        queries = np.linspace(-30, 30, 241).astype(np.float32)
        values = isotonic(margins, labels, known, queries)
        slope, intercept = platt(margins, labels, known)
        out.append(f"static const double {name}_known = {known};")
        array(out, "float", f"{name}_margins", margins, single)
        array(out, "uint8_t", f"{name}_labels", labels, whole)
        array(out, "float", f"{name}_queries", queries, single)
        array(out, "double", f"{name}_isotonic", values, double)
        array(out, "double", f"{name}_platt", (slope, intercept), double)
    pathlib.Path(__file__).with_name("calibration_golden.h").write_text("\n".join(out) + "\n")


main()
