# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# docs: every ```sql fence of README.md and docs/*.md runs as it stands, top to
# bottom, one session and one fresh database for each file (test/lib/document.awk).
# So does what `make demo` shows. docs/reference.md is what the catalog says
# (test/lib/reference.sql); UPDATE=1 writes it anew.

docs_list() {
  local file
  for file in README.md docs/*.md; do
    if grep -q '^```sql' "$file" 2> /dev/null; then
      file=${file#docs/}
      echo "${file%.md}"
    fi
  done
  echo demo
  echo reference
}

reference_page() {
  local page=$work/docs/reference.out
  fresh_database docs_reference test/lib/reference.sql || return
  sql docs_reference -q -v ON_ERROR_STOP=1 -f test/lib/reference.sql > "$page" || return
  if [ -n "${UPDATE:-}" ]; then cp "$page" docs/reference.md; fi
  diff -u docs/reference.md "$page"
}

docs_prepare() {
  served || return
  mkdir "$work/docs"
}

docs_run() {
  local script=$work/docs/$1.md
  if [ "$1" = reference ]; then
    reference_page
    return
  fi
  case $1 in
    demo) cp demo/demo.sql "$script" ;;
    README) awk -f test/lib/document.awk README.md > "$script" ;;
    *) awk -f test/lib/document.awk "docs/$1.md" > "$script" ;;
  esac || return
  fresh_database "docs_$1" "$script" || return
  cd "$work/docs" || return
  PGTZ=UTC timeout "$TEST_TIMEOUT" "$bin/psql" -X -h "$stage/socket" -U postgres -d "docs_$1" -e \
    -v ON_ERROR_STOP=1 -P pager=off -f "$1.md"
}
