# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# static: rules about the source and the built libraries, one program each in test/static.

static_list() { find test/static -maxdepth 1 -type f -executable -printf '%f\n' | sort; }

# Built once: tests that run side by side would otherwise build side by side.
static_prepare() { make --no-print-directory -s -j"$JOBS" all; }

static_run() {
  timeout "$TEST_TIMEOUT" "test/static/$1" > "$log.out"
  local code=$?
  cat "$log.out"
  if grep -q '^1\.\.0 # skip ' "$log.out"; then cp "$log.out" "$log.tap"; fi
  return $code
}
