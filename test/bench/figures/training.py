#!/usr/bin/python3
"""Training: fraud_train against psycopg2, pandas and XGBoost's Python package, with the same rows,
parts and parameters, one thread, a fixed number of rounds, the validation part measured each round."""
import array
import json
import os
import statistics
import subprocess
import time

import bench

ROUNDS = 5 if bench.SMALL else int(os.environ.get("BENCH_ROUNDS") or 100)
THREADS = int(os.environ.get("BENCH_THREADS") or 1)
TURNS = 1 if bench.SMALL else min(bench.REPETITIONS, 3)
NOT_OF_XGBOOST = ("rounds", "early_stopping_rounds", "threads", "imbalance", "calibration")
MARGINS = f"{bench.WORK}/margins"

for module in ("pandas", "xgboost"):
    if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode != 0:
        bench.skip(f"python3-{module} is not installed")
connection = bench.rows_made()


def time_in_xgboost(pid):
    """What test/bench/xgboost_time.c has counted, written when the backend ends."""
    path = f"{bench.WORK}/data/xgboost_time.{pid}"
    for _ in range(1000):
        if os.path.exists(path) and os.path.getsize(path) > 0:
            with open(path, encoding="ascii") as file:
                return float(file.read())
        time.sleep(0.01)
    raise SystemExit("a backend that trained did not tell its time in XGBoost")


def train_inside(by_time=True):
    """A fresh session trains a new version: seconds, of which in XGBoost, peak memory."""
    session = bench.connect()
    pid = session.get_backend_pid()
    parameters = json.dumps({"rounds": ROUNDS, "early_stopping_rounds": 0, "threads": THREADS})
    model, time_column = ("bench_training", ", event_time") if by_time else ("bench_untimed", "")
    source = f"SELECT {', '.join(bench.FEATURES)}, is_fraud{time_column} FROM bench_labelled"
    with bench.MemorySampler(pid) as memory:
        taken = bench.seconds(lambda: bench.query(
            session, "SELECT fraud_train(%s, %s, event_time => %s, exclude => %s, params => %s)",
            [model, source, "event_time" if by_time else None, ["event_time"] if by_time else None, parameters]))
    session.close()
    return {"total": taken, "xgboost": time_in_xgboost(pid), "memory": memory.most}


def train_outside(reader, matrix):
    """The same in Python, with the parameters and the sizes of the parts that the registry has."""
    params, parts = bench.query(connection, """SELECT params, parts FROM fraud.model_version
        WHERE model_id = (SELECT model_id FROM fraud.model WHERE name = 'bench_training') ORDER BY version DESC LIMIT 1""")[0]
    booster = {name: value for name, value in params.items() if name not in NOT_OF_XGBOOST}
    request = {"reader": reader, "matrix": matrix, "features": bench.FEATURES, "parameters": booster, "rounds": ROUNDS,
               "threads": THREADS, "training": parts["training"]["rows"], "validation": parts["validation"]["rows"],
               "margins": MARGINS}
    child = subprocess.Popen(["/usr/bin/python3", f"{bench.HERE}/python/training.py", json.dumps(request)],
                             stdout=subprocess.PIPE, text=True)
    with bench.MemorySampler(child.pid) as memory:
        output = child.communicate()[0]
    if child.returncode != 0:
        raise SystemExit("python/training.py failed")
    return dict(json.loads(output), memory=memory.most)


def different_margins():
    """Rows of the holdout whose margins, last trained version and Python, are not the same bits."""
    margins = array.array("f")
    with open(MARGINS, "rb") as file:
        margins.frombytes(file.read())
    version = bench.value(connection, """SELECT max(version) FROM fraud.model_version
        WHERE model_id = (SELECT model_id FROM fraud.model WHERE name = 'bench_training')""")
    ours = [row[0] for row in bench.query(connection, f"""SELECT fraud_margin(t, 'bench_training', {version})::float8
        FROM (SELECT * FROM bench_labelled ORDER BY event_time OFFSET {bench.ROWS - len(margins)}) t ORDER BY event_time""")]
    theirs = list(margins)
    if len(ours) != len(theirs) or not theirs:
        raise SystemExit(f"{len(ours)} margins against {len(theirs)}")
    return sum(a != b for a, b in zip(ours, theirs)), len(ours)


ways = [("read_sql", "quantile"), ("copy", "plain")]
inside, untimed, outside = [], [], {way: [] for way in ways}
for turn in range(TURNS):
    untimed.append(train_inside(by_time=False))
    inside.append(train_inside())
    for way in ways:
        outside[way].append(train_outside(*way))
        different, compared = different_margins()
        if different:
            raise SystemExit(f"{different} of {compared} margins differ from XGBoost's in Python ({way})")


def median(runs, key):
    return statistics.median(run[key] for run in runs)


best = min(ways, key=lambda way: median(outside[way], "total"))
name = f"Python ({best[0]}, {'QuantileDMatrix' if best[1] == 'quantile' else 'DMatrix'})"
total, in_xgboost = median(inside, "total"), median(inside, "xgboost")
python_total = median(outside[best], "total")
bench.result(f"training, {bench.ROWS:,} rows of 30, {ROUNDS} rounds of depth 6, {THREADS} thread, end to end", ("fraud_train", total),
             (name, python_total), "s", ratio=python_total / total, at_least=1.5)
shares = statistics.median(1 - run["xgboost"] / run["total"] for run in inside)
bench.result("share of it that is not in XGBoost's calls, %", ("outside", total - in_xgboost), ("XGBoost's calls", in_xgboost), "s",
             ratio=shares * 100, at_most=20)
untimed_total, untimed_in_xgboost = median(untimed, "total"), median(untimed, "xgboost")
bench.result("the same of rows without a time, which are sorted by content and split at random", ("outside", untimed_total - untimed_in_xgboost),
             ("XGBoost's calls", untimed_in_xgboost), "s",
             ratio=statistics.median(1 - run["xgboost"] / run["total"] for run in untimed) * 100, at_most=20)
smallest = min(median(runs, "memory") for runs in outside.values())
bench.result("most anonymous memory of the process", ("backend", median(inside, "memory")), ("Python, the way that took least", smallest),
             "MB", at_most=1 / 3)
bench.result("margins of the holdout that differ", ("different", different), ("rows", compared), "", ratio=different, at_most=0)
for way in ways:
    stages = ", ".join(f"{stage} {median(outside[way], stage):.1f} s" for stage in ("read", "matrix", "train", "predict and write"))
    bench.remark(f"Python, {way[0]}, {way[1]} matrix: {stages}; {median(outside[way], 'memory'):.0f} MB.")
