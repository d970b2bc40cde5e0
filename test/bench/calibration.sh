#!/usr/bin/env bash
# calibration.sh [SEED ...]: the tables of docs/calibration.md, seeds 1 2 3 4 42 unless given.
#
# Each row is over the worlds of the seeds, with and without the identities as features: calibration
# error of the holdout (lowest, mean, highest, and how many are above .005), the mean error that a
# perfectly calibrated score of the same distribution would show by chance (its labels drawn from the
# score itself; in a bin of variance V the mean distance is sqrt(2 V / pi)), and the means of average
# precision, log loss and Brier score.
#
# Runs on a private server of its own, in a temporary folder that it removes. Six minutes for five seeds.
set -euo pipefail
seeds=("${@:-}")
if [ -z "${seeds[0]}" ]; then seeds=(1 2 3 4 42); fi
cd "$(dirname "$0")/../.."

stage=$(mktemp -d "${TMPDIR:-/tmp}/fraud_detect.calibration.XXXXXX")
finish() {
  test/server "$stage" stop 2> /dev/null || true
  rm -rf "$stage"
}
trap finish EXIT

test/stage "$stage" > /dev/null
test/server "$stage" start
sql() { test/server "$stage" psql -v ON_ERROR_STOP=1 -d postgres -qAt "$@"; }
sql <<'SQL'
CREATE EXTENSION fraud_detect;
CREATE TABLE world ();
CREATE TABLE outcome (ece float8, chance float8, average_precision float8, log_loss float8, brier float8);
SQL

# train DAYS EXCLUDED: one training on the table world.
train() {
  sql -v days="$1 days" -v excluded="{transaction_id,fraud_scenario,label_time$2}" > /dev/null <<'SQL'
SET client_min_messages = error;
SELECT FROM fraud_train('m', 'world', event_time => 'tx_time', label_delay => :'days', exclude => :'excluded');
INSERT INTO outcome
SELECT (metrics ->> 'ece')::float8, chance, (metrics ->> 'average_precision')::float8,
  (metrics ->> 'log_loss')::float8, (metrics ->> 'brier')::float8
FROM fraud.model_version,
  (SELECT sum(sqrt(2 * variance / pi())) / sum(n) AS chance
   FROM (SELECT count(*) AS n, sum(p * (1 - p)) AS variance
         FROM (SELECT fraud_score(w, 'm') AS p FROM world AS w
               WHERE tx_time >= (SELECT (parts #>> '{holdout,from}')::timestamptz FROM fraud.model_version)) AS scored
         GROUP BY floor(p * 15)) AS bin) AS perfect;
SELECT fraud_drop_model('m');
SQL
}

echo '| rows | rate of fraud | label_delay | lowest | mean | highest | above .005 | by chance | average precision | log loss | Brier |'
echo '|---|---|---|---|---|---|---|---|---|---|---|'
while read -r rows rate days; do
  sql -c 'TRUNCATE outcome'
  for seed in "${seeds[@]}"; do
    sql -c 'DROP TABLE world' \
      -c "CREATE TABLE world AS SELECT * FROM fraud_generate($rows, fraud_rate => $rate, seed => $seed)"
    train "$days" ''
    train "$days" ',customer_id,card_id,merchant_id,device_id'
  done
  sql -F ' | ' -c "SELECT '| $rows', '$rate', '$days', round(min(ece)::numeric, 4), round(avg(ece)::numeric, 4),
    round(max(ece)::numeric, 4), count(*) FILTER (WHERE ece > .005) || ' of ' || count(*), round(avg(chance)::numeric, 4),
    round(avg(average_precision)::numeric, 3), round(avg(log_loss)::numeric, 4), round(avg(brier)::numeric, 5) || ' |'
    FROM outcome"
done <<'END'
60000 .005 0
60000 .005 7
60000 .008 0
60000 .008 7
60000 .02 0
60000 .02 7
100000 .005 0
100000 .005 7
100000 .008 0
100000 .008 7
100000 .02 0
100000 .02 7
300000 .008 0
300000 .008 7
300000 .02 0
300000 .02 7
END
