#!/usr/bin/python3
"""Scores of a whole table: the set form, which evaluates blocks of rows, against the row function."""
import bench

connection = bench.rows_made()
if not bench.value(connection, "SELECT count(*) FROM pg_proc WHERE proname = 'fraud_score_table'"):
    bench.skip("there is no function fraud_score_table")
model = bench.model_made(connection, 300, 6)
bench.query(connection, "SET max_parallel_workers_per_gather = 0; SET jit = off")
measured = bench.in_turns({
    "rows": lambda: bench.query(connection, f"SELECT sum(fraud_score(t, '{model}')) FROM bench_float8 t"),
    "table": lambda: bench.query(connection, f"SELECT sum(score) FROM fraud_score_table('bench_float8', '{model}')"),
})
bench.result("scores of the float8 table by fraud_score_table", ("table form", measured["table"]), ("row function", measured["rows"]),
             "s", ratio=measured["rows"] / measured["table"], at_least=1.3)
