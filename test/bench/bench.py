"""What all figures share: the server under measurement, its rows and models, turns, medians, results.

A figure (figures/*.py) is run by test/bench/run with the environment that it sets. It calls result()
once for each comparison; "holds" or "MISSED" is decided here, against the bar that the figure names.
"""
import json
import os
import statistics
import subprocess
import sys
import threading
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.environ["BENCH_WORK"]
SOCKET = os.environ["BENCH_SOCKET"]
BIN = os.environ["BENCH_BIN"]
with open(f"{os.environ['BENCH_DATA']}/postmaster.pid", encoding="utf-8") as pid_file:
    POSTMASTER = int(pid_file.readline())
DATABASE = "bench"
PORT = int(os.environ["BENCH_PORT"])
PASSWORD = os.environ["BENCH_PASSWORD"]
SMALL = os.environ.get("BENCH_SMALL") == "1"
ROWS = int(os.environ.get("BENCH_ROWS") or (2000 if SMALL else 1000000))
REPETITIONS = 1 if SMALL else int(os.environ.get("BENCH_REPETITIONS") or 5)
FEATURES = [f"f{i:02}" for i in range(1, 31)]
CORES = len(os.sched_getaffinity(0))


# The server

def connect(database=DATABASE):
    """A session as superuser by the unix socket, each statement a transaction."""
    connection = psycopg2.connect(host=SOCKET, port=PORT, user="postgres", dbname=database)
    connection.autocommit = True
    connection.cursor().execute("SET client_min_messages = warning")
    return connection


def query(connection, statement, arguments=None):
    """All rows that a statement gives."""
    cursor = connection.cursor()
    cursor.execute(statement, arguments)
    return cursor.fetchall() if cursor.description else []


def value(connection, statement, arguments=None):
    """The only value that a statement gives."""
    return query(connection, statement, arguments)[0][0]


def exists(connection, table):
    return value(connection, "SELECT to_regclass(%s) IS NOT NULL", [table])


def rows_made():
    """The tables of data.sql, made on first use."""
    connection = connect()
    if not exists(connection, "bench_numeric"):
        query(connection, "DROP TABLE IF EXISTS bench_labelled, bench_float8")
        subprocess.run([f"{BIN}/psql", "-X", "-q", "-h", SOCKET, "-p", str(PORT), "-U", "postgres", "-d", DATABASE, "-v", f"rows={ROWS}",
                        "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-f", f"{HERE}/data.sql"], check=True)
    return connection


def model_made(connection, trees, depth):
    """The name of a model of so many trees, trained on first use on the first tenth of the rows."""
    name = f"bench_{trees}x{depth}"
    if not value(connection, "SELECT count(*) FROM fraud.models WHERE model = %s", [name]):
        rounds = 5 if SMALL else trees
        source = f"SELECT {', '.join(FEATURES)}, is_fraud, event_time FROM bench_labelled ORDER BY id LIMIT {max(ROWS // 10, 2000)}"
        query(connection, "SELECT fraud_train(%s, %s, event_time => 'event_time', exclude => '{event_time}', params => %s)",
              [name, source, json.dumps({"rounds": rounds, "max_depth": depth, "early_stopping_rounds": 0})])
    return name


def artifact(connection, model):
    """XGBoost's own bytes of a model, as a file: what the Python side loads."""
    path = f"{WORK}/{model}.ubj"
    content = value(connection, """SELECT v.artifact FROM fraud.model_version v JOIN fraud.model m USING (model_id)
        WHERE m.name = %s ORDER BY version DESC LIMIT 1""", [model])
    with open(path, "wb") as file:
        file.write(content)
    return path


# Measuring

def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turns(calls, repetitions=REPETITIONS, warm=True):
    """Medians of the seconds that calls take, or of the floats that they return, measured in turns:
    what disturbs the machine disturbs all of them. calls: a dictionary of functions."""
    measured = {name: [] for name in calls}
    for turn in range(repetitions + (1 if warm else 0)):
        for name, call in calls.items():
            start = time.perf_counter()
            returned = call()
            taken = returned if isinstance(returned, float) else time.perf_counter() - start
            if turn > 0 or not warm:
                measured[name].append(taken)
    return {name: statistics.median(values) for name, values in measured.items()}


