#!/usr/bin/python3
"""Memory of a training: the most that one backend takes, against the estimate that decides whether it
may begin (fraud_detect.max_training_memory), over tables and parameters of many shapes. BENCH_CASES, a
regular expression, chooses among them."""
import json
import os
import re
from dataclasses import dataclass, field

import bench
import psycopg2

MB = 1024 * 1024
# XGBoost's arrays are as large after the second round as after the hundredth.
ROUNDS = 3


@dataclass
class Case:
    """features: so many columns by the expression value, and before them those of more. at_most: how often the
    estimate may hold the peak; of small tables, few values and trees that could be deeper than they get, more."""
    name: str
    rows: int
    features: int
    params: dict = field(default_factory=dict)
    algorithm: str = "xgboost"
    value: str = "sin(i * {f}.5)"
    more: tuple = ()
    by_time: bool = False
    at_most: float = 2.5

    def source(self):
        """Rows that are made as they are read: no table fills the shared buffers, which the peak would count."""
        columns = [f"{column} AS more{n}" for n, column in enumerate(self.more)]
        columns += [f"{self.value.format(f=f)} AS f{f}" for f in range(1, self.features + 1)]
        if self.by_time:
            columns.append("timestamp '2026-01-01' + i * interval '1 s' AS at")
        return (f"SELECT {', '.join(columns)}, hashint4(i * 3) % 5 = 0 AS is_fraud"
                f" FROM (SELECT generate_series(1, {self.rows}) AS i) AS r")

    def __str__(self):
        parameters = "".join(f", {name} {value}" for name, value in self.params.items())
        return f"{self.name} ({self.rows:,} x {self.features + len(self.more)}{parameters})"


def nulls(one_in):
    """A value that is NULL in one of so many rows."""
    return f"CASE WHEN hashint4(i + {{f}}) % {one_in} <> 0 THEN sin(i * {{f}}.5) END"


SELDOM = ("CASE WHEN hashint4(i) % 20 = 0 THEN sin(i * 77.5) END",)
CATEGORIES = tuple(f"'c' || hashint4(i + {n}) % {n * 8}" for n in range(1, 6))
CASES = [
    Case("small", 20000, 5, at_most=5),
    Case("small, depth 8", 20000, 5, {"max_depth": 8}, at_most=5),
    Case("small, NULLs", 20000, 20, value=nulls(20)),
    Case("rows", 200000, 34),
    Case("rows in time", 200000, 34, by_time=True),
    Case("a million", 1000000, 34),
    Case("a million, narrow", 1000000, 5),
    Case("a million, NULLs", 1000000, 34, value=nulls(20)),
    Case("wide", 20000, 1000),
    Case("widest", 20000, 1500),
    Case("wide, many rows", 100000, 300),
    Case("wide, NULLs", 20000, 1000, value=nulls(20)),
    Case("wide, few values", 20000, 1000, value="hashint4(i + {f}) % 10", at_most=5),
    Case("depth 4", 100000, 100, {"max_depth": 4}),
    Case("depth 8", 100000, 100, {"max_depth": 8}),
    Case("depth 10", 100000, 50, {"max_depth": 10}),
    Case("depth 12", 200000, 20, {"max_depth": 12}, at_most=5),
    Case("depth 12, wide", 50000, 200, {"max_depth": 12}, at_most=5),
    Case("31 leaves", 100000, 100, algorithm="xgboost_leafwise"),
    Case("300 leaves", 100000, 100, {"max_leaves": 300}, algorithm="xgboost_leafwise"),
    Case("depth 9, 100 leaves", 100000, 100, {"max_depth": 9, "max_leaves": 100}),
    Case("64 bins", 200000, 34, {"max_bin": 64}),
    Case("1024 bins", 200000, 34, {"max_bin": 1024}),
    Case("4096 bins, wide", 20000, 500, {"max_bin": 4096, "max_depth": 4}),
    Case("two threads, wide", 20000, 1000, {"threads": 2}),
    Case("50 % NULLs", 200000, 34, value=nulls(2)),
    Case("NULLs in one column", 200000, 33, more=("CASE WHEN i % 20 <> 0 THEN sin(i * 77.5) END",)),
    Case("one column mostly NULL", 200000, 33, more=SELDOM),
    Case("categories", 200000, 34, more=CATEGORIES),
    Case("many categories", 200000, 34, more=("'c' || hashint4(i) % 1000",)),
    Case("forest", 100000, 50, {"num_parallel_tree": 3}, algorithm="random_forest"),
    Case("forest, NULLs", 50000, 100, {"num_parallel_tree": 3}, algorithm="random_forest", value=nulls(20)),
]


def train(session, case):
    params = {"threads": 1} | case.params
    if case.algorithm != "random_forest":
        params |= {"rounds": ROUNDS, "early_stopping_rounds": 0}
    bench.query(session, "SET jit = off")
    bench.query(session, "SELECT fraud_train('memory', %s, algorithm => %s, params => %s)",
                [case.source(), case.algorithm, json.dumps(params)])


def estimate_mb(case):
    """What the refusal says under a limit that reading the rows keeps and training does not."""
    limit = 1 + case.rows * 32 // MB
    while True:
        session = bench.connect()
        bench.query(session, f"SET fraud_detect.max_training_memory = '{limit}MB'")
        try:
            train(session, case)
        except psycopg2.errors.ConfigurationLimitExceeded as error:
            found = re.search(r"training would need about (\d+) MB", str(error))
            if found:
                return int(found[1])
            limit = int(re.search(r"reading the source needs .*: (\d+) MB of", str(error))[1])
        else:
            raise SystemExit(f"{case} was not refused with {limit} MB")
        finally:
            session.close()


def peak_mb(case):
    """How far the resident memory of a session rises that has loaded what a training needs (VmHWM, made anew
    by 5 in clear_refs)."""
    session = bench.connect()
    bench.query(session, "SET fraud_detect.max_training_memory = '100GB'")
    process = f"/proc/{session.get_backend_pid()}"

    def most():
        with open(f"{process}/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024

    train(session, Case("before", 1000, 5))
    with open(f"{process}/clear_refs", "w", encoding="ascii") as clear:
        clear.write("5")
    before = most()
    train(session, case)
    peak = most() - before
    session.close()
    return peak


if not os.access("/proc/self/clear_refs", os.W_OK):
    bench.skip("/proc/PID/clear_refs cannot be written here")
wanted = os.environ.get("BENCH_CASES") or ""
for case in CASES[:3] if bench.SMALL else CASES:
    if not re.search(wanted, str(case)):
        continue
    peak, estimate = peak_mb(case), estimate_mb(case)
    bench.result(f"memory of a training: {case}", ("estimate", estimate), ("peak", peak), "MB", at_least=0.9, at_most=case.at_most)
