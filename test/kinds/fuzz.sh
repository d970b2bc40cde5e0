# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# fuzz: libFuzzer programs over src/core (test/fuzz/fuzz_<module>.c), each for
# FUZZ_SECONDS from a fixed seed, starting from test/fuzz/corpus/<module>/ where it is.

fuzz_list() {
  find test/fuzz -maxdepth 1 -name 'fuzz_*.c' -printf '%f\n' 2> /dev/null | sed 's/\.c$//' | sort
}

fuzz_prepare() { make --no-print-directory -s -j"$JOBS" -f test/programs.mk core-fuzz; }

fuzz_run() {
  make --no-print-directory -s -f test/programs.mk "build/fuzz/$1" || return
  local corpus=${log:?}.corpus seeds=test/fuzz/corpus/${1#fuzz_} folders
  mkdir "$corpus"
  folders=("$corpus")
  if [ -d "$seeds" ]; then folders+=("$seeds"); fi
  timeout $((FUZZ_SECONDS + TEST_TIMEOUT)) "build/fuzz/$1" -seed=1 -timeout=25 -rss_limit_mb=1024 \
    -max_total_time="$FUZZ_SECONDS" -artifact_prefix="$log." -print_final_stats=1 "${folders[@]}"
  local code=$?
  # An input that fails is worth a test: print it.
  find "$(dirname "$log")" -name "$1.crash-*" -exec od -An -tx1 {} \; 2> /dev/null | head -n 20
  return $code
}
