# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# isolation: several sessions, test/isolation/specs/<name>.spec against
# test/isolation/expected/<name>.out, each in a database of its own.
# shellcheck source=test/kinds/regress.sh
. test/kinds/regress.sh

isolation_list() {
  find test/isolation/specs -name '*.spec' -printf '%f\n' 2> /dev/null | sed 's/\.spec$//' | sort
}

isolation_prepare() {
  served || return
  writable "$work/isolation"
}

isolation_run() {
  compare "$1" "$pgxs/src/test/isolation/pg_isolation_regress" "$work/test/isolation" \
    "$work/test/isolation/specs/$1.spec" isolation
}
