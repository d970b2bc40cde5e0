#!/usr/bin/python3
"""fraud_score over a table, in one process, against the least that a function of its rows can do."""
import bench

connection = bench.rows_made()
bench.query(connection, "SET max_parallel_workers_per_gather = 0; SET jit = off")
bench.query(connection, f"""CREATE OR REPLACE FUNCTION deform_sum(record) RETURNS float8
    LANGUAGE c STRICT STABLE PARALLEL SAFE AS '{bench.WORK}/module/deform_sum', 'deform_sum'""")
model = bench.model_made(connection, 300, 6)


def scan(expression, table):
    return lambda: bench.query(connection, f"SELECT {expression} FROM {table} t")


measured = bench.in_turns({
    "count": scan("count(*)", "bench_float8"),
    "deform": scan("sum(deform_sum(t))", "bench_float8"),
    "float8": scan(f"sum(fraud_score(t, '{model}'))", "bench_float8"),
    "numeric": scan(f"sum(fraud_score(t, '{model}'))", "bench_numeric"),
})
rows = f"{bench.ROWS:,} rows"
bench.result(f"sum(fraud_score(t)), {rows} of 30 float8, 300 trees of depth 6", ("fraud_score", measured["float8"]),
             ("deform and sum", measured["deform"]), "s", at_most=1.8)
bench.result("the same of 30 numeric", ("numeric", measured["numeric"]), ("float8", measured["float8"]), "s", at_most=2.2)
bench.remark(f"count(*) of the float8 table takes {bench.shown(measured['count'], 's')}; above it fraud_score takes "
             f"{(measured['float8'] - measured['count']) / bench.ROWS * 1e9:.0f} ns a row, deform and sum "
             f"{(measured['deform'] - measured['count']) / bench.ROWS * 1e9:.0f} ns.")
