#!/usr/bin/python3
"""Writes two_samples_golden.h: statistics of two samples, and p-values, from SciPy 1.10.

    /usr/bin/python3 test/unit/golden/two_samples.py

The samples are computed alike here and in the test: reference i is
(i * 7919 mod m) / m, current i is (i * 104729 mod k) / k, times itself, plus shift.
"""
import pathlib
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore")
CASES = [  # n0, m, n1, k, shift
    (7, 1009, 5, 1013, 0.0), (30, 1009, 20, 1013, 0.25), (50, 7, 40, 5, 0.0), (1000, 1009, 1000, 1013, 0.0),
    (1000, 997, 700, 1013, 0.125), (300, 11, 500, 11, 0.0), (9999, 10007, 10000, 10009, 0.15), (12000, 12007, 30, 1013, 0.125),
    (20000, 20011, 30000, 30011, 0.15), (150000, 150001, 120000, 120011, 0.1601), (12000, 12007, 15000, 15013, 0.3), (20, 4, 30, 4, 0.0),
]


def line(values):
    return "{" + ", ".join(float(v).hex() if np.isfinite(v) else "NAN" for v in values) + "},"


out = ["/* Written by two_samples.py: do not edit. */", "/* clang-format off */",
       "static const TwoSampleCase two_sample_cases[] = {"]
for n0, m, n1, k, shift in CASES:
    ref = (np.arange(1, n0 + 1) * 7919 % m) / m
    cur = (np.arange(1, n1 + 1) * 104729 % k) / k
    cur = cur * cur + shift
    ks = stats.ks_2samp(ref, cur)
    cvm = stats.cramervonmises_2samp(ref, cur, method="asymptotic")
    ad = stats.anderson_ksamp([ref, cur])
    values = [ks.statistic, ks.pvalue, stats.wasserstein_distance(ref, cur), stats.energy_distance(ref, cur),
              cvm.statistic, cvm.pvalue, ad.statistic, ad.significance_level]
    out.append(f"\t{{{n0}, {m}, {n1}, {k}, {float(shift).hex()}, {line(values)[:-1]}}},")
out.append("};")
out.append("static const double kolmogorov_tails[][3] = {")
for n in (1, 2, 5, 10, 30, 100, 140, 141, 500, 5000, 100000, 100001, 1000000):
    for z in (0.3, 0.5, 0.6, 0.8, 1.0, 1.36, 1.48, 1.6, 1.9, 2.5, 5.0):
        d = z / np.sqrt(n)
        if d < 1:
            out.append("\t" + line([n, d, stats.kstwo.sf(d, n)]))
out.append("};")
out.append("static const double chi_square_tails[][3] = {")
for df in (1, 2, 3, 9, 25, 100, 1000, 20000):
    for z in (-2.5, -1.0, 0.0, 1.0, 3.0, 8.0, 20.0):
        x = df + z * np.sqrt(2 * df)
        if x > 0:
            out.append("\t" + line([x, df, stats.chi2.sf(x, df)]))
out.append("};")
out.append("static const double cramer_von_mises_tails[][2] = {")
for x in (0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.347, 0.461, 0.743, 1.167, 2.0):
    out.append("\t" + line([x, 1.0 if x < 0.003 else 1.0 - stats._hypotests._cdf_cvm_inf(x)]))
out.append("};")
pathlib.Path(__file__).with_name("two_samples_golden.h").write_text("\n".join(out) + "\n")
