#!/usr/bin/python3
"""Golden values of test/sql/drift.sql, from SciPy 1.10 and NumPy 1.24, by Evidently's definitions.

    /usr/bin/python3 test/golden/drift.py

Not run by `make check`: the values stand in the test.
"""
import warnings

import numpy as np
from scipy import stats
from scipy.spatial import distance

warnings.simplefilter("ignore")


def fill(shares):
    least = shares[shares > 0].min()
    return np.where(shares == 0, least / 1e6 if least <= 1e-4 else 1e-4, shares)


def show(name, value):
    print(f"{name:20} {float(value)!r}")


i = np.arange(1, 1001)
ref = (i * 7919 % 1000) / 1000
cur = ref**1.2
show("ks", stats.ks_2samp(ref, cur).statistic)
show("ks p", stats.ks_2samp(ref, cur).pvalue)
show("wasserstein", stats.wasserstein_distance(ref, cur) / max(np.std(ref), 0.001))
edges = np.histogram_bin_edges(np.concatenate([ref, cur]), bins="sturges")
r = np.histogram(ref, edges)[0] / 1000
c = np.histogram(cur, edges)[0] / 1000
show("js", distance.jensenshannon(r, c))
show("psi", np.sum((fill(r) - fill(c)) * np.log(fill(r) / fill(c))))
show("kl", np.sum(fill(r) * np.log(fill(r) / fill(c))))
edges = np.histogram_bin_edges(np.unique(np.concatenate([ref, cur])), bins="sturges")
r = np.histogram(ref, edges)[0] / 1000
c = np.histogram(cur, edges)[0] / 1000
show("hellinger", np.sqrt(1 - np.sum(np.sqrt(r * c))))
show("cvm p", stats.cramervonmises_2samp(ref, cur).pvalue)
show("energy", stats.energy_distance(ref, cur))

r, c = np.array([500, 300, 200]), np.array([450, 330, 220])
show("psi", np.sum((r - c) / 1000 * np.log(r / c)))
show("js", distance.jensenshannon(r / 1000, c / 1000))
show("goodness of fit p", stats.chisquare(c, r).pvalue)
table = stats.chi2_contingency(np.array([r, c]), correction=False)
show("chi-square", table[0])
show("contingency p", table[1])

print("with ties")
ref = np.arange(1, 301) * 7919 % 11
cur = (np.arange(1, 501) * 104729 % 11) ** 2 / 11
ks = stats.ks_2samp(ref, cur)
cvm = stats.cramervonmises_2samp(ref, cur, method="asymptotic")
ad = stats.anderson_ksamp([ref, cur])
for name, value in (("ks", ks.statistic), ("ks_p", ks.pvalue), ("wasserstein", stats.wasserstein_distance(ref, cur)),
                    ("energy", stats.energy_distance(ref, cur)), ("cvm", cvm.statistic), ("cvm_p", cvm.pvalue),
                    ("ad", ad.statistic), ("ad_p", ad.significance_level)):
    print(f"\\set {name} {float(value)!r}")
