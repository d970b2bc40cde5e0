#!/usr/bin/env bash
# drift_simulation.sh: false alarms and misses of the drift aggregates, by simulation
# (drift_simulation.py), on a private server in a temporary folder that it removes.
# Needs Debian's python3-numpy. About a minute.
set -euo pipefail
cd "$(dirname "$0")/../.."

stage=$(mktemp -d "${TMPDIR:-/tmp}/fraud_detect.simulation.XXXXXX")
finish() {
  test/server "$stage" stop 2> /dev/null || true
  rm -rf "$stage"
}
trap finish EXIT
test/stage "$stage" > /dev/null
test/server "$stage" start
test/server "$stage" psql -d postgres -q -c 'CREATE EXTENSION fraud_detect'
/usr/bin/python3 test/bench/drift_simulation.py test/server "$stage" psql -d postgres -qAt -v ON_ERROR_STOP=1
