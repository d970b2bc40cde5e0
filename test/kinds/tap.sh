# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# tap: Perl tests that start servers of their own (PostgreSQL::Test::Cluster): test/tap/t/*.pl.

tap_list() {
  find test/tap/t -name '*.pl' -printf '%f\n' 2> /dev/null | sed 's/\.pl$//' | sort
}

tap_prepare() {
  staged || return
  writable "$work/tap"
}

tap_run() {
  local output=$work/tap/$1
  writable "$output"
  ( cd "$output" &&
    as_server env HOME="$output" PATH="$bin:/usr/local/bin:/usr/bin:/bin" PGHOST= PGPORT=65432 \
      PG_REGRESS="$pgxs/src/test/regress/pg_regress" PG_TEST_TIMEOUT_DEFAULT=180 \
      TESTDIR="$output" TESTDATADIR="$output/tmp_check" TESTLOGDIR="$output/tmp_check/log" \
      timeout --kill-after=30 "$TEST_TIMEOUT" perl -I"$pgxs/src/test/perl" -I"$work/test/tap" \
      "$work/test/tap/t/$1.pl" ) > "${log:?}.tap"
  local code=$?
  if [ $code != 0 ]; then
    find "$output/tmp_check/log" -name '*.log' -exec tail -n 15 -v {} + 2> /dev/null
  fi
  return $code
}
