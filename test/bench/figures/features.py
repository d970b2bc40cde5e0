#!/usr/bin/python3
"""Features: the view over a million rows with 12 window features over two entities against the same aggregates
written by hand as window functions, and one row of the table with windows of 30 days that hold 100 events of
each entity. test/bench/features.sh is the same without Python, and has the float8 variant too."""
import bench

connection = bench.connect()
rows = 2000 if bench.SMALL else bench.ROWS
dense_rows = 6000 if bench.SMALL else 300000
entities = dense_rows // 600
SPANS = {"1": "1 day", "30": "30 days"}
FEATURES = [(per, short, aggregate, span) for per, short, wanted in (
    ("card_id", "c", (("count", "1"), ("count", "30"), ("sum", "1"), ("sum", "30"), ("avg", "30"), ("max", "30"), ("stddev", "30"))),
    ("merchant_id", "m", (("count", "1"), ("count", "30"), ("sum", "30"), ("avg", "30"), ("max", "30")))) for aggregate, span in wanted]
NAMES = [f"{short}_{aggregate}_{span}" for _, short, aggregate, span in FEATURES]

if not bench.exists(connection, "bench_dense"):
    bench.query(connection, f"""CREATE TABLE bench_transactions AS
        SELECT * FROM fraud_generate({rows}, customers => {max(rows // 25, 20)})""")
    bench.query(connection, f"""CREATE TABLE bench_dense AS
        SELECT i AS id, '2026-01-01 00:00+00'::timestamptz + i * '180 days'::interval / {dense_rows} AS tx_time,
          'card_' || hashint8(i)::bit(32)::bigint % {entities} AS card_id,
          (hashint8(i + 1000000)::bit(32)::bigint % {entities})::int AS merchant_id,
          ((hashint8(i + 2000000)::bit(32)::bigint % 100000) / 100.0)::numeric(12, 2) AS amount,
          hashint8(i + 3000000) % 50 = 0 AS is_fraud
        FROM generate_series(1, {dense_rows}) AS i""")
    for columns in ("card_id, tx_time", "merchant_id, tx_time", "id"):
        bench.query(connection, f"CREATE INDEX ON bench_dense ({columns})")
    bench.query(connection, "VACUUM ANALYZE bench_transactions, bench_dense")
    features = ", ".join(
        f'{{"name": "{name}", "per": "{per}", "aggregate": "{aggregate}", "window": "{SPANS[span]}"'
        + ("}" if aggregate == "count" else ', "value": "amount"}')
        for name, (per, _, aggregate, span) in zip(NAMES, FEATURES))
    for table in ("bench_transactions", "bench_dense"):
        bench.query(connection, "SELECT fraud_define_features(%s, %s, 'tx_time', %s)", [table, table, f"[{features}]"])
    bench.query(connection, "SELECT fraud_train('bench_features', 'fraud_features.bench_dense', event_time => 'tx_time', "
                "features => %s, params => '{\"rounds\": 50}')", [NAMES])

by_hand = ", ".join(f"{aggregate}({'*' if aggregate == 'count' else 'amount'}) OVER {short}{span} AS {name}"
                    for name, (_, short, aggregate, span) in zip(NAMES, FEATURES))
windows = ", ".join(f"{short}{span} AS (PARTITION BY {per} ORDER BY tx_time RANGE '{length}' PRECEDING)"
                    for per, short in (("card_id", "c"), ("merchant_id", "m")) for span, length in SPANS.items())
largest = ", ".join(f"max({name})" for name in NAMES)
measured = bench.in_turns({
    "view": lambda: bench.query(connection, f"SELECT {largest} FROM fraud_features.bench_transactions"),
    "by hand": lambda: bench.query(connection,
                                   f"SELECT {largest} FROM (SELECT *, {by_hand} FROM bench_transactions WINDOW {windows}) AS q"),
}, repetitions=1 if bench.SMALL else 3)
bench.result(f"12 features of {rows} rows", ("view of the set", measured["view"]), ("window functions by hand", measured["by hand"]), "s",
             at_most=2.0)

n = 20 if bench.SMALL else 2000
first, step = dense_rows * 3 // 10, dense_rows // 3000
ROW = f"""SELECT count(fraud_score(t, 'bench_features')) FROM bench_dense t
    WHERE id IN (SELECT {first} + i * {step} FROM generate_series(1, {n}) AS i)"""
GIVEN = ROW.replace("bench_dense t", "bench_given t")
if not bench.exists(connection, "bench_given"):
    bench.query(connection, "CREATE TABLE bench_given AS SELECT * FROM fraud_features.bench_dense")
    bench.query(connection, "CREATE INDEX ON bench_given (id)")
    bench.query(connection, "ANALYZE bench_given")
bench.query(connection, "SET jit = off")
measured = bench.in_turns({"row": lambda: bench.query(connection, ROW), "given": lambda: bench.query(connection, GIVEN)})
row_ms, given_ms = (measured[name] / n * 1000 for name in ("row", "given"))
bench.result("a row's 12 features from 100 events of each entity, and its score, ms", ("computed from the history", row_ms),
             ("given as columns", given_ms), "ms", ratio=row_ms, at_most=0.15)
