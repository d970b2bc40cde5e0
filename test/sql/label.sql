-- The record of outcomes: appended, never changed; what was known at an instant; features by it.
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TABLE tx (id bigint PRIMARY KEY, at timestamptz, shop int, amount numeric);
INSERT INTO tx SELECT i, '2020-01-01 00:00+00'::timestamptz + i * '1 day'::interval, 1, i FROM generate_series(1, 10) AS i;
CREATE INDEX ON tx (shop, at);

\echo what is known
SELECT fraud_label('tx', '1', true, known_at => '2020-02-01');
SELECT fraud_label('tx', '2', true, known_at => '2020-02-01', note => 'lost card');
SELECT fraud_label('tx', '1', false, known_at => '2020-03-01', note => 'dispute won');
SELECT fraud_label('tx', '3', false, 'analyst', '2020-01-15 00:00+00');
SELECT * FROM fraud_labels('tx') ORDER BY key;
SELECT * FROM fraud_labels('tx', as_of => '2020-02-15') ORDER BY key;
SELECT * FROM fraud_labels('tx', as_of => '2020-02-01') ORDER BY key;
SELECT * FROM fraud_labels('tx', as_of => '2020-01-31') ORDER BY key;
SELECT * FROM fraud_labels('tx', '{analyst}') ORDER BY key;
-- Of several sources the latest; told later, but known earlier, changes nothing.
SELECT fraud_label('tx', '2', false, 'analyst', '2020-02-10');
SELECT fraud_label('tx', '1', true, known_at => '2020-02-20');
SELECT * FROM fraud_labels('tx', '{analyst,chargeback}') ORDER BY key;
SELECT * FROM fraud_labels('tx') ORDER BY key;
-- Of one instant, the one that was written last.
SELECT fraud_label('tx', '4', f, known_at => '2020-02-01') IS NOT NULL FROM unnest('{true,false,true,false}'::bool[]) AS f;
SELECT * FROM fraud_labels('tx') WHERE key = '4';
SELECT key, fraud.label_changes('tx', key, '{chargeback}') AS chargebacks,
  fraud.label_changes('tx', key, '{analyst,chargeback}') AS of_any_source
  FROM unnest('{1,2,3,4,5}'::text[]) AS key;
-- Verdicts that say the same change nothing.
SELECT fraud_label('tx', '5', true, 'analyst', '2020-01-10') < fraud_label('tx', '5', true, 'analyst', '2020-01-12') AS in_order;
SELECT fraud.label_changes('tx', '5', '{analyst}');
SELECT count(*), count(note), count(DISTINCT recorded_by) AS roles, bool_and(recorded_at > now() - '1 hour'::interval AND known_at <= recorded_at) AS just_now
  FROM fraud.label;
SELECT * FROM fraud_labels('tx', as_of => NULL);

\echo appended, never changed
UPDATE fraud.label SET is_fraud = NOT is_fraud;
DELETE FROM fraud.label;
TRUNCATE fraud.label;
SET session_replication_role = replica;
DELETE FROM fraud.label;
RESET session_replication_role;
-- But what is old can go. A superuser's word is taken for when it was recorded, as in a restore.
BEGIN;
INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_at) VALUES ('tx', '9', true, 'chargeback', '2010-01-01', '2010-01-02');
SELECT * FROM fraud_purge('10 years') WHERE relation = 'fraud.label';
SELECT count(*) FROM fraud.label WHERE key = '9';
ROLLBACK;

