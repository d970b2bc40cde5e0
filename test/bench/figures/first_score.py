#!/usr/bin/python3
"""The first score of a fresh connection, which loads library and model, against the second."""
import statistics

import bench

connection = bench.rows_made()
model = bench.model_made(connection, 500, 8)
STATEMENT = f"SELECT fraud_score(t, '{model}') FROM bench_float8 t LIMIT 1"
first, second = [], []
for turn in range(3 if bench.SMALL else 25):
    fresh = bench.connect()
    first.append(bench.seconds(lambda: bench.query(fresh, STATEMENT)))
    second.append(bench.seconds(lambda: bench.query(fresh, STATEMENT)))
    fresh.close()
first_ms, second_ms = (statistics.median(times) * 1000 for times in (first, second))
bench.result("first score of a connection less the second, ms; 500 trees of depth 8", ("first", first_ms), ("second", second_ms),
             "ms", ratio=first_ms - second_ms, at_most=5)
