# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# docker: what the image runs, without an engine: scripts of docker/ on the private
# copy of the server (test/docker/<name>, TAP on its standard output, folder as $1).

docker_list() { find test/docker -type f -executable -printf '%f\n' 2> /dev/null | sort; }

docker_prepare() {
  staged || return
  writable "$work/docker"
  cp -a docker "$work/image"
  chmod -R a+rX "$work/image"
}

docker_run() {
  local output=$work/docker/$1
  writable "$output"
  ( cd "$output" &&
    as_server env HOME="$output" PATH="$work/image:$bin:/usr/local/bin:/usr/bin:/bin" \
      timeout --kill-after=30 "$TEST_TIMEOUT" "$work/test/docker/$1" "$output" ) > "${log:?}.tap"
}