\echo what is refused
CREATE FUNCTION sqlstate(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
SELECT sqlstate($$SELECT fraud_label('tx', '1', true, 'charge_back')$$);
SELECT sqlstate($$SELECT fraud_label('tx', '1', true, 'rumour')$$);
SELECT sqlstate($$SELECT fraud_label('tx', '1', true, known_at => '2100-01-01')$$);
SELECT sqlstate($$SELECT fraud_label('tx', '1', true, known_at => 'infinity')$$);
SELECT sqlstate($$SELECT fraud_label('tx', '1', true, known_at => '-infinity')$$);
SELECT sqlstate($$SELECT fraud_label('tx', NULL, true)$$);
SELECT sqlstate($$SELECT fraud_label(NULL, '1', true)$$);
SELECT sqlstate($$SELECT fraud_label('tx', '1', true, known_at => NULL)$$);
SELECT sqlstate($$SELECT fraud_label(4294967295::oid::regclass, '1', true)$$);
SELECT sqlstate($$SELECT fraud_label('tx', repeat('x', 1001), true)$$);
SELECT sqlstate($$INSERT INTO fraud.label (relation, key, is_fraud, source, known_at) VALUES ('tx', '1', true, 'rumour', now())$$);
SELECT sqlstate($$SELECT * FROM fraud_labels('tx', '{chargeback,analist}')$$);
SELECT sqlstate($$SELECT * FROM fraud_labels('tx', '{}')$$);
SELECT sqlstate($$SELECT * FROM fraud_labels('tx', NULL)$$);
SELECT sqlstate($$SELECT * FROM fraud_labels('tx', '{NULL}')$$);

\echo many at once
CREATE TABLE file AS SELECT i AS id, i % 3 = 0 AS fraud, '2020-06-01'::timestamptz AS at FROM generate_series(1, 3000) AS i;
CREATE TABLE big (id int);
SELECT count(fraud_label('big', id::text, fraud, known_at => at)) FROM file;
INSERT INTO fraud.label (relation, key, is_fraud, source, known_at) SELECT 'big', id, NOT fraud, 'analyst', at FROM file;
SELECT count(*) FILTER (WHERE c.is_fraud) AS chargebacks, count(*) FILTER (WHERE a.is_fraud) AS verdicts
  FROM fraud_labels('big') AS c JOIN fraud_labels('big', '{analyst}') AS a USING (key);

\echo names change, a partition is part of its table
ALTER TABLE tx RENAME TO "Payments";
SELECT count(*) FROM fraud_labels('"Payments"');
ALTER TABLE "Payments" RENAME TO tx;
CREATE TABLE parted (id int, at timestamptz, shop int) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
SELECT fraud_label('parted_1', '1', true, known_at => '2020-02-01') IS NOT NULL AS done;
SELECT 'parted' AS of, * FROM fraud_labels('parted') UNION ALL SELECT 'parted_1', * FROM fraud_labels('parted_1');
SELECT fraud.label_changes(t, '1', '{chargeback}') FROM unnest('{parted,parted_1}'::regclass[]) AS t;

\echo features: what was known when, by fraud.label and by a column
CREATE TABLE sale (id bigint PRIMARY KEY, at timestamptz, shop int, fraud bool, known timestamptz);
INSERT INTO sale SELECT i, '2020-01-01 00:00+00'::timestamptz + i * '1 day'::interval, 1,
  CASE WHEN i = 3 THEN true WHEN i <> 4 THEN false END, CASE WHEN i = 3 THEN '2020-01-10 12:00+00'::timestamptz END
  FROM generate_series(1, 20) AS i;
CREATE INDEX ON sale (shop, at);
-- A chargeback, known on the seventh; another one, taken back on the eleventh and made again on the fourteenth.
SELECT count(fraud_label('sale', key, fraud, known_at => at)) FROM (VALUES ('1', true, '2020-01-07 12:00+00'::timestamptz),
  ('2', true, '2020-01-08 00:00+00'), ('2', false, '2020-01-11 00:00+00'), ('2', true, '2020-01-14 00:00+00')) AS e (key, fraud, at);
SELECT count(fraud_label('sale', '5', true, 'analyst', '2020-01-06'));
SELECT fraud_define_features('sales', 'sale', 'at', '[
  {"name":"by_column","per":"shop","aggregate":"fraud_rate","label":"fraud","label_time":"known","window":"30 days","delay":"1 day"},
  {"name":"chargebacks","per":"shop","aggregate":"fraud_rate","label_sources":["chargeback"],"window":"30 days","delay":"0"},
  {"name":"either","per":"shop","aggregate":"fraud_rate","label":"fraud","label_time":"known","label_sources":["chargeback"],"window":"30 days","delay":"1 day"},
  {"name":"any_source","per":"shop","aggregate":"fraud_rate","label_sources":["chargeback","analyst"],"window":"30 days","delay":"1 day"},
  {"name":"shrunk","per":"shop","aggregate":"fraud_rate","label_sources":["chargeback"],"window":"10 days","delay":"1 day","prior":10}]', key => 'id');
SELECT id, round(by_column * (id - 2))::int AS by_column, round(chargebacks * (id - 1))::int AS chargebacks,
  round(either * (id - 1))::int AS either, round(any_source * (id - 1))::int AS any_source, round(shrunk::numeric, 6) AS shrunk
  FROM fraud_features.sales WHERE id BETWEEN 6 AND 16 ORDER BY id;
SELECT known_from, rows, frauds FROM fraud.feature_rate WHERE known_from BETWEEN '2020-01-06' AND '2020-01-16' ORDER BY 1;
SELECT * FROM fraud_skew_check('sales');
-- A label that comes now changes what is to come, and the rows since it is known, on both ways.
SELECT count(fraud_label('sale', '6', true, known_at => '2020-01-18 12:00+00'));
SELECT id, round(chargebacks * (id - 1))::int AS chargebacks FROM fraud_features.sales WHERE id >= 17 ORDER BY id;
SELECT sum(different) AS different FROM fraud_skew_check('sales');
ALTER TABLE sale RENAME TO "Sale";
ALTER TABLE "Sale" RENAME id TO "order";
SELECT sum(different) AS different FROM fraud_skew_check('sales');
SELECT fraud_refresh_features('sales') BETWEEN 0 AND 1 AS refreshed;
ALTER TABLE "Sale" RENAME "order" TO id;
ALTER TABLE "Sale" RENAME TO sale;

\echo features that cannot be
CREATE FUNCTION rate(rest text, key text) RETURNS text LANGUAGE sql AS $$
  SELECT sqlstate(format('SELECT fraud_define_features(%L, %L, %L, %L, %L)', 'f', 'sale', 'at',
    format('[{"name":"r","per":"shop","aggregate":"fraud_rate","window":"1 day",%s}]', rest), key))
$$;
SELECT rate('"label_sources":["chargeback"],"delay":"0"', NULL);
SELECT rate('"label_sources":["chargeback"]', 'id');
SELECT rate('"label_sources":"chargeback","delay":"0"', 'id');
SELECT rate('"label_sources":["rumour"],"delay":"0"', 'id');
SELECT rate('"label_sources":[],"delay":"0"', 'id');
SELECT rate('"label_sources":[null],"delay":"0"', 'id');
SELECT rate('"label_sources":["chargeback"],"label":"fraud","delay":"1 day"', 'id');
SELECT rate('"label_sources":["chargeback"],"label_time":"known","delay":"1 day"', 'id');
SELECT rate('"label_sources":["chargeback"],"delay":"0"', 'at');
SELECT rate('"delay":"1 day"', 'id');
