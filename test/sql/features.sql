-- Sets of features: the view, models trained on it that score rows of the table, and what
-- happens when names change or a set goes.
\set SHOW_CONTEXT never
CREATE TABLE tx AS SELECT * FROM fraud_generate(8000, seed => 7, fraud_rate => 0.02);
CREATE INDEX ON tx (card_id, tx_time);
CREATE INDEX ON tx (merchant_id, tx_time);
CREATE INDEX ON tx (card_id, merchant_id, tx_time);
SELECT fraud_define_features('behaviour', 'tx', 'tx_time', '[
  {"name":"paid","column":"amount"},
  {"name":"night","expression":"extract(hour from tx_time) <= 6"},
  {"name":"n_1d","per":"card_id","aggregate":"count","window":"1 day"},
  {"name":"usual","per":"card_id","aggregate":"ratio_to_avg","value":"amount","window":"30 days"},
  {"name":"shops","per":"card_id","aggregate":"distinct","value":"merchant_id","window":"7 days","include_current":false},
  {"name":"since","per":"card_id","aggregate":"since_last"},
  {"name":"new","per":"card_id","aggregate":"first_seen","value":"merchant_id"},
  {"name":"risk","per":"merchant_id","aggregate":"fraud_rate","label":"is_fraud","window":"30 days","delay":"7 days","prior":20}
]', key => 'transaction_id');
SELECT paid = amount AS paid, night, n_1d, round(usual::numeric, 6) AS usual, shops, since, new, round(risk::numeric, 6) AS risk
  FROM fraud_features.behaviour ORDER BY transaction_id DESC LIMIT 5;
SELECT name, source, event_time, key, jsonb_array_length(features) AS features, series, created_by = current_user AS mine
  FROM fraud.feature_set;

-- The window of the example in docs/features.md: (t - w, t), and the row itself.
CREATE TABLE small (id int, card int, at timestamp, amount numeric);
INSERT INTO small VALUES (1, 1, '2026-01-01 00:00:00', 10), (2, 1, '2026-01-01 12:00:00', 20), (3, 1, '2026-01-01 12:00:00', 30),
  (4, 1, '2026-01-02 00:00:00', 40), (5, 2, '2026-01-02 00:00:00', 50), (6, NULL, '2026-01-02 00:00:00', 60);
CREATE INDEX ON small (card, at);
SELECT fraud_define_features('small', 'small', 'at', '[
  {"name":"with","per":"card","aggregate":"sum","value":"amount","window":"1 day"},
  {"name":"without","per":"card","aggregate":"sum","value":"amount","window":"1 day","include_current":false},
  {"name":"delayed","per":"card","aggregate":"sum","value":"amount","window":"12 hours","delay":"12 hours"},
  {"name":"average","per":"card","aggregate":"avg","value":"amount","window":"1 day","include_current":false}]');
SELECT id, "with", "without", delayed, average FROM fraud_features.small ORDER BY id;

-- A model trained on the view scores rows of the table as it scores rows of the view.
SELECT version FROM fraud_train('beh', 'SELECT * FROM fraud_features.behaviour WHERE amount > 0', event_time => 'tx_time',
  exclude => '{customer_id,card_id,merchant_id,device_id,fraud_scenario,label_time,transaction_id}', params => '{"rounds": 10}');
SELECT signature -> 'feature_set' ->> 'name' AS set, definition = (signature -> 'feature_set' ->> 'definition')::uuid AS same,
  (SELECT array_agg(f ->> 'column') FROM jsonb_array_elements(signature -> 'features') AS f WHERE NOT f ? 'computed') AS not_computed
  FROM fraud.model_version, fraud.feature_set WHERE feature_set.name = 'behaviour';
CREATE TABLE expected AS SELECT transaction_id, fraud_feature_vector(b) AS vector, fraud_score(b) AS score FROM fraud_features.behaviour b;
CREATE FUNCTION compare(source text) RETURNS TABLE (rows bigint, different bigint) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT count(*), count(*) FILTER (WHERE array_send(fraud_feature_vector(t)) <> array_send(vector)
    OR float8send(fraud_score(t)) <> float8send(score)) FROM %s AS t JOIN expected USING (transaction_id)
    WHERE transaction_id %% 10 = 0', source);
