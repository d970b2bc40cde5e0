#!/usr/bin/python3
"""The measurements of statistics.sh: prints medians in milliseconds, and the ratios that matter."""
import re
import subprocess
import sys
import time

import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

rounds = int(sys.argv[1])
psql = sys.argv[2:]
COLUMNS = [f"c{i}" for i in range(1, 31)]


def run(sql):
    return subprocess.run(psql, input=sql, capture_output=True, text=True, check=True).stdout


run("""
CREATE EXTENSION fraud_detect;
SELECT setseed(0.5);
CREATE UNLOGGED TABLE pair AS SELECT random() + CASE WHEN i % 2 = 0 THEN 0 ELSE 0.001 END AS v, i % 2 = 1 AS c
FROM generate_series(1, 2000000) AS i;
CREATE UNLOGGED TABLE wide AS SELECT i % 2 = 1 AS c, """ + ", ".join(f"random() * {i + 1} AS c{i + 1}" for i in range(30)) + """
FROM generate_series(1, 1000000) AS i;
VACUUM ANALYZE pair, wide;
""")
rows = np.array([line.split("|") for line in run("SELECT v, c::int FROM pair;").split()], dtype=float)
label = rows[:, 1] == 1
value = np.ascontiguousarray(rows[:, 0])
reference, current = value[~label].copy(), value[label].copy()

SERIAL = "SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0;"
PARALLEL = "SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 1; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
SMALL = "SET work_mem = '4MB'; SET max_parallel_workers_per_gather = 0;"
KS = "SELECT fraud_ks_pvalue(v, c) FROM pair;"
AUC = "SELECT fraud_auc(v, c) FROM pair;"
AVG = "SELECT " + ", ".join(f"avg({c})" for c in COLUMNS) + " FROM wide;"
PSI = "SELECT " + ", ".join(f"fraud_psi({c}, c)" for c in COLUMNS) + " FROM wide;"
PROFILE = "SELECT length(fraud_profile(w)::text) FROM wide AS w;"
AGAINST = "SELECT length(fraud_profile_against(w, (SELECT p FROM base))::text) FROM wide AS w;"
run("CREATE TABLE base AS SELECT fraud_profile(w) AS p FROM wide AS w;")


def sql_time(settings, query):
    return float(re.search(r"Time: ([0-9.]+) ms", run(settings + "\n\\timing on\n" + query)).group(1))


def python_time(function):
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1000


measured = {
    "scipy ks_2samp": lambda: python_time(lambda: stats.ks_2samp(reference, current)),
    "fraud_ks_pvalue": lambda: sql_time(SERIAL, KS),
    "fraud_ks_pvalue, 4 MB": lambda: sql_time(SMALL, KS),
    "fraud_ks_pvalue, 2 processes": lambda: sql_time(PARALLEL, KS),
    "sklearn roc_auc_score": lambda: python_time(lambda: roc_auc_score(label, value)),
    "fraud_auc": lambda: sql_time(SERIAL, AUC),
    "fraud_auc, 4 MB": lambda: sql_time(SMALL, AUC),
    "fraud_auc, 2 processes": lambda: sql_time(PARALLEL, AUC),
    "avg of 30 columns": lambda: sql_time(SERIAL, AVG),
    "fraud_psi of 30": lambda: sql_time(SERIAL, PSI),
    "fraud_psi of 30, 2 processes": lambda: sql_time(PARALLEL, PSI),
    "fraud_profile of 30": lambda: sql_time(SERIAL, PROFILE),
    "fraud_profile of 30, 2 processes": lambda: sql_time(PARALLEL, PROFILE),
    "fraud_profile_against of 30": lambda: sql_time(SERIAL, AGAINST),
    "fraud_profile_against of 30, 2 processes": lambda: sql_time(PARALLEL, AGAINST),
}
times = {name: [] for name in measured}
for _ in range(rounds):
    for name, measure in measured.items():
        times[name].append(measure())
median = {name: float(np.median(values)) for name, values in times.items()}
for name, value in median.items():
    print(f"{name:42} {value:8.0f} ms")


def ratio(what, a, b):
    print(f"{what:60} {median[a] / median[b]:6.2f}")


ratio("KS, 1M + 1M, over SciPy's", "fraud_ks_pvalue", "scipy ks_2samp")
ratio("AUC, 1M + 1M, over scikit-learn's", "fraud_auc", "sklearn roc_auc_score")
ratio("PSI of 30 columns over avg", "fraud_psi of 30", "avg of 30 columns")
ratio("profile of 30 columns over avg", "fraud_profile of 30", "avg of 30 columns")
ratio("profile against a baseline over avg", "fraud_profile_against of 30", "avg of 30 columns")
for name in ("fraud_ks_pvalue", "fraud_auc", "fraud_psi of 30", "fraud_profile of 30", "fraud_profile_against of 30"):
    ratio(f"{name}: one process over two", name, f"{name}, 2 processes")
