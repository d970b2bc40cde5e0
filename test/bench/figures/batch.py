#!/usr/bin/python3
"""Scores of a whole table, stored: CREATE TABLE AS and UPDATE with fraud_score, against reading the
table into Python, predicting, and writing the scores back by COPY (and, for the UPDATE, on from there
into a column of the rows)."""
import json
import statistics
import subprocess

import bench

for module in ("pandas", "xgboost"):
    if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode != 0:
        bench.skip(f"python3-{module} is not installed")
connection = bench.rows_made()
bench.query(connection, "SET max_parallel_workers_per_gather = 0; SET jit = off")
model = bench.model_made(connection, 300, 6)
ARTIFACT = bench.artifact(connection, model)


def make_target(table):
    """A vacuumed copy of the rows with a column for the score, and none of the tables of the turn before."""
    bench.query(connection, f"""DROP TABLE IF EXISTS python_scores, python_target, created_scores, updated_scores;
        CREATE TABLE {table} AS SELECT *, NULL::float8 AS score FROM bench_labelled""")
    bench.query(connection, f"VACUUM (ANALYZE) {table}")


def in_python(reader):
    def run():
        make_target("python_target")
        output = subprocess.run(["/usr/bin/python3", f"{bench.HERE}/python/batch.py", reader, ARTIFACT], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
        times = json.loads(output)
        stages[reader] = times
        into_column.append(times["into the column"])
        all_scored("python_scores")
        all_scored("python_target")
        return times["total"]
    return run


def all_scored(table):
    counted = bench.value(connection, f"SELECT count(score) FROM {table}")
    if counted != bench.ROWS:
        raise SystemExit(f"{table} has {counted} scores")


def create_table():
    bench.query(connection, "DROP TABLE IF EXISTS created_scores")
    taken = bench.seconds(lambda: bench.query(
        connection, f"CREATE TABLE created_scores AS SELECT id, fraud_score(t, '{model}') AS score FROM bench_labelled t"))
    all_scored("created_scores")
    return taken


def update(expression):
    def run():
        make_target("updated_scores")
        taken = bench.seconds(lambda: bench.query(connection, f"UPDATE updated_scores t SET score = {expression}"))
        all_scored("updated_scores")
        return taken
    return run


stages, into_column = {}, []
measured = bench.in_turns({"create": create_table, "read_sql": in_python("read_sql"), "copy": in_python("copy"),
                           "update": update(f"fraud_score(t, '{model}')"), "constant": update("0.5")},
                          repetitions=1 if bench.SMALL else 3, warm=False)
reader = min(("read_sql", "copy"), key=lambda name: measured[name])
python = (f"Python ({reader}, COPY back)", measured[reader])
for name, title in (("create", "CREATE TABLE AS"), ("update", "UPDATE")):
    bench.result(f"scores of {bench.ROWS:,} rows stored, 300 trees of depth 6", (title, measured[name]), python, "s",
                 ratio=measured[reader] / measured[name], at_least=5)
column = measured[reader] + statistics.median(into_column)
bench.result("the same scores in a column of the rows", ("UPDATE", measured["update"]),
             (f"Python ({reader}, COPY back, UPDATE ... FROM)", column), "s", ratio=column / measured["update"], at_least=5)
bench.remark("Python's batch: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in stages[reader].items()) + " in the last run.")
bench.remark(f"UPDATE of a column with a constant takes {bench.shown(measured['constant'], 's')}: what of it is not the score.")
