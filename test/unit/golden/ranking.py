#!/usr/bin/python3
"""Golden values for test_ranking.c: writes ranking_golden.h beside this script.

scikit-learn 1.2.1: roc_auc_score, average_precision_score, log_loss (eps 1e-15),
brier_score_loss, precision_recall_curve. It has no expected calibration error;
that is computed with numpy.histogram, which bins as ranking.h defines.
"""
import pathlib

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)


def expected_calibration_error(labels, scores, weights, bins):
    edges = np.arange(bins + 1) / bins
    sums, _ = np.histogram(scores, edges, weights=weights * scores)
    frauds, _ = np.histogram(scores, edges, weights=weights * labels)
    return np.abs(sums - frauds).sum() / weights.sum()


def metrics(labels, scores, weights):
    precision, recall, _ = precision_recall_curve(labels, scores, sample_weight=weights)
    return [
        roc_auc_score(labels, scores, sample_weight=weights),
        average_precision_score(labels, scores, sample_weight=weights),
        log_loss(labels, scores, eps=1e-15, sample_weight=weights),
        brier_score_loss(labels, scores, sample_weight=weights),
        expected_calibration_error(labels, scores, weights, 15),
        # The curve's last point (recall 0, precision 1) is no threshold.
        precision[:-1][recall[:-1] >= 0.9].max(),
    ]


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
    rng = np.random.default_rng(3)
    out = ["/* Written by ranking.py: do not edit. */", "/* clang-format off */"]
    double = lambda v: float(v).hex()
    whole = lambda v: str(int(v))
    for name, n, rate, decimals in (("distinct", 250, 0.1, None), ("ties", 300, 0.3, 2), ("coarse", 200, 0.5, 1)):
        labels = (rng.random(n) < rate).astype(int)
        scores = rng.beta(1.0 + 1.5 * labels, 4.0 - 2.0 * labels)
        if decimals is not None:
            scores = np.round(scores, decimals)  # 0 and 1 occur, so clipping is tested
        weights = rng.poisson(1.0, n)
        array(out, "double", f"{name}_scores", scores, double)
        array(out, "uint8_t", f"{name}_labels", labels, whole)
        array(out, "uint32_t", f"{name}_weights", weights, whole)
        array(out, "double", f"{name}_plain", metrics(labels, scores, np.ones(n)), double)
        array(out, "double", f"{name}_weighted", metrics(labels, scores, weights.astype(float)), double)
    pathlib.Path(__file__).with_name("ranking_golden.h").write_text("\n".join(out) + "\n")


main()
