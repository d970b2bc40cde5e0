#!/usr/bin/env bash
# features.sh [ROWS] [RUNS]: how long features take, for a whole table and for a single row.
#
#  - The view over ROWS rows (default 1,000,000) with 12 window features over two entities, against
#    the same aggregates written by hand as window functions, over numeric and over float8; medians
#    of RUNS runs (default 3) that take turns. (By hand, windows are closed at their left end and rows of
#    one time see each other: nearly the same.)
#  - One row: fraud_score on the table's row with those 12 features, windows up to 30 days that hold
#    100 events of each entity; within one statement, and as a statement of its own; and the same with indexes that
#    hold the column that is aggregated, too.
#
# Runs on a private server of its own, with default settings, in a temporary folder that it removes.
set -euo pipefail
rows=${1:-1000000} runs=${2:-3}
cd "$(dirname "$0")/../.."

stage=$(mktemp -d "${TMPDIR:-/tmp}/fraud_detect.features.XXXXXX")
finish() {
  test/server "$stage" stop 2> /dev/null || true
  rm -rf "$stage"
}
trap finish EXIT

test/stage "$stage"
test/server "$stage" start
sql() { test/server "$stage" psql -q -At -v ON_ERROR_STOP=1 -d postgres "$@"; }

sql -v rows="$rows" <<'SQL'
CREATE EXTENSION fraud_detect;
SET client_min_messages = warning;
CREATE TABLE tx AS SELECT *, amount::float8 AS amount_float8 FROM fraud_generate(:rows, customers => :rows / 25);
VACUUM ANALYZE tx;
-- 100 events of each entity in 30 days: entities of 600 events in 180 days.
CREATE TABLE dense AS
  SELECT i AS id, '2026-01-01 00:00+00'::timestamptz + i * '180 days'::interval / 300000 AS tx_time,
    'card_' || hashint8(i)::bit(32)::bigint % 500 AS card_id, (hashint8(i + 1000000)::bit(32)::bigint % 500)::int AS merchant_id,
    ((hashint8(i + 2000000)::bit(32)::bigint % 100000) / 100.0)::numeric(12, 2) AS amount, hashint8(i + 3000000) % 50 = 0 AS is_fraud
  FROM generate_series(1, 300000) AS i;
CREATE INDEX ON dense (card_id, tx_time);
CREATE INDEX ON dense (merchant_id, tx_time);
CREATE INDEX ON dense (id);
VACUUM ANALYZE dense;
SELECT fraud_define_features(source, source::regclass, 'tx_time', '[
  {"name": "c1", "per": "card_id", "aggregate": "count", "window": "1 day"},
  {"name": "c2", "per": "card_id", "aggregate": "count", "window": "30 days"},
  {"name": "c3", "per": "card_id", "aggregate": "sum", "value": "amount", "window": "1 day"},
  {"name": "c4", "per": "card_id", "aggregate": "sum", "value": "amount", "window": "30 days"},
  {"name": "c5", "per": "card_id", "aggregate": "avg", "value": "amount", "window": "30 days"},
  {"name": "c6", "per": "card_id", "aggregate": "max", "value": "amount", "window": "30 days"},
  {"name": "c7", "per": "card_id", "aggregate": "stddev", "value": "amount", "window": "30 days"},
  {"name": "m1", "per": "merchant_id", "aggregate": "count", "window": "1 day"},
  {"name": "m2", "per": "merchant_id", "aggregate": "count", "window": "30 days"},
  {"name": "m3", "per": "merchant_id", "aggregate": "sum", "value": "amount", "window": "30 days"},
  {"name": "m4", "per": "merchant_id", "aggregate": "avg", "value": "amount", "window": "30 days"},
  {"name": "m5", "per": "merchant_id", "aggregate": "max", "value": "amount", "window": "30 days"}]')
FROM unnest('{tx,dense}'::text[]) AS source \g /dev/null
CREATE FUNCTION by_hand(amount text) RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT *, count(*) OVER c1 AS c1, count(*) OVER c30 AS c2, sum(%1$s) OVER c1 AS c3, sum(%1$s) OVER c30 AS c4,
    avg(%1$s) OVER c30 AS c5, max(%1$s) OVER c30 AS c6, stddev(%1$s) OVER c30 AS c7, count(*) OVER m1 AS m1,
    count(*) OVER m30 AS m2, sum(%1$s) OVER m30 AS m3, avg(%1$s) OVER m30 AS m4, max(%1$s) OVER m30 AS m5
    FROM tx WINDOW c1 AS (PARTITION BY card_id ORDER BY tx_time RANGE ''1 day'' PRECEDING),
      c30 AS (PARTITION BY card_id ORDER BY tx_time RANGE ''30 days'' PRECEDING),
      m1 AS (PARTITION BY merchant_id ORDER BY tx_time RANGE ''1 day'' PRECEDING),
      m30 AS (PARTITION BY merchant_id ORDER BY tx_time RANGE ''30 days'' PRECEDING)', amount)
