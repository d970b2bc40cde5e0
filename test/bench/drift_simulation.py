#!/usr/bin/python3
"""How often drift statistics cry wolf, and what they miss: the figures of docs/statistics.md.

    test/bench/drift_simulation.sh        runs it against a private server

Draws samples (NumPy, seed 1) and asks the server, by both methods, for the same samples.
"""
import subprocess
import sys

import numpy as np

RUNS = 1000
psql = sys.argv[1:]
rng = np.random.default_rng(1)


def in_server(sql, rows):
    """Runs SQL over the table sim(run, v, c), loaded with rows; returns lines."""
    copy = "\n".join(f"{run}\t{v!r}\t{'t' if c else 'f'}" for run, v, c in rows)
    script = ("CREATE TEMP TABLE sim (run int, v float8, c bool);\nCOPY sim FROM STDIN;\n" + copy + "\n\\.\n" + sql)
    out = subprocess.run(psql, input=script, capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.split("\n") if line]


def table(reference, current):
    for run, (r, c) in enumerate(zip(reference, current)):
        yield from ((run, float(v), False) for v in r)
        yield from ((run, float(v), True) for v in c)


print("False alarms of chi-square at 0.05, 1000 rows on each side, %d runs" % RUNS)
for k in (3, 10, 30):
    p = rng.dirichlet(np.full(k, 5.0))
    ref = rng.choice(k, (RUNS, 1000), p=p)
    cur = rng.choice(k, (RUNS, 1000), p=p)
    ours, theirs = in_server(
        "SELECT count(*) FILTER (WHERE q < 0.05), count(*) FILTER (WHERE e < 0.05) FROM (SELECT "
        "fraud_chi_square_pvalue(v::int::text, c) AS q, fraud_chi_square_pvalue(v::int::text, c, 'evidently') AS e FROM sim GROUP BY run) AS s;",
        table(ref, cur))[0]
    print(f"  {k:2} categories: {100 * int(ours) / RUNS:.1f} % contingency, {100 * int(theirs) / RUNS:.1f} % goodness of fit (evidently)")

query = ("SELECT count(*) FILTER (WHERE fa), count(*) FILTER (WHERE fp), count(*) FILTER (WHERE fe), count(*) FILTER (WHERE fw) FROM (SELECT "
         "fraud_chi_square_pvalue(v, c) < 0.05 AS fa, fraud_psi(v, c) > 0.1 AS fp, fraud_psi(v, c, 'evidently') > 0.1 AS fe, "
         "fraud_ks_pvalue(v, c) < 0.05 AS fw FROM sim GROUP BY run) AS s;")
for sigma in (1.2, 2.0):
    print(f"Log-normal amounts (sigma {sigma}), 5000 rows on each side, {RUNS // 5} runs: found")
    ref = rng.lognormal(3.0, sigma, (RUNS // 5, 5000))
    cur = rng.lognormal(3.0, sigma, (RUNS // 5, 5000)) * 1.5
    same = rng.lognormal(3.0, sigma, (RUNS // 5, 5000))
    for name, sample in (("times 1.5", cur), ("unchanged", same)):
        share = [100 * int(x) / (RUNS // 5) for x in in_server(query, table(ref, sample))[0]]
        print(f"  {name}: PSI > 0.1 {share[1]:.1f} %, its chi-square {share[0]:.1f} %, KS {share[3]:.1f} %; PSI > 0.1 of equal widths (evidently) {share[2]:.1f} %")

print("One value of 1e7 among 5000 current rows")
base = in_server("SELECT fraud_psi(v, c), fraud_psi(v, c, 'evidently'), fraud_wasserstein(v, c, 'evidently') FROM sim;", table(ref[:1], cur[:1]))[0]
wild = cur[:1].copy()
wild[0, 0] = 1e7
moved = in_server("SELECT fraud_psi(v, c), fraud_psi(v, c, 'evidently'), fraud_wasserstein(v, c, 'evidently') FROM sim;", table(ref[:1], wild))[0]
for name, before, after in zip(("PSI of deciles", "PSI of equal widths (evidently)", "Wasserstein, normed"), base, moved):
    print(f"  {name}: {float(before):.4f} becomes {float(after):.4f}")
