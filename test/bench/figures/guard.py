#!/usr/bin/python3
"""The guard: INSERTs of single rows by pgbench into tables of the same rows, one without a guard, one whose guard scores with 300 trees,
and two whose guards also compute 12 window features over two entities, from some 100 events of each; every decision is recorded. The last
table's indexes hold the column that is aggregated, too. Prepared statements, each a transaction that waits for the disk (fsync and
synchronous_commit are on). The server's CPU of a row is beside the rate, which is the disk's, too. And COPY of many rows.

The first second of each turn is left aside: it has the start of the sessions, who load the library, the model and what they know of the
tables, beside which all others wait (the first score of a connection is a figure of its own). Eight clients are measured as fast as they
can, where each waits for the cores that the others have, and at a rate that all tables can do, half of what the slowest one does: what a
payment waits for then, queues included, is what the guard adds to it. What decisions say that they took (latency_us of the record, until
the decision is made) stands beside it, without a bar.

Each table has a sequence of its own, so that its time goes on evenly, and is vacuumed between turns, as autovacuum would do it, which is
off here: otherwise it would come at any moment."""
import glob
import os
import statistics
import subprocess
import sys

import bench

SECONDS = 1 if bench.SMALL else 5
FIRST_SECONDS = 0 if bench.SMALL else 1  # that are left aside
TURNS = 1 if bench.SMALL else bench.REPETITIONS
EVENTS = 6000 if bench.SMALL else 300000
ENTITIES = EVENTS // 600
TABLES = ("unguarded", "scored", "with_features", "with_covering")
FEATURES_OF = ("with_features", "with_covering")
COMPARED = (("scored", "guarded", 0.7), ("with_features", "guarded, 12 window features", 0.4),
            ("with_covering", "guarded, 12 window features, covering indexes", 0.4))
FEATURES = [(per, f"{per[0]}_{aggregate}_{days}", aggregate, days) for per, aggregates in (
    ("card_id", (("count", 1), ("count", 30), ("sum", 1), ("sum", 30), ("avg", 30), ("max", 30), ("stddev", 30))),
    ("merchant_id", (("count", 1), ("count", 30), ("sum", 30), ("avg", 30), ("max", 30)))) for aggregate, days in aggregates]
ROW = """i, '2026-01-01 00:00+00'::timestamptz + i * '180 days'::interval / %d, 'card_' || hashint8(i)::bit(32)::bigint %% %d,
    (hashint8(i + 1000000)::bit(32)::bigint %% %d)::int, ((hashint8(i + 2000000)::bit(32)::bigint %% 100000) / 100.0)::numeric(12, 2),
    hashint8(i + 3000000) %% 50 = 0""" % (EVENTS, ENTITIES, ENTITIES)

connection = bench.connect()


def make_tables():
    for table in TABLES:
        bench.query(connection, f"CREATE SEQUENCE bench_{table}_id START {EVENTS + 1} CACHE 20")
        bench.query(connection, f"""CREATE TABLE bench_{table} (id bigint, tx_time timestamptz, card_id text, merchant_id int,
            amount numeric(12, 2), is_fraud bool)""")
        bench.query(connection, f"INSERT INTO bench_{table} SELECT {ROW} FROM generate_series(1, {EVENTS}) AS i")
        include = " INCLUDE (amount)" if table == "with_covering" else ""
        for index in (f"(card_id, tx_time){include}", f"(merchant_id, tx_time){include}", "(id)"):
            bench.query(connection, f"CREATE INDEX ON bench_{table} {index}")
        bench.query(connection, f"VACUUM ANALYZE bench_{table}")


def make_guard(table, source, columns):
    rounds = 5 if bench.SMALL else 300
    bench.query(connection, "SELECT fraud_train(%s, %s, event_time => 'tx_time', features => %s, params => %s)",
                [f"bench_{table}", source, columns, f'{{"rounds": {rounds}, "early_stopping_rounds": 0}}'])
    bench.query(connection, """SELECT fraud_guard(%s::text::regclass, %s, review_at => 1, block_at => 1, key => 'id',
        options => '{"amount": "amount", "event_time": "tx_time", "entities": {"card": "card_id"}}')""", [f"bench_{table}"] * 2)


def make_guards():
    features = ", ".join(
        f'{{"name": "{name}", "per": "{per}", "aggregate": "{aggregate}", "window": "{days} days"' + ("}" if aggregate == "count" else ', "value": "amount"}')
        for per, name, aggregate, days in FEATURES)
    make_guard("scored", "bench_scored", ["amount", "merchant_id", "card_id"])
    for table in FEATURES_OF:
        bench.query(connection, "SELECT fraud_define_features(%s, %s::text::regclass, 'tx_time', %s)", [f"bench_{table}"] * 2 + [f"[{features}]"])
        make_guard(table, f"fraud_features.bench_{table}", [name for _, name, _, _ in FEATURES])


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def after_the_first_second(logs):
    """What rows took, in ms, that ended later than a second after the first one did, and how many there are in all."""
    ended = []
    for log in glob.glob(f"{logs}*"):
        with open(log, encoding="ascii") as file:
            for line in file:
                field = line.split()
                ended.append((int(field[4]) + int(field[5]) / 1e6, int(field[2]) / 1000))
    begin = min(ended)[0] + FIRST_SECONDS
    return [latency for at, latency in ended if at >= begin], len(ended)


