#!/usr/bin/python3
"""Statistics as aggregates: tests of two samples and rankings against SciPy and scikit-learn on arrays that are
in memory already, profiles and PSI of 30 columns against the columns' averages, and two workers against one process and
against one worker."""
import bench

try:
    import numpy as np
    from scipy import stats
    from sklearn.metrics import roc_auc_score
except ImportError as missing:
    bench.skip(str(missing))

connection = bench.connect()
COLUMNS = [f"c{i}" for i in range(1, 31)]
if not bench.exists(connection, "bench_pair"):
    bench.query(connection, f"""CREATE UNLOGGED TABLE bench_pair AS
        SELECT hashint8extended(i, 0) / 2.0::float8 ^ 64 + 0.5 + CASE WHEN i % 2 = 0 THEN 0 ELSE 0.001 END AS value,
          i % 2 = 1 AS is_current
        FROM generate_series(1, {2 * bench.ROWS}) AS i""")
    bench.query(connection, "SELECT setseed(0.5)")
    bench.query(connection, f"""CREATE UNLOGGED TABLE bench_wide AS
        SELECT i % 2 = 1 AS is_current, {', '.join(f'random() * {i} AS c{i}' for i in range(1, 31))}
        FROM generate_series(1, {bench.ROWS}) AS i""")
    bench.query(connection, "CREATE TABLE bench_profile AS SELECT fraud_profile(w) AS profile FROM bench_wide AS w")
    bench.query(connection, "VACUUM ANALYZE bench_pair, bench_wide, bench_profile")
rows = np.array(bench.query(connection, "SELECT value, is_current FROM bench_pair"), dtype=float)
is_current = rows[:, 1] == 1
value = np.ascontiguousarray(rows[:, 0])
reference, current = value[~is_current].copy(), value[is_current].copy()
del rows

QUERIES = {
    "fraud_ks_pvalue": "SELECT fraud_ks_pvalue(value, is_current) FROM bench_pair",
    "fraud_auc": "SELECT fraud_auc(value, is_current) FROM bench_pair",
    "count": "SELECT count(value) FROM bench_pair",
    "avg": f"SELECT {', '.join(f'avg({c})' for c in COLUMNS)} FROM bench_wide",
    "fraud_psi": f"SELECT {', '.join(f'fraud_psi({c}, is_current)' for c in COLUMNS)} FROM bench_wide",
    "fraud_profile": "SELECT length(fraud_profile(w)::text) FROM bench_wide AS w",
    "fraud_profile_against": "SELECT length(fraud_profile_against(w, (SELECT profile FROM bench_profile))::text) FROM bench_wide AS w",
}
ONE = "SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0; SET jit = on"
NO_JIT = f"{ONE}; SET jit = off"
SMALL = "SET work_mem = '4MB'; SET max_parallel_workers_per_gather = 0; SET jit = on"
TWO = """SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;
    SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET jit = on"""
TWO_NO_JIT = f"{TWO}; SET jit = off"
# The same plan, of which one worker is started.
ALONE, ALONE_NO_JIT = f"{TWO}; SET max_parallel_workers = 1", f"{TWO_NO_JIT}; SET max_parallel_workers = 1"


def run(name, settings):
    def call():
        bench.query(connection, settings)
        return bench.seconds(lambda: bench.query(connection, QUERIES[name]))
    return call


def run_again(name, settings):
    """The second time in a session of its own: a session that has compiled a query loads the compiler in each of its
    workers from then on, whether they need it or not."""
    def call():
        own = bench.connect()
        bench.query(own, settings)
        bench.query(own, QUERIES[name])
        taken = bench.seconds(lambda: bench.query(own, QUERIES[name]))
        own.close()
        return taken
    return call


def check_workers(settings, launched):
    own = bench.connect()
    bench.query(own, settings)
    plan = "\n".join(row[0] for row in bench.query(own, f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {QUERIES['fraud_psi']}"))
    own.close()
    if f"Workers Launched: {launched}" not in plan:
        raise SystemExit(f"the plan does not run in {launched} workers:\n{plan}")


if bench.CORES > 1:
    check_workers(ALONE, 1)
    check_workers(TWO, 2)
calls = {"ks_2samp": lambda: stats.ks_2samp(reference, current), "roc_auc_score": lambda: roc_auc_score(is_current, value)}
for name in QUERIES:
    calls[name] = run(name, ONE)
    if "bench_pair" in QUERIES[name] and name != "count":
        calls[f"{name}, 4 MB"] = run(name, SMALL)
    if "bench_wide" in QUERIES[name]:
        calls[f"{name}, no JIT"] = run(name, NO_JIT)
    if bench.CORES > 1:
        calls[f"{name} by one"], calls[f"{name} by two"] = run_again(name, ONE), run_again(name, TWO)
        calls[f"{name} by one, no JIT"], calls[f"{name} by two, no JIT"] = run_again(name, NO_JIT), run_again(name, TWO_NO_JIT)
        calls[f"{name} alone"], calls[f"{name} alone, no JIT"] = run_again(name, ALONE), run_again(name, ALONE_NO_JIT)
measured = bench.in_turns(calls)

pair = f"{bench.ROWS:,} + {bench.ROWS:,}"
bench.result(f"Kolmogorov-Smirnov, {pair} values, the scan included", ("fraud_ks_pvalue", measured["fraud_ks_pvalue"]),
             ("scipy.stats.ks_2samp of arrays", measured["ks_2samp"]), "s", at_most=1.0)
bench.result(f"area under the curve, {pair} scores, the scan included", ("fraud_auc", measured["fraud_auc"]),
             ("sklearn's roc_auc_score of arrays", measured["roc_auc_score"]), "s", at_most=1.0)
for name in ("fraud_psi", "fraud_profile", "fraud_profile_against"):
    for jit in ("", ", no JIT"):
        bench.result(f"{name} of 30 columns, {bench.ROWS:,} rows{jit}", (name, measured[f"{name}{jit}"]),
                     ("avg of the columns", measured[f"avg{jit}"]), "s", at_most=3.0)
for name in QUERIES if bench.CORES > 1 else []:
    for jit in ("", ", no JIT") if name not in ("count", "avg") else ():
        two = measured[f"{name} by two{jit}"]
        for other, key in (("one worker", "alone"), ("one process", "by one")):
            one = measured[f"{name} {key}{jit}"]
            bench.result(f"{name} of these rows, two workers that the leader gathers from, {bench.CORES} cores{jit}",
                         ("two workers", two), (other, one), "s", ratio=one / two, at_least=1.7)
bench.remark(f"With work_mem 4 MB instead of 64, so that keys go to files: fraud_ks_pvalue {bench.shown(measured['fraud_ks_pvalue, 4 MB'], 's')}, "
             f"fraud_auc {bench.shown(measured['fraud_auc, 4 MB'], 's')}.")
if bench.CORES > 1:
    gains = [f"{name} {measured[f'{key} alone{jit}'] / measured[f'{key} by two{jit}']:.2f} times as fast as with one, "
             f"{measured[f'{key} by one{jit}'] / measured[f'{key} by two{jit}']:.2f} times as in one process{jit}"
             for key, name in (("count", "count(value) of the pairs"), ("avg", "avg of the 30 columns")) for jit in ("", ", no JIT")]
    bench.remark(f"PostgreSQL's own aggregates of these rows with two workers: {'; '.join(gains)}.")
