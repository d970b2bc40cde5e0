#!/usr/bin/env bash
# handbook.sh FILE: real input, from an empty database to a figure.
#
# Loads the transactions of the Fraud Detection Handbook's simulator (a .csv or
# .csv.xz with the columns TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID,
# TX_AMOUNT, TX_FRAUD, TX_FRAUD_SCENARIO) as they stand, trains on what was known
# before 2018-08-01, and prints area under the ROC curve and average precision of
# the week from 2018-08-08: a label delay of seven days lies between.
# Raw columns carry little there; that is the point of comparison for features.
#
# Runs on a private server of its own, in a temporary folder that it removes.
set -euo pipefail
file=$(realpath "${1:?usage: test/bench/handbook.sh FILE}")
cd "$(dirname "$0")/../.."

stage=$(mktemp -d "${TMPDIR:-/tmp}/fraud_detect.handbook.XXXXXX")
finish() {
  test/server "$stage" stop 2> /dev/null || true
  rm -rf "$stage"
}
trap finish EXIT

test/stage "$stage"
test/server "$stage" start
sql() { test/server "$stage" psql -v ON_ERROR_STOP=1 -d postgres "$@"; }

case $file in
  *.xz) reader=(xz -dc "$file") ;;
  *) reader=(cat "$file") ;;
esac

sql -q <<'SQL'
CREATE EXTENSION fraud_detect;
CREATE TABLE handbook (
  transaction_id bigint, tx_datetime timestamp, customer_id bigint, terminal_id bigint,
  tx_amount numeric, tx_fraud int, tx_fraud_scenario int
);
SQL
"${reader[@]}" | sql -q -c '\copy handbook FROM STDIN CSV HEADER'

sql -e <<'SQL'
\timing on
SELECT count(*) AS rows, sum(tx_fraud) AS frauds FROM handbook;

SELECT * FROM fraud_train('handbook',
  $$SELECT * FROM handbook WHERE tx_datetime < '2018-08-01'$$,
  label => 'tx_fraud', event_time => 'tx_datetime', label_delay => '7 days',
  exclude => '{transaction_id,tx_fraud_scenario}');

SELECT metric, round(value::numeric, 4) AS value
  FROM fraud_evaluate('handbook',
    $$SELECT * FROM handbook WHERE tx_datetime >= '2018-08-08' AND tx_datetime < '2018-08-15'$$,
    label => 'tx_fraud');

SELECT transaction_id, tx_datetime, tx_amount, tx_fraud, round(score::numeric, 4) AS score
  FROM (SELECT h.*, fraud_score(h, 'handbook') AS score FROM handbook h
         WHERE tx_datetime >= '2018-08-08' AND tx_datetime < '2018-08-15') scored
 ORDER BY score DESC, transaction_id LIMIT 5;
SQL
