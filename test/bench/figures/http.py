#!/usr/bin/python3
"""A score at a time: pgbench over a prepared SELECT fraud_score(...) against an HTTP service that
answers with the same model. Both by TCP on the loopback interface, connections kept, the same rows'
values in every request, no think time; server and load generator share the cores of the machine.
With one client, twice more, since a virtual machine's idle core takes longer to wake than PostgreSQL to answer: with the cores kept
awake, and with the load generator and all that it measures on one core, where nobody has to wake another."""
import glob
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import time

import bench

SECONDS = 1 if bench.SMALL else 5
TURNS = 1 if bench.SMALL else 3
for module in ("fastapi", "uvicorn", "pandas", "xgboost", "uvloop", "httptools"):
    if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode != 0:
        bench.skip(f"python3-{module} is not installed")
if shutil.which("wrk") is None:
    bench.skip("wrk is not installed")

connection = bench.rows_made()
model = bench.model_made(connection, 300, 6)
ARTIFACT = bench.artifact(connection, model)
SCRIPT, BARE, BODIES = f"{bench.WORK}/score.sql", f"{bench.WORK}/bare.sql", f"{bench.WORK}/bodies.json"


def write_requests():
    """For wrk rows of the table; for pgbench a type of row, and values drawn anew for each request."""
    rows = bench.query(connection, f"SELECT {', '.join(bench.FEATURES)} FROM bench_float8 LIMIT 500")
    with open(BODIES, "w", encoding="ascii") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(bench.FEATURES, row))) + "\n")
    row = f"ROW({', '.join(f':{name}' for name in bench.FEATURES)})::bench_float8"
    for path, expression in ((SCRIPT, f"fraud_score({row}, '{model}')"), (BARE, f"{row} IS NULL")):
        with open(path, "w", encoding="ascii") as file:
            for name in bench.FEATURES:
                file.write(f"\\set {name} random(-200000, 200000) / 100000.0\n")
            file.write(f"SELECT {expression};\n")


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def with_pgbench(clients, host, script=SCRIPT):
    """Rate, and percentiles of the latency in ms, from pgbench's log of every transaction."""
    for old in glob.glob(f"{bench.WORK}/latency*"):
        os.remove(old)
    environment = dict(os.environ, PGPASSWORD=bench.PASSWORD, PGHOST=host, PGPORT=str(bench.PORT), PGUSER="postgres")
    cpu = cpu_of_children()
    subprocess.run([f"{bench.BIN}/pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(SECONDS),
                    "-l", f"--log-prefix={bench.WORK}/latency", "bench"], env=environment, check=True, stdout=subprocess.DEVNULL)
    cpu = cpu_of_children() - cpu
    latencies = []
    for log in glob.glob(f"{bench.WORK}/latency*"):
        with open(log, encoding="ascii") as file:
            latencies += [int(line.split()[2]) / 1000 for line in file]
    latencies.sort()
    return {"rate": len(latencies) / SECONDS, "p50": percentile(latencies, 0.5), "p95": percentile(latencies, 0.95),
            "p99": percentile(latencies, 0.99), "generator": cpu / SECONDS}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """The service with so many worker processes, as long as the with statement lasts."""

    def __init__(self, workers):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", f"{bench.HERE}/python", "--host", "127.0.0.1", "--port", str(self.port),
             "--workers", str(workers), "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
             "service:app"],
            env=dict(os.environ, BENCH_MODEL=ARTIFACT))

    def __enter__(self):
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    time.sleep(1)  # the other workers
                    return self
            time.sleep(0.1)
        self.__exit__()
        raise SystemExit("the service did not start")

    def __exit__(self, *ignored):
        self.process.terminate()
        self.process.wait()

    def load(self, way, clients):
        cpu = cpu_of_children()
        output = subprocess.run(["wrk", "-t", "1", "-c", str(clients), "-d", f"{SECONDS}s", "-s", f"{bench.HERE}/http_load.lua",
                                 f"http://127.0.0.1:{self.port}/{way}", "--", BODIES], check=True, stdout=subprocess.PIPE, text=True).stdout
        cpu = cpu_of_children() - cpu
        seen = json.loads(next(line for line in output.splitlines() if line.startswith("JSON "))[5:])
        if seen["errors"] or not seen["rate"]:
            raise SystemExit(f"the service failed: {output}")
        return dict(seen, generator=cpu / SECONDS)


class Awake:
    """Loops that only run where nothing else does keep the cores from sleeping."""

    def __init__(self, wanted):
        self.loops = []
        self.wanted = wanted

    def __enter__(self):
        loop = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"
        if self.wanted:
            self.loops = [subprocess.Popen(["/usr/bin/python3", "-c", loop]) for _ in range(bench.CORES)]

    def __exit__(self, *ignored):
        for loop in self.loops:
            loop.kill()
            loop.wait()


class OneCore:
    """This process, the server and what either starts stay on the first core."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.cores = os.sched_getaffinity(0)

    def pin(self, cores):
        for process in (0, bench.POSTMASTER):
            os.sched_setaffinity(process, cores)

    def __enter__(self):
        if self.wanted:
            self.pin({min(self.cores)})

    def __exit__(self, *ignored):
        self.pin(self.cores)


def median(runs):
    return {key: statistics.median(run[key] for run in runs) for key in ("rate", "p50", "p95", "p99", "generator")}


def tell(name, seen):
    bench.remark(f"{name}: {seen['rate']:,.0f} a second, p50 {seen['p50']:.3f} ms, p95 {seen['p95']:.3f} ms, p99 {seen['p99']:.3f} ms; "
                 f"the load generator took {seen['generator']:.2f} cores.")


def measure(clients, awake=False, one_core=False):
    workers = min(clients, bench.CORES)
    runs = {name: [] for name in ("tcp", "socket", "bare", "frame", "lean")}
    with OneCore(one_core), Service(workers) as service, Awake(awake):
        for _ in range(TURNS):
            runs["tcp"].append(with_pgbench(clients, "127.0.0.1"))
            runs["frame"].append(service.load("frame", clients))
            runs["socket"].append(with_pgbench(clients, bench.SOCKET))
            runs["lean"].append(service.load("lean", clients))
            runs["bare"].append(with_pgbench(clients, "127.0.0.1", BARE))
    seen = {name: median(measured) for name, measured in runs.items()}
    who = f"{clients} client{'s' if clients > 1 else ''}{', cores awake' if awake else ''}{', on one core' if one_core else ''}"
    for way, title in (("frame", "as tutorials have it"), ("lean", "leanest")):
        bench.result(f"scores a second, {who}; service {title}", ("prepared SELECT", seen["tcp"]["rate"]), ("HTTP", seen[way]["rate"]), "/s",
                     at_least=20)
        bench.result(f"p95 of the latency, {who}; service {title}", ("prepared SELECT", seen["tcp"]["p95"]), ("HTTP", seen[way]["p95"]),
                     "ms", at_most=0.1)
    tell(f"{who}, pgbench by TCP", seen["tcp"])
    tell(f"{who}, the same statement without fraud_score", seen["bare"])
    tell(f"{who}, pgbench by unix socket", seen["socket"])
    tell(f"{who}, service of {workers} worker{'s' if workers > 1 else ''}, /frame", seen["frame"])
    tell(f"{who}, service of {workers} worker{'s' if workers > 1 else ''}, /lean", seen["lean"])


write_requests()
if not bench.SMALL:
    measure(1)
    measure(1, awake=True)
    measure(1, one_core=True)
measure(8)
