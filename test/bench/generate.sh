#!/usr/bin/env bash
# generate.sh [ROWS [RUNS]]: how fast fraud_generate is, on one core.
#
# Prints rows per second (median of RUNS, default 5; ROWS default 1,000,000) of
#   count   SELECT count(*) FROM fraud_generate(ROWS)
#   table   CREATE TABLE ... AS SELECT * FROM fraud_generate(ROWS), unlogged
#   series  SELECT count(*) FROM generate_series(1, ROWS), to compare machines by
#
# Runs on a private server of its own, in a temporary folder that it removes.
set -euo pipefail
rows=${1:-1000000}
runs=${2:-5}
cd "$(dirname "$0")/../.."

stage=$(mktemp -d "${TMPDIR:-/tmp}/fraud_detect.generate.XXXXXX")
finish() {
  test/server "$stage" stop 2> /dev/null || true
  rm -rf "$stage"
}
trap finish EXIT

test/stage "$stage" > /dev/null
test/server "$stage" start
sql() { test/server "$stage" psql -v ON_ERROR_STOP=1 -d postgres -qAt "$@"; }
sql -c 'CREATE EXTENSION fraud_detect'

# median NAME STATEMENT [CLEANUP]: rows per second of the median run.
median() {
  local name=$1 statement=$2 cleanup=${3:-SELECT} i
  for ((i = 0; i < runs; i++)); do
    sql -c '\timing on' -c "$statement" -c '\timing off' -c "$cleanup" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
  done | sort -n | awk -v name="$name" -v rows="$rows" \
    '{ ms[NR] = $1 } END { m = ms[int((NR + 1) / 2)]; printf "%-7s %9.0f rows/s  (median of %d: %.0f ms)\n", name, rows / m * 1000, NR, m }'
}
median count "SELECT count(*) FROM fraud_generate($rows)"
median table "CREATE UNLOGGED TABLE t AS SELECT * FROM fraud_generate($rows)" 'DROP TABLE t'
median series "SELECT count(*) FROM generate_series(1, $rows)"