END
$$;
SELECT * FROM compare('tx');
-- Rows of the table and of the view have the same explanation, in the same words.
SELECT count(*) AS reasons, count(*) FILTER (WHERE (t.feature, t.value, t.contribution, t.reason)
    IS DISTINCT FROM (v.feature, v.value, v.contribution, v.reason)) AS different
  FROM (SELECT transaction_id, e.* FROM tx t, fraud_explain(t, top => 3) AS e WHERE transaction_id % 100 = 0) AS t
  FULL JOIN (SELECT transaction_id, e.* FROM fraud_features.behaviour b, fraud_explain(b, top => 3) AS e
             WHERE transaction_id % 100 = 0) AS v USING (transaction_id, rank);
-- In blocks too: by the node of a plan, and by the form for whole sources.
EXPLAIN (COSTS OFF) SELECT transaction_id, fraud_score(t) FROM tx t WHERE transaction_id % 10 = 0;
SELECT count(*) AS rows, count(*) FILTER (WHERE s.score <> expected.score) AS different
  FROM (SELECT transaction_id, fraud_score(t) AS score FROM tx t WHERE transaction_id % 10 = 0 OFFSET 0) AS s
  JOIN expected USING (transaction_id);
SELECT count(*) AS rows, count(*) FILTER (WHERE s.score <> expected.score) AS different
  FROM fraud_score_table('SELECT * FROM tx WHERE transaction_id % 10 = 0', 'beh') AS s (transaction_id bigint, score float8)
  JOIN expected USING (transaction_id);
-- Some features are there, others are not.
SELECT count(*) FROM (SELECT fraud_score(r) AS score, transaction_id FROM
  (SELECT t.*, b.n_1d, b.risk FROM tx t JOIN fraud_features.behaviour b USING (transaction_id)) AS r) AS s
  JOIN expected USING (transaction_id) WHERE s.score <> expected.score;
-- A row that is not stored.
SELECT fraud_score(r) = score AS same
  FROM (SELECT t.* FROM tx t ORDER BY transaction_id DESC LIMIT 1) AS r JOIN expected USING (transaction_id);
DELETE FROM tx WHERE transaction_id = 8000;
SELECT fraud_score(jsonb_populate_record(NULL::tx, '{"tx_time": "2026-06-29 12:00+00", "card_id": "card_new", "amount": 10}')) BETWEEN 0 AND 1 AS new_card;
SELECT fraud_score(NULL::tx) IS NULL AS no_row;
SELECT fraud_feature_vector(jsonb_populate_record(NULL::tx, '{"amount": 10}')) IS NOT NULL AS nothing_known;

