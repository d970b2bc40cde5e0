# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# unit: cmocka programs over src/core, without a server. test_<module>.c is built
# with the address and undefined behaviour sanitizers; xgboost_<module>.c compares
# with libxgboost, links it and is built without them (libxgboost is not instrumented).

unit_list() {
  find test/unit -maxdepth 1 \( -name 'test_*.c' -o -name 'xgboost_*.c' \) -printf '%f\n' \
    2> /dev/null | sed 's/\.c$//' | sort
}

unit_run() {
  make --no-print-directory -s -f test/programs.mk "build/unit/$1" || return
  CMOCKA_MESSAGE_OUTPUT=TAP UBSAN_OPTIONS=print_stacktrace=1 \
    timeout "$TEST_TIMEOUT" "build/unit/$1" > "${log:?}.out"
  local code=$?
  # cmocka prints the plan first, then all else to the same stream.
  cp "$log.out" "$log.tap"
  return $code
}

# Shared objects first: the programs are then built side by side.
unit_prepare() {
  make --no-print-directory -s -j"$JOBS" -f test/programs.mk core-sanitized core-plain
}
