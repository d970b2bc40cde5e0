#!/usr/bin/python3
"""fraud_score over a table: two parallel workers, the leader only gathering, against one process. And what
the machine itself gives to two processes: two sessions that do the whole scan each, at the same time."""
import threading
import time

import bench

if bench.CORES < 2:
    bench.skip("there is one core")
connection = bench.rows_made()
model = bench.model_made(connection, 300, 6)
STATEMENT = f"SELECT sum(fraud_score(t, '{model}')) FROM bench_float8 t"


def with_workers(workers):
    def run():
        bench.query(connection, f"""SET jit = off; SET parallel_leader_participation = off;
            SET max_parallel_workers_per_gather = {workers}; SET min_parallel_table_scan_size = 0;
            SET parallel_setup_cost = 0""")
        return bench.seconds(lambda: bench.query(connection, STATEMENT))
    return run


other = bench.connect()
bench.query(other, "SET jit = off; SET max_parallel_workers_per_gather = 0")


def two_sessions():
    bench.query(connection, "SET max_parallel_workers_per_gather = 0")
    beside = threading.Thread(target=lambda: bench.query(other, STATEMENT))
    start = time.perf_counter()
    beside.start()
    bench.query(connection, STATEMENT)
    beside.join()
    return time.perf_counter() - start


measured = bench.in_turns({"one": with_workers(0), "sessions": two_sessions, "two": with_workers(2)})
plan = "\n".join(row[0] for row in bench.query(connection, f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {STATEMENT}"))
if "Workers Launched: 2" not in plan:
    raise SystemExit(f"the plan does not run in two workers:\n{plan}")
bench.result(f"the same scan by two workers (parallel_leader_participation = off), {bench.CORES} cores",
             ("two workers", measured["two"]), ("one process", measured["one"]), "s",
             ratio=measured["one"] / measured["two"], at_least=1.7)
bench.remark(f"Two sessions that each scan the whole table at the same time take {bench.shown(measured['sessions'], 's')}: these "
             f"{bench.CORES} cores do {2 * measured['one'] / measured['sessions']:.2f} times the work of one.")
