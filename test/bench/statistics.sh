#!/usr/bin/env bash
# statistics.sh [ROUNDS]: what the statistics aggregates cost, against SciPy and
# scikit-learn on arrays in memory, and against avg() over the same table.
# Interleaved, median of ROUNDS (default 5). Needs Debian's python3-scipy and
# python3-sklearn. Runs on a private server in a temporary folder that it removes.
set -euo pipefail
rounds=${1:-5}
cd "$(dirname "$0")/../.."

stage=$(mktemp -d "${TMPDIR:-/tmp}/fraud_detect.statistics.XXXXXX")
finish() {
  test/server "$stage" stop 2> /dev/null || true
  rm -rf "$stage"
}
trap finish EXIT
test/stage "$stage" > /dev/null
test/server "$stage" start
/usr/bin/python3 test/bench/statistics_figures.py "$rounds" test/server "$stage" psql -d postgres -qAt -v ON_ERROR_STOP=1