-- The planner knows that they take time.
CREATE TABLE with_features AS SELECT * FROM fraud_features.behaviour;
CREATE FUNCTION cost(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Total Cost';
END
$$;
SELECT cost('SELECT fraud_score(t) FROM tx t') > 10 * cost('SELECT fraud_score(w) FROM with_features w') AS dear;
DROP TABLE with_features;

-- Evaluation and parallel workers compute features, too.
SELECT count(*) AS metrics, count(*) FILTER (WHERE t.value IS DISTINCT FROM v.value) AS different
  FROM fraud_evaluate('beh', 'tx', bootstrap => 0) AS t
  JOIN fraud_evaluate('beh', 'SELECT * FROM fraud_features.behaviour', bootstrap => 0) AS v USING (metric);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(set_config(name, 'on', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT * FROM compare('tx');
RESET ALL;

\echo rows that lack what a feature is computed from
SELECT fraud_score(r) FROM (SELECT transaction_id, amount, tx_time FROM tx LIMIT 1) AS r;
SELECT fraud_score(r) FROM (SELECT t.*, 1 AS card_id FROM tx t LIMIT 1) AS r;
SELECT fraud_score(r) FROM (SELECT (jsonb_populate_record(NULL::tx, '{}')).*) AS r LIMIT 0;
SELECT fraud_score(r) FROM (SELECT transaction_id, amount, tx_time, 5 AS card_id, merchant_id, merchant_category, channel, country, currency,
  home_distance_km, cvv_match, declined, is_fraud, label_time FROM tx LIMIT 1) AS r;

\echo what is computed from a feature is a column like any other
SELECT version FROM fraud_train('doubled', 'SELECT tx_time, amount, is_fraud, n_1d * 2 AS n_2d, n_1d AS other FROM fraud_features.behaviour',
  params => '{"rounds": 3}');
SELECT fraud_score(t, 'doubled') FROM tx t LIMIT 1;
SELECT fraud_train('two', 'SELECT b.*, s."with" FROM fraud_features.behaviour b LEFT JOIN fraud_features.small s ON s.id = b.transaction_id');

\echo names change, features do not
SET fraud_detect.model = 'beh';
ALTER TABLE tx RENAME COLUMN amount TO "Betrag";
ALTER TABLE tx RENAME COLUMN card_id TO "order";
ALTER TABLE tx RENAME TO "Select";
SELECT * FROM compare('"Select"');
SELECT sum(different) FROM fraud_skew_check('behaviour', 100);
ALTER TABLE "Select" RENAME COLUMN "Betrag" TO amount;
ALTER TABLE "Select" RENAME COLUMN "order" TO card_id;
ALTER TABLE "Select" RENAME TO tx;

\echo a set that a version was trained with stays
SELECT fraud_drop_features('behaviour');
SELECT fraud_drop_features('small');
ALTER VIEW fraud_features.behaviour RENAME TO elsewhere;
SELECT fraud_score(t) FROM tx t LIMIT 1;
ALTER VIEW fraud_features.elsewhere RENAME TO behaviour;
SELECT * FROM compare('tx');

\echo another definition under the same name is another set
BEGIN;
DELETE FROM fraud.feature_set WHERE name = 'behaviour';
SELECT fraud_score(t) FROM tx t LIMIT 1;
ROLLBACK;
BEGIN;
DELETE FROM fraud.feature_set WHERE name = 'behaviour';
DROP VIEW fraud_features.behaviour;
SELECT fraud_define_features('behaviour', 'tx', 'tx_time', '[{"name":"n_1d","column":"home_distance_km"}]');
SELECT fraud_score(t) FROM tx t LIMIT 1;
ROLLBACK;
SELECT * FROM compare('tx');

\echo a view that is not as it was made
BEGIN;
DO $$
BEGIN
  EXECUTE format('CREATE OR REPLACE VIEW fraud_features.behaviour AS %s WHERE f.amount > 10',
    rtrim(pg_get_viewdef('fraud_features.behaviour'::regclass), ';'));
END
$$;
SELECT fraud_score(t) FROM tx t LIMIT 1;
ROLLBACK;
BEGIN;
SELECT fraud_drop_model('doubled'), fraud_drop_model('beh');
SELECT fraud_drop_features('behaviour');
CREATE VIEW fraud_features.behaviour AS SELECT 1 AS n_1d;
SELECT fraud_define_features('behaviour', 'tx', 'tx_time', '[{"name":"n_1d","column":"amount"}]');
ROLLBACK;

\echo the source goes
DROP TABLE tx;
BEGIN;
DROP TABLE tx CASCADE;
SELECT * FROM fraud_skew_check('behaviour');
ROLLBACK;

\echo partitions and children
CREATE TABLE parted (id bigint, at timestamptz NOT NULL, card text, amount float8) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ('2026-03-01');
CREATE TABLE parted_2 (card text, dropped int, at timestamptz NOT NULL, amount float8, id bigint);
ALTER TABLE parted_2 DROP COLUMN dropped;
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM ('2026-03-01') TO (MAXVALUE);
CREATE INDEX ON parted (card, at);
INSERT INTO parted SELECT transaction_id, tx_time, card_id, amount FROM tx;
CREATE TABLE family (id bigint, at timestamptz, card text, amount float8);
CREATE TABLE child (extra int) INHERITS (family);
INSERT INTO family SELECT * FROM parted WHERE id % 2 = 0;
INSERT INTO child SELECT * FROM parted WHERE id % 2 = 1;
CREATE INDEX ON family (card, at);
CREATE INDEX ON child (card, at);
SELECT fraud_define_features(t, t::regclass, 'at', '[
  {"name":"n","per":"card","aggregate":"count","window":"30 days"},
  {"name":"s","per":"card","aggregate":"sum","value":"amount","window":"30 days"},
  {"name":"new","per":["card","amount"],"aggregate":"first_seen"}]')
  FROM unnest('{parted,family}'::text[]) AS t;
-- What an index can hold is in the one that is proposed: no labels, no expressions, no filters, nothing of any length.
SELECT statement FROM fraud.missing_feature_indexes('parted', 'at', '[
  {"name":"a","per":["id"],"aggregate":"count","window":"1 day"}, {"name":"b","per":["id"],"aggregate":"sum","value":"amount","window":"1 day"},
  {"name":"c","per":["id"],"aggregate":"max","value":"id","window":"1 day"},
  {"name":"d","per":["amount"],"aggregate":"sum","value":"amount","window":"1 day"},
  {"name":"e","per":["amount","id"],"aggregate":"distinct","value":"card","window":"1 day"},
  {"name":"f","per":["id","card"],"aggregate":"sum","value":"amount * 2","window":"1 day"},
  {"name":"g","per":["amount","card"],"aggregate":"sum","value":"id","filter":"id > 3","window":"1 day"}]');
SELECT t, k.* FROM unnest('{parted,family}'::text[]) AS t, fraud_skew_check(t, 300) AS k;
SELECT count(*) AS rows, count(*) FILTER (WHERE p.n <> f.n OR p.s <> f.s OR p.new <> f.new) AS different
  FROM fraud_features.parted p JOIN fraud_features.family f USING (id);

\echo a materialized view
CREATE MATERIALIZED VIEW stored AS SELECT * FROM parted WHERE id % 3 = 0;
CREATE INDEX ON stored (card, at);
SELECT fraud_define_features('stored', 'stored', 'at', '[{"name":"n","per":"card","aggregate":"count","window":"30 days"}]');
SELECT * FROM fraud_skew_check('stored', 100);

\echo the check finds what is not so: a function that is called immutable and is not
CREATE FUNCTION public.lie(numeric) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN random(); END';
SELECT fraud_define_features('lie', 'parted', 'at', '[{"name":"a","expression":"public.lie(amount::numeric)"},
  {"name":"b","per":"card","aggregate":"sum","value":"public.lie(amount::numeric)","window":"30 days"},
  {"name":"c","per":"card","aggregate":"count","window":"30 days"}]');
SELECT * FROM fraud_skew_check('lie', 100);

\echo rates are written once
SELECT count(*) > 100 AS days, max(rows) > 7000 AS rows, max(frauds) > 0 AS frauds FROM fraud.feature_rate;
SELECT fraud_refresh_features('behaviour') BETWEEN 0 AND 1 AS at_most_the_next_midnight;
SELECT fraud_refresh_features('behaviour');

-- Constants are what they were, whatever a session writes times, floats and arrays like.
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Kolkata';
SELECT fraud_define_features('constants', 'small', 'at', '[
  {"name":"time","per":"card","aggregate":"count","filter":"at AT TIME ZONE ''UTC'' > ''2026-01-01 08:00:00+00''::timestamptz","window":"9 days"},
  {"name":"float","per":"card","aggregate":"sum","value":"amount * ''0.12345678901234567''::float8","window":"9 days"},
  {"name":"array","per":"card","aggregate":"count","filter":"(''{NULL}''::text[])[1] IS NULL","window":"9 days"}]');
SET extra_float_digits = 0;
SET array_nulls = off;
SELECT feature, different FROM fraud_skew_check('constants');
RESET extra_float_digits;
RESET array_nulls;
RESET DateStyle;
RESET TimeZone;
SELECT id, time, round("float"::numeric, 6) AS "float", "array" FROM fraud_features.constants ORDER BY id;
