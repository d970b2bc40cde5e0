# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# regress: test/sql/<name>.sql against expected/<name>.out, each in a database of its own.

regress_list() {
  find test/sql -maxdepth 1 -name '*.sql' -printf '%f\n' 2> /dev/null | sed 's/\.sql$//' | sort
}

regress_prepare() {
  served || return
  writable "$work/regress"
}

regress_run() {
  compare "$1" "$pgxs/src/test/regress/pg_regress" "$work/test" "$work/test/sql/$1.sql" regress
}

# compare NAME PROGRAM INPUTS FILE KIND: pg_regress or pg_isolation_regress on one test.
compare() {
  local name=$1 program=$2 inputs=$3 file=$4 output=$work/$5/$1 options=()
  writable "$output"
  if ! creates_extension "$file"; then options+=(--load-extension=fraud_detect); fi
  if "$program" --help 2>&1 | grep -q -- --expecteddir; then
    options+=(--expecteddir="$inputs")
  fi
  ( cd "$output" &&
    as_server env HOME="$output" timeout "$TEST_TIMEOUT" "$program" --bindir="$bin" --host="$stage/socket" \
      --port=5432 --user=postgres --dbname="$5_$name" --inputdir="$inputs" --outputdir="$output" \
      "${options[@]}" "$name" )
  local code=$?
  if [ -f "$output/regression.diffs" ]; then head -n 200 "$output/regression.diffs"; fi
  return $code
}
