# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# staging.sh: the private copy of the server that tests run on (sourced by test/check).
# Needs: $work (a folder that every user can read), $stage (a folder to make in it).

# as_server COMMAND ...: as the user that runs servers.
as_server() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# writable FOLDER: makes a folder that the server's user may write to.
writable() {
  mkdir -p "$1"
  if [ "$(id -u)" = 0 ]; then chown postgres "$1"; fi
}

# Builds and installs into the private copy, once; copies the tests beside it,
# since the server's user need not be able to read this checkout.
staged() {
  if [ -f "$stage/bindir" ]; then return; fi
  test/stage "$stage" || return
  bin=$(cat "$stage/bindir")
  pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/../..
  cp -a test "$work/test"
  if [ -d expected ]; then cp -a expected "$work/test/expected"; fi
  chmod -R a+rX "$work/test"
}

# Starts the server that regression, isolation, pgTAP and documentation tests share.
served() {
  staged || return
  if [ ! -d "$stage/data" ]; then test/server "$stage" start; fi
}

# sql DATABASE ARG ...: psql on the shared server.
sql() {
  local database=$1
  shift
  "$bin/psql" -X -h "$stage/socket" -U postgres -d "$database" "$@"
}

# creates_extension FILE: does the test create the extension itself?
creates_extension() {
  grep -qiE 'create +extension +(if +not +exists +)?fraud_detect' "$1"
}

# fresh_database NAME FILE: an empty database for the test in FILE; the extension
# is there unless the file creates it.
fresh_database() {
  sql postgres -q -c "CREATE DATABASE \"$1\" TEMPLATE template0" &&
    { creates_extension "$2" || sql "$1" -q -c 'CREATE EXTENSION fraud_detect'; }
}
