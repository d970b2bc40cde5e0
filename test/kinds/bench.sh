# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# bench: every figure of `make bench` can still be measured: on a few rows and with a few trees,
# which takes seconds and says nothing about speed. A figure whose packages are not installed
# (packages/debian.txt, purpose bench) is skipped.

bench_list() {
  find test/bench/figures -name '*.py' -printf '%f\n' | sed 's/\.py$//' | sort
  echo sources
}

bench_prepare() { staged; }

# The Python sources compile.
bench_sources() {
  python3 - <<'EOT'
import pathlib
for path in sorted(pathlib.Path("test/bench").rglob("*.py")):
    compile(path.read_text(encoding="utf-8"), str(path), "exec")
EOT
}

bench_run() {
  if ! /usr/bin/python3 -c 'import psycopg2' 2> /dev/null; then
    printf '1..0 # skip python3-psycopg2 is not installed\n' > "$log.tap"
    return
  fi
  if [ "$1" = sources ]; then
    bench_sources
    return
  fi
  BENCH_SMALL=1 BENCH_STAGE=$stage timeout "$TEST_TIMEOUT" test/bench/run "$1" > "$log.out" 2>&1
  local code=$?
  cat "$log.out"
  if [ $code = 0 ] && grep -q "^  skipped $1: " "$log.out"; then
    sed -n "s/^  skipped $1: \(.*\)/1..0 # skip \1/p" "$log.out" > "$log.tap"
  fi
  return $code
}
