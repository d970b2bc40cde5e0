-- What the role that inserts can set in its session has no say in a decision: it is the same, and so is what is
-- recorded. Each setting comes in a session of its own, since compiled rules and planned queries are kept.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_guard_settings_owner;
CREATE ROLE regress_guard_settings_other;
CREATE ROLE regress_guard_settings_payer;
GRANT SELECT ON fraud.model, fraud.model_version, fraud.alias, fraud.feature_set, fraud.feature_rate TO regress_guard_settings_owner;
CREATE TABLE tx AS SELECT transaction_id AS id, tx_time, card_id, amount, ''::text AS note, NULL::bytea AS device, 1.5::float8 AS weight, is_fraud
FROM fraud_generate(10000, seed => 7, fraud_rate => 0.02);
CREATE INDEX ON tx (card_id, tx_time);
ALTER TABLE tx OWNER TO regress_guard_settings_owner;
GRANT INSERT ON tx TO regress_guard_settings_payer;
ANALYZE tx;
SELECT fraud_define_features('f', 'tx', 'tx_time', '[{"name": "n_30d", "per": "card_id", "aggregate": "count", "window": "30 days"}]', key => 'id');
SELECT version FROM fraud_train('m', 'fraud_features.f', label => 'is_fraud', event_time => 'tx_time', features => '{n_30d,amount}', params => '{"rounds": 5}');
-- What the owner may read, under a policy of somebody else.
CREATE TABLE watched (card text);
INSERT INTO watched VALUES ('watched');
ALTER TABLE watched OWNER TO regress_guard_settings_other;
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON watched USING (true);
GRANT SELECT ON watched TO regress_guard_settings_owner;
CREATE FUNCTION is_watched(card text) RETURNS bool LANGUAGE sql STABLE
AS $$ SELECT EXISTS (SELECT FROM public.watched w WHERE w.card = is_watched.card) $$;
ALTER FUNCTION is_watched OWNER TO regress_guard_settings_owner;
-- What a rule sees of the session, where it is not the default.
CREATE FUNCTION changed_settings() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(s.name || '=' || s.setting, ' ' ORDER BY s.name) FROM pg_catalog.pg_settings s
  WHERE s.setting <> s.boot_val AND (s.name LIKE 'enable\_%' OR s.name LIKE '%\_cost' OR s.name IN ('standard_conforming_strings',
    'backslash_quote', 'transform_null_equals', 'bytea_output', 'IntervalStyle', 'extra_float_digits', 'array_nulls', 'row_security',
    'xmlbinary', 'xmloption', 'gin_fuzzy_search_limit', 'join_collapse_limit', 'work_mem', 'plan_cache_mode'))
$$;
ALTER FUNCTION changed_settings OWNER TO regress_guard_settings_owner;
SELECT fraud_guard('tx', 'm', review_at => 1, on_block => 'flag', key => 'id',
  options => '{"entities": {"card": "card_id", "device": "device"}, "flag_column": "note", "record_row": "always"}');
SELECT fraud_rule('tx', 'digits', 'card_id ~ ''^digits \d+$''', 'block') IS NOT NULL AS rule,
  fraud_rule('tx', 'null', 'NOT (card_id = NULL) AND card_id = ''never''', 'block') IS NOT NULL AS rule,
  fraud_rule('tx', 'printed', 'device::text = ''\x6162''', 'block') IS NOT NULL AS rule,
  fraud_rule('tx', 'day', '''01/02/2026''::date = ''2026-01-02''', 'review') IS NOT NULL AS rule,
  fraud_rule('tx', 'watched', 'public.is_watched(card_id)', 'block') IS NOT NULL AS rule,
  fraud_rule('tx', 'settings', 'public.changed_settings() IS NOT NULL', 'block') IS NOT NULL AS rule;
SELECT fraud_list_add('stolen', 'device', '\xdeadbeef', 'block');

-- The rows by which each session is asked.
CREATE FUNCTION pay() RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.tx VALUES
    (-1, '2026-05-01 12:00+00', 'digits 12', 10, '', NULL, 0.1 + 0.2),
    (-2, '2026-05-01 12:00+00', 'card_1', 20, '', decode('deadbeef', 'hex'), NULL),
    (-3, '2026-05-01 12:00+00', 'card_1', 20, '', decode('6162', 'hex'), NULL),
    (-4, '2026-05-01 12:00+00', 'watched', 20, '', NULL, NULL);