def inserted(table, clients, rate=None):
    """Rows a second, the percentile of 95 of what one took, in ms, and the server's CPU of one, in µs."""
    script, logs = f"{bench.WORK}/insert_{table}.sql", f"{bench.WORK}/insert_latency"
    with open(script, "w", encoding="ascii") as file:
        file.write(f"INSERT INTO bench_{table} SELECT {' '.join(ROW.split())} FROM nextval('bench_{table}_id') AS i;\n")
    for old in glob.glob(f"{logs}*"):
        os.remove(old)
    begin = bench.value(connection, "SELECT now()")
    cpu = bench.server_cpu(lambda: subprocess.run(
        [f"{bench.BIN}/pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(SECONDS + FIRST_SECONDS), "-l",
         f"--log-prefix={logs}", *(["-R", str(rate)] if rate else []), "-h", bench.SOCKET, "-p", str(bench.PORT), "-U", "postgres", "bench"],
        check=True, stdout=subprocess.DEVNULL))
    bench.query(connection, f"VACUUM bench_{table}")
    latencies, rows = after_the_first_second(logs)
    latencies.sort()
    decided = bench.value(connection, """SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_us) / 1000.0 FROM fraud.decision
        WHERE relation = %s::regclass AND decided_at >= %s + make_interval(secs => %s)""", [f"bench_{table}", begin, FIRST_SECONDS])
    return {"rate": len(latencies) / SECONDS, "p95": percentile(latencies, 0.95), "cpu": cpu * 1e6 / rows, "decided": float(decided or 0)}


def medians(clients, rate=None):
    """Of the turns after the first one: by what is measured and by table."""
    runs = {table: [] for table in TABLES}
    for turn in range(TURNS + 1):
        for table in TABLES:
            seen = inserted(table, clients, rate)
            if turn > 0:
                runs[table].append(seen)
    return ({table: statistics.median(run[what] for run in runs[table]) for table in TABLES} for what in ("rate", "p95", "cpu", "decided"))


def tell_latency(named, p95, decided, table, conditions, **bars):
    added = p95[table] - p95["unguarded"]
    bench.result(f"INSERT, {conditions}, p95: added ms", (named, p95[table]), ("unguarded", p95["unguarded"]), "ms", ratio=added, **bars)
    bench.remark(f"INSERT, {conditions}: 95 % of the decisions, {named}, took at most {decided[table]:.3f} ms.")


def measure(clients):
    rate, p95, cpu, decided = medians(clients)
    many = f"{clients} client{'s' if clients > 1 else ''}"
    for table, named, at_least in COMPARED:
        bench.result(f"INSERT, {many}", (named, rate[table]), ("unguarded", rate["unguarded"]), "rows a second", at_least=at_least)
        tell_latency(named, p95, decided, table, many, at_most=1.0)
        bench.result(f"INSERT, {many}, CPU of a row", (named, cpu[table]), ("unguarded", cpu["unguarded"]), "µs")
    return min(rate.values())


def measure_at_rate(clients, rate):
    _, p95, _, decided = medians(clients, rate)
    for table, named, _ in COMPARED:
        tell_latency(named, p95, decided, table, f"{clients} clients, {rate:,} rows a second in all")


def copied(table, rows):
    first = bench.value(connection, "SELECT max(id) + 1 FROM bench_" + table)
    path = f"{bench.WORK}/data/bench_guard.copy"
    bench.query(connection, f"COPY (SELECT {ROW} FROM generate_series({first}, {first + rows - 1}) AS i) TO '{path}'")
    return bench.seconds(lambda: bench.query(connection, f"COPY bench_{table} FROM '{path}'"))


settings = {name: bench.value(connection, f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
if set(settings.values()) != {"on"}:
    sys.exit(f"a commit does not wait for the disk here: {settings}")
if not bench.exists(connection, "bench_unguarded"):
    make_tables()
    make_guards()
measure(1)
measure_at_rate(8, max(50, int(measure(8) / 200) * 100))
for table, rows in (("unguarded", bench.ROWS), ("scored", bench.ROWS), ("with_features", bench.ROWS // 10), ("with_covering", bench.ROWS // 10)):
    bench.query(connection, "CHECKPOINT")
    bench.remark(f"COPY of {rows} rows, {table.replace('_', ' ')}: {copied(table, rows):.1f} s.")
