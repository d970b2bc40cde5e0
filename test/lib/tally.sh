# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# tally.sh: runs tests, a few at a time, prints one line for each in the order of
# their names, and adds up (sourced by test/check).
# Needs: $work, $JOBS, $TESTS, $TEST_TIMEOUT; sets $passed and $failed.

passed=0
failed=0

# Keeps the names that TESTS asks for, or all.
selected() {
  local name
  while read -r name; do
    if [ -z "$TESTS" ] || [[ " $TESTS " == *" $name "* ]]; then echo "$name"; fi
  done
}

# tap_counts FILE: prints "passed failed" of a TAP stream. Tests that a plan
# promised and that never came have failed; so has a stream without any plan.
tap_counts() {
  awk '
    /^ok/ { seen++; passed++ }
    /^not ok/ { seen++; if ($0 ~ /# *TODO/) passed++; else failed++ }
    /^1\.\.[0-9]+/ { planned = 1; plan += substr($1, 4) }
    /^Bail out!/ { failed++ }
    END {
      if (!planned) failed++
      else if (plan > seen) failed += plan - seen
      else if (plan < seen) failed += seen - plan
      print passed + 0, failed + 0
    }' "$1"
}

# run_test KIND NAME: runs one test and leaves "passed failed" in its .counts file.
run_test() {
  local kind=$1 name=$2
  log=$work/log/$kind/$name
  local code=0 counts
  ( set +e; "${kind}_run" "$name" ) > "$log.log" 2>&1 || code=$?
  counts='1 0'
  if [ -f "$log.tap" ]; then
    counts=$(tap_counts "$log.tap")
    cat "$log.tap" >> "$log.log"
  fi
  case $counts in
    *' 0') if [ $code != 0 ]; then
      echo "exit code $code" >> "$log.log"
      if [ -f "$log.tap" ]; then counts="${counts% *} 1"; else counts='0 1'; fi
    fi ;;
  esac
  echo "$counts" > "$log.counts"
}

# end_tree PID: ends a process and all below it, those first that wait for nobody.
# (timeout makes process groups of its own, and ps need not be there.)
end_tree() {
  local children child
  { read -ra children < "/proc/$1/task/$1/children"; } 2> /dev/null || true
  for child in "${children[@]}"; do end_tree "$child"; done
  kill "$1" 2> /dev/null || true
}

# Ends what still runs, after Ctrl-C: a shell's background jobs do not hear of that.
end_tests() {
  local job
  for job in $(jobs -p); do end_tree "$job"; done
  wait
}

# report KIND NAME: prints the line of a finished test, the end of its log when it failed.
report() {
  local log=$work/log/$1/$2 good bad
  read -r good bad < "$log.counts"
  passed=$((passed + good))
  failed=$((failed + bad))
  if [ "$bad" != 0 ]; then
    echo "FAIL $1/$2 ($good passed, $bad failed)"
    { grep -v '^ok ' "$log.log" || true; } | tail -n 60 | cut -c 1-400 | sed 's/^/     /'
  elif [ "$good" = 0 ]; then
    echo "skip $1/$2 $(grep -o -m1 -i 'skip.*' "$log.log" || true)"
  elif [ -f "$log.tap" ]; then
    echo "ok   $1/$2 ($good)"
  else
    echo "ok   $1/$2"
  fi
}

# run_tests KIND NAME ...: at most $JOBS at a time, reported in order.
run_tests() {
  local kind=$1 next=0 running=0 name
  shift
  local names=("$@")
  if declare -F "${kind}_prepare" > /dev/null; then
    # Kept when it fails: its tests then fail and say why.
    if ! "${kind}_prepare" > "$work/log/$kind.prepare" 2>&1; then
      echo "FAIL $kind: preparation"
      tail -n 60 "$work/log/$kind.prepare" | cut -c 1-400 | sed 's/^/     /'
      failed=$((failed + 1))
      return
    fi
  fi
  for name in "${names[@]}"; do
    if [ $running -ge "$JOBS" ]; then
      wait -n || true
      running=$((running - 1))
    fi
    while [ -f "$work/log/$kind/${names[next]}.counts" ]; do
      report "$kind" "${names[next]}"
      next=$((next + 1))
    done
    run_test "$kind" "$name" &
    running=$((running + 1))
  done
  wait
  for name in "${names[@]:next}"; do report "$kind" "$name"; done
}