def server_children():
    """The processes of the server but the postmaster."""
    with open(f"/proc/{POSTMASTER}/task/{POSTMASTER}/children", encoding="ascii") as children:
        return set(children.read().split())


def server_cpu(call):
    """Seconds of CPU that the server's sessions take which a call begins and ends. Writers in the background are not in it."""
    def taken():
        with open(f"/proc/{POSTMASTER}/stat", encoding="ascii", errors="replace") as stat:
            return sum(int(ticks) for ticks in stat.read().rpartition(")")[2].split()[13:15]) / os.sysconf("SC_CLK_TCK")

    children, before = server_children(), taken()
    call()
    # A child counts once the postmaster has waited for it.
    while server_children() - children:
        time.sleep(0.01)
    return taken() - before


class MemorySampler:
    """The most anonymous memory that a process had, looked at every few milliseconds, in MB."""

    def __init__(self, pid):
        self.pid = pid
        self.most = 0.0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def look(self):
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
                for line in status:
                    if line.startswith("RssAnon:"):
                        self.most = max(self.most, int(line.split()[1]) / 1024)
        except OSError:
            pass

    def watch(self):
        while not self.stopped.wait(0.005):
            self.look()

    def __enter__(self):
        self.look()
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.stopped.set()
        self.thread.join()


# Results

def shown(number, unit):
    if unit == "s":
        return f"{number * 1000:.1f} ms" if number < 1 else f"{number:.2f} s"
    if unit == "ms":
        return f"{number:.3f} ms" if number < 10 else f"{number:.1f} ms"
    if unit == "%":
        return f"{number:.1f} %"
    return f"{number:,.0f} {unit}"


def result(what, ours, theirs, unit, ratio=None, at_least=None, at_most=None, note=""):
    """One line of the table. ours, theirs: (name, number). ratio: ours / theirs unless given.
    at_least, at_most: the bar of the ratio; without one the line is for information."""
    if ratio is None:
        ratio = ours[1] / theirs[1]
    bars = []
    if at_least is not None:
        bars.append((f"at least {at_least:g}", ratio >= at_least))
    if at_most is not None:
        bars.append((f"at most {at_most:g}", ratio <= at_most))
    bar = ", ".join(words for words, _ in bars)
    verdict = ("holds" if all(holds for _, holds in bars) else "MISSED") if bars else ""
    if SMALL and verdict:
        verdict = "too few rows to tell"
    row = {"what": what, "ours": f"{ours[0]}: {shown(ours[1], unit)}", "theirs": f"{theirs[0]}: {shown(theirs[1], unit)}",
           "ratio": f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}", "bar": bar, "verdict": verdict, "note": note}
    with open(f"{WORK}/rows.jsonl", "a", encoding="utf-8") as rows:
        rows.write(json.dumps(row) + "\n")
    print(f"  {what}: {row['ours']}; {row['theirs']}; ratio {row['ratio']} {bar} {verdict} {note}".rstrip(), flush=True)


def remark(text):
    """A line below the table."""
    with open(f"{WORK}/remarks", "a", encoding="utf-8") as remarks:
        remarks.write(text + "\n")
    print(f"  {text}", flush=True)


def skip(reason):
    """Ends a figure that cannot be measured here."""
    remark(f"skipped {os.path.basename(sys.argv[0])[:-3]}: {reason}")
    sys.exit(0)


def markdown():
    """The table of all results."""
    lines = ["| what | fraud_detect | against | ratio | bar | |", "|---|---|---|---|---|---|"]
    with open(f"{WORK}/rows.jsonl", encoding="utf-8") as rows:
        for line in rows:
            row = json.loads(line)
            lines.append("| {what} | {ours} | {theirs} | {ratio} | {bar} | {verdict} |".format(**row))
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