$$;
SET ROLE regress_guard_settings_payer;
SELECT pay();
RESET ROLE;
CREATE TABLE wanted AS SELECT * FROM fraud.decision;
SELECT key, decision, ground, rules, lists IS NOT NULL AS listed, error ->> 'message' AS error, "row" FROM wanted ORDER BY key;

-- What has become different.
CREATE FUNCTION differences() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', d.key, d.decision, d.ground, d.rules, d.lists, d.features, d.error, d."row")
  FROM fraud.decision d WHERE d.decision_id > (SELECT max(decision_id) FROM wanted) AND NOT EXISTS (SELECT FROM wanted w
    WHERE (w.key, w.decision, w.ground, w.margin, w."row") = (d.key, d.decision, d.ground, d.margin, d."row")
      AND (w.rules, w.lists, w.features, w.error) IS NOT DISTINCT FROM (d.rules, d.lists, d.features, d.error))
  UNION ALL SELECT count(*) || ' decisions' FROM fraud.decision HAVING count(*) <> 8
$$;
\echo how values are read and printed, and what literals mean
\c -
BEGIN;
SET LOCAL ROLE regress_guard_settings_payer;
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
SET LOCAL backslash_quote = on;
SET LOCAL transform_null_equals = on;
SET LOCAL bytea_output = escape;
SET LOCAL DateStyle = 'German, DMY';
SET LOCAL IntervalStyle = sql_standard;
SET LOCAL TimeZone = 'Asia/Tokyo';
SET LOCAL extra_float_digits = -15;
SET LOCAL array_nulls = off;
SET LOCAL row_security = off;
SET LOCAL xmlbinary = hex;
SET LOCAL xmloption = document;
SET LOCAL gin_fuzzy_search_limit = 1;
SELECT pay();
SHOW bytea_output;
RESET ROLE;
SELECT differences();
ROLLBACK;

\echo how queries are planned: features still read by the index
\c -
BEGIN;
SET LOCAL ROLE regress_guard_settings_payer;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_sort = off;
SET LOCAL enable_nestloop = off;
SET LOCAL random_page_cost = 1e300;
SET LOCAL cpu_index_tuple_cost = 1e300;
SET LOCAL seq_page_cost = 0;
SET LOCAL cpu_tuple_cost = 0;
SET LOCAL cpu_operator_cost = 0;
SET LOCAL jit_above_cost = 0;
SET LOCAL join_collapse_limit = 1;
SET LOCAL work_mem = '64kB';
SET LOCAL plan_cache_mode = force_custom_plan;
SELECT pay();
SHOW enable_indexscan;
RESET ROLE;
SELECT differences();
SELECT seq_scan, idx_scan > 0 AS by_index FROM pg_stat_xact_user_tables WHERE relname = 'tx';
ROLLBACK;

\echo what a role sets for itself, and what comes with its connection
SET ROLE regress_guard_settings_payer;
ALTER ROLE regress_guard_settings_payer SET enable_indexscan = off;
ALTER ROLE regress_guard_settings_payer SET row_security = off;
RESET ROLE;
ALTER ROLE regress_guard_settings_payer LOGIN;
SELECT current_user AS superuser, format('dbname=%L user=regress_guard_settings_payer options=%L', current_database(),
  '-c standard_conforming_strings=off -c enable_indexonlyscan=off') AS by_the_payer \gset
\c :"by_the_payer"
SHOW enable_indexscan;
SHOW standard_conforming_strings;
SELECT pay();
\c - :superuser
SELECT differences();

\echo what the administrator has set stays
SELECT format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database()) \gexec
CREATE OR REPLACE FUNCTION changed_settings() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RAISE NOTICE 'work_mem %, random_page_cost %', current_setting('work_mem'), current_setting('random_page_cost');
  RETURN NULL;
END
$$;
\c -
SET ROLE regress_guard_settings_payer;
SET random_page_cost = 7;
INSERT INTO tx VALUES (-5, '2026-05-01 12:00+00', 'card_1', 20);
SET work_mem = '64kB';
INSERT INTO tx VALUES (-6, '2026-05-01 12:00+00', 'card_1', 20);
SHOW work_mem;
RESET ROLE;
SET client_min_messages = warning;
DROP OWNED BY regress_guard_settings_owner, regress_guard_settings_other, regress_guard_settings_payer CASCADE;
DROP ROLE regress_guard_settings_owner, regress_guard_settings_other, regress_guard_settings_payer;
