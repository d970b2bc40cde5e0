#!/usr/bin/python3
"""The engine without a server, against XGBoost's batch prediction: the table of test/bench/engine.c."""
import os
import subprocess

import bench

if bench.SMALL:
    bench.skip("make check-unit builds the same code")
subprocess.run(["make", "--no-print-directory", "-s", "-f", "test/programs.mk", "build/bench/engine"], check=True)
table = subprocess.run(["build/bench/engine", "build/bench", str(max(bench.REPETITIONS, 9))], check=True,
                       stdout=subprocess.PIPE, text=True).stdout
print(table)
with open(os.path.join(bench.WORK, "engine.txt"), "w", encoding="utf-8") as file:
    file.write(table)
bars, missed = table.count("(bar ") + table.count("(MISSED "), table.count("(MISSED ")
bench.remark(f"Engine: {bars - missed} of {bars} bars hold; a row is one line of the last table.")
