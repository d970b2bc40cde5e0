# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# pgtap: test/pgtap/<name>.sql, each in a database of its own with pgtap installed.

pgtap_list() {
  find test/pgtap -maxdepth 1 -name '*.sql' -printf '%f\n' 2> /dev/null | sed 's/\.sql$//' | sort
}

pgtap_prepare() { served; }

pgtap_run() {
  local file=$work/test/pgtap/$1.sql
  fresh_database "pgtap_$1" "$file" || return
  grep -qiE 'create +extension.*pgtap' "$file" ||
    sql "pgtap_$1" -q -c 'CREATE EXTENSION pgtap' || return
  PGTZ=UTC timeout "$TEST_TIMEOUT" "$bin/psql" -X -h "$stage/socket" -U postgres -d "pgtap_$1" -q -A -t \
    -v ON_ERROR_STOP=1 -P pager=off -f "$file" > "${log:?}.tap"
}