$$;
CREATE FUNCTION seconds_of(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  begun timestamptz := clock_timestamp();
BEGIN
  EXECUTE format('SELECT max(c1), max(c2), max(c3), max(c4), max(c5), max(c6), max(c7), max(m1), max(m2), max(m3), max(m4), max(m5) '
    'FROM (%s) AS q', query);
  RETURN extract(epoch FROM clock_timestamp() - begun);
END
$$;
CREATE TABLE seconds (run int, way text, seconds float8);
SQL

for run in $(seq "$runs"); do
  sql -v run="$run" <<'SQL'
INSERT INTO seconds VALUES (:run, 'view', seconds_of('SELECT * FROM fraud_features.tx'));
INSERT INTO seconds VALUES (:run, 'by hand, numeric', seconds_of(by_hand('amount')));
INSERT INTO seconds VALUES (:run, 'by hand, float8', seconds_of(by_hand('amount_float8')));
SQL
done

sql -v rows="$rows" <<'SQL'
SET client_min_messages = warning;
\pset format aligned
\pset tuples_only off
\pset footer off
\echo :rows rows
WITH median AS (SELECT way, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds FROM seconds GROUP BY way)
SELECT way, round(seconds::numeric, 2) AS seconds,
  round((seconds / (SELECT m.seconds FROM median AS m WHERE m.way = 'by hand, float8'))::numeric, 2) AS to_float8
FROM median ORDER BY seconds;

SELECT version FROM fraud_train('dense', 'fraud_features.dense', event_time => 'tx_time', features => '{c1,c2,c3,c4,c5,c6,c7,m1,m2,m3,m4,m5}',
  params => '{"rounds": 50}') \g /dev/null

CREATE FUNCTION one_by_one(ids int[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  begun timestamptz := clock_timestamp();
  i int;
BEGIN
  FOREACH i IN ARRAY ids LOOP
    PERFORM fraud_score(t) FROM dense t WHERE id = i;
  END LOOP;
  RETURN extract(epoch FROM clock_timestamp() - begun);
END
$$;
CREATE FUNCTION at_once(ids int[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  begun timestamptz := clock_timestamp();
BEGIN
  PERFORM count(fraud_score(t)) FROM dense t WHERE id = ANY (ids);
  RETURN extract(epoch FROM clock_timestamp() - begun);
END
$$;
CREATE FUNCTION us_of(way regproc, ids int[]) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  seconds float8;
  runs float8[] := '{}';
BEGIN
  FOR run IN 1..7 LOOP
    EXECUTE format('SELECT %s($1)', way) INTO seconds USING ids;
    runs := runs || seconds;
  END LOOP;
  RETURN (SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY s) * 1e6 / cardinality(ids))::numeric, 1) FROM unnest(runs) AS s);
END
$$;
SET jit = off;
SELECT array_agg(90000 + i * 100) AS ids FROM generate_series(1, 2000) AS i \gset
SELECT (SELECT round(avg(c2)) FROM fraud_features.dense WHERE id > 90000) AS events_of_card,
  (SELECT round(avg(m2)) FROM fraud_features.dense WHERE id > 90000) AS events_of_merchant;
SELECT one_by_one(:'ids'), at_once(:'ids') \g /dev/null
SELECT us_of('at_once', :'ids') AS us_in_a_statement, us_of('one_by_one', :'ids') AS us_as_a_statement;
CREATE INDEX ON dense (card_id, tx_time) INCLUDE (amount);
CREATE INDEX ON dense (merchant_id, tx_time) INCLUDE (amount);
DROP INDEX dense_card_id_tx_time_idx, dense_merchant_id_tx_time_idx;
VACUUM dense;
SELECT one_by_one(:'ids'), at_once(:'ids') \g /dev/null
SELECT us_of('at_once', :'ids') AS us_in_a_statement_covering, us_of('one_by_one', :'ids') AS us_as_a_statement_covering;
SQL
