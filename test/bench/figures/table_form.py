#!/usr/bin/python3
"""Scores of a whole table in blocks of rows, by the set form and by the node that the planner's hook puts
above a scan (fraud_detect.block_scan), against the row function left to itself."""
import bench

connection = bench.rows_made()
if not bench.value(connection, "SELECT count(*) FROM pg_proc WHERE proname = 'fraud_score_table'"):
    bench.skip("there is no function fraud_score_table")
model = bench.model_made(connection, 300, 6)
bench.query(connection, "SET max_parallel_workers_per_gather = 0; SET jit = off")
ROWS = f"SELECT sum(fraud_score(t, '{model}')) FROM bench_float8 t"
TABLE = f"SELECT sum(score) FROM fraud_score_table('bench_float8', '{model}') AS s (score float8)"


def timed(statement, block_scan):
    def run():
        bench.query(connection, f"SET fraud_detect.block_scan = {block_scan}")
        return bench.seconds(lambda: bench.query(connection, statement))
    return run


measured = bench.in_turns({"rows": timed(ROWS, "off"), "table": timed(TABLE, "off"), "node": timed(ROWS, "on")})
for name, title in (("table", "fraud_score_table"), ("node", "block_scan = on")):
    bench.result(f"scores of the float8 table in blocks, {title}", (title, measured[name]), ("row function", measured["rows"]), "s",
                 ratio=measured["rows"] / measured[name], at_least=1.3)
