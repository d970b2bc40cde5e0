# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# fuzz: libFuzzer programs over src/core (test/fuzz/fuzz_<module>.c), from a fixed
# seed and from the kept corpus test/fuzz/corpus/<module>/, without which a program
# has failed. FUZZ_SECONDS is for all of them together: each gets an equal part, so
# that a new one makes `make check` no longer. With FUZZ_CORPUS=FOLDER what they
# find stays in FOLDER/<module>/, and the next run goes on from there.

fuzz_list() {
  find test/fuzz -maxdepth 1 -name 'fuzz_*.c' -printf '%f\n' 2> /dev/null | sed 's/\.c$//' | sort
}

fuzz_prepare() { make --no-print-directory -s -j"$JOBS" -f test/programs.mk core-fuzz; }

# Seconds of each program, rounded up.
fuzz_seconds() {
  local programs
  programs=$(fuzz_list | selected | wc -l)
  echo $(((FUZZ_SECONDS + programs - 1) / programs))
}

fuzz_run() {
  make --no-print-directory -s -f test/programs.mk "build/fuzz/$1" || return
  local module=${1#fuzz_} seconds
  local seeds=test/fuzz/corpus/$module corpus=${log:?}.corpus
  seconds=$(fuzz_seconds)
  if [ -z "$(find "$seeds" -type f -print -quit 2> /dev/null)" ]; then
    echo "$1 has no kept corpus: put a few small inputs into $seeds/"
    return 1
  fi
  if [ -n "${FUZZ_CORPUS:-}" ]; then corpus=$FUZZ_CORPUS/$module; fi
  mkdir -p "$corpus"
  timeout $((seconds + TEST_TIMEOUT)) "build/fuzz/$1" -seed=1 -timeout=25 -rss_limit_mb=1024 \
    -max_total_time="$seconds" -artifact_prefix="$log." -print_final_stats=1 "$corpus" "$seeds"
  local code=$?
  # An input that fails is worth a test: print it.
  find "$(dirname "$log")" -name "$1.crash-*" -exec od -An -tx1 {} \; 2> /dev/null | head -n 20
  return $code
}
