# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# server: the shared server lived through all of it (run by test/check itself, last).

server_list() { echo log; }

server_run() {
  if grep -E 'PANIC|was terminated by signal|server process .* exited' "$stage/data/server.log"; then
    return 1
  fi
}
