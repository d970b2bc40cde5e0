# document.awk: prints the SQL of a Markdown file, every line at its own line
# number, so that psql's messages point into the document. All else becomes blank.
#
#   ```sql                is run
#   ```sql error FD004    its last statement has to fail with this SQLSTATE

# The check of an expected error comes one line after the fence: psql heeds
# ON_ERROR_STOP from the next line on. It compares in SQL, psql itself cannot.
function check_of(state) {
  return "SELECT pg_catalog.set_config('document.state', :'SQLSTATE', false) AS state \\gset \\\\ " \
    "DO $$ BEGIN IF pg_catalog.current_setting('document.state') <> '" state "' THEN " \
    "RAISE EXCEPTION 'expected SQLSTATE " state ", got %', " \
    "pg_catalog.current_setting('document.state'); END IF; END $$;"
}

/^```/ && inside {
  inside = 0
  print (expected == "" ? "" : "\\set ON_ERROR_STOP on")
  pending = expected == "" ? "" : check_of(expected)
  next
}

$1 == "```sql" {
  inside = 1
  expected = $2 == "error" ? $3 : ""
  if (NF > 1 && (length(expected) != 5 || expected ~ /[^0-9A-Z]/)) {
    printf "%s:%d: not understood: %s\n", FILENAME, FNR, $0 > "/dev/stderr"
    failure = 1
    exit 1
  }
  if (expected != "") pending = pending (pending == "" ? "" : " ") "\\set ON_ERROR_STOP off"
  print pending
  pending = ""
  next
}

inside { print; next }

{ print pending; pending = "" }

END {
  if (failure) exit 1
  if (pending != "") print pending
  if (inside) {
    printf "%s: a fence is not closed\n", FILENAME > "/dev/stderr"
    exit 1
  }
}
