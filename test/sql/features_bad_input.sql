-- Definitions that cannot be: a clear error with its SQLSTATE, and nothing half-registered.
\set SHOW_CONTEXT never
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
CREATE TABLE tx (id int, card text, shop int, at timestamptz, amount numeric, fraud bool, known timestamptz, place point);
CREATE INDEX ON tx (card, at);
CREATE FUNCTION definition(VARIADIC features text[]) RETURNS text LANGUAGE sql AS $$
  SELECT sqlstate(format('SELECT fraud_define_features(%L, %L, %L, %L)', 'f', 'tx', 'at',
    (SELECT '[' || string_agg(f, ',') || ']' FROM unnest(features) AS f)))
$$;
CREATE FUNCTION per_card(rest text) RETURNS text LANGUAGE sql AS $$
  SELECT definition('{"name":"n","per":"card",' || rest || '}')
$$;

\echo columns
SELECT definition('{"name":"n","column":"amuont"}');
SELECT definition('{"name":"n","per":"crad","aggregate":"count","window":"1 day"}');
SELECT definition('{"name":"n","per":[],"aggregate":"count","window":"1 day"}');
SELECT definition('{"name":"n","aggregate":"count","window":"1 day"}');
SELECT definition('{"name":"n","per":["card",null],"aggregate":"count","window":"1 day"}');
SELECT per_card('"aggregate":"sum","value":"amuont","window":"1 day"');
SELECT per_card('"aggregate":"fraud_rate","label":"frod","window":"1 day","delay":"1 day"');
SELECT per_card('"aggregate":"fraud_rate","label":"fraud","label_time":"knwon","window":"1 day","delay":"1 day"');
SELECT sqlstate($$SELECT fraud_define_features('f', 'tx', 'when', '[{"name":"n","column":"id"}]')$$);
SELECT sqlstate($$SELECT fraud_define_features('f', 'tx', 'at', '[{"name":"n","column":"id"}]', key => 'ID')$$);

\echo types
SELECT sqlstate($$SELECT fraud_define_features('f', 'tx', 'amount', '[{"name":"n","column":"id"}]')$$);
SELECT per_card('"aggregate":"sum","value":"card","window":"1 day"');
SELECT per_card('"aggregate":"distinct","value":"place","window":"1 day"');
SELECT per_card('"aggregate":"count","filter":"amount","window":"1 day"');
SELECT per_card('"aggregate":"fraud_rate","label":"card","window":"1 day","delay":"1 day"');
SELECT per_card('"aggregate":"fraud_rate","label":"fraud","label_time":"amount","window":"1 day","delay":"1 day"');
SELECT definition('{"name":"n","expression":"place"}');

\echo aggregates and members
SELECT per_card('"aggregate":"cuont","window":"1 day"');
SELECT per_card('"aggregate":"median","value":"amount","window":"1 day"');
SELECT per_card('"aggregate":"sum","window":"1 day"');
SELECT per_card('"aggregate":"since_last","value":"amount"');
SELECT per_card('"aggregate":"count","windw":"1 day"');
SELECT per_card('"aggregate":"count","window":"1 day","prior":20');
SELECT per_card('"aggregate":"count","window":"1 day","include_current":"yes"');
SELECT per_card('"aggregate":"count","window":"1 day","delay":"1 day","include_current":true');
SELECT per_card('"aggregate":"first_seen","delay":"1 day"');
SELECT per_card('"aggregate":"fraud_rate","label":"fraud","window":"1 day","delay":"1 day","prior":-1');
SELECT definition('{"name":"n"}');
SELECT definition('{"name":"n","column":"id","expression":"id"}');
SELECT definition('{"column":"id"}');
SELECT definition('{"name":"","column":"id"}');
SELECT definition('17');
SELECT definition('{"name":"n","column":17}');
SELECT definition('{"name":"amount","expression":"id"}');
SELECT definition('{"name":"n","column":"id"}', '{"name":"n","column":"shop"}');
SELECT sqlstate($$SELECT fraud_define_features('f', 'tx', 'at', '{}')$$);
SELECT sqlstate($$SELECT fraud_define_features('f', 'tx', 'at', '[]')$$);
SELECT sqlstate($$SELECT fraud_define_features('', 'tx', 'at', '[{"name":"n","column":"id"}]')$$);
SELECT sqlstate($$SELECT fraud_define_features(NULL, 'tx', 'at', '[{"name":"n","column":"id"}]')$$);

\echo windows
SELECT per_card('"aggregate":"count"');
SELECT per_card('"aggregate":"count","window":"0"');
SELECT per_card('"aggregate":"count","window":"-1 day"');
SELECT per_card('"aggregate":"count","window":"infinity"');
SELECT per_card('"aggregate":"count","window":"a while"');
SELECT per_card('"aggregate":"count","window":86400');
SELECT per_card('"aggregate":"count","window":"100000 years"');
SELECT per_card('"aggregate":"fraud_rate","label":"fraud","window":"1 day"');
SELECT per_card('"aggregate":"fraud_rate","label":"fraud","window":"1 day","delay":"0"');
SELECT per_card('"aggregate":"fraud_rate","window":"1 day","delay":"1 day"');

\echo expressions
SELECT definition('{"name":"a","expression":"b + 1"}', '{"name":"b","expression":"a + 1"}');
SELECT definition('{"name":"a","expression":"a"}');
SELECT definition('{"name":"n","expression":"amount +"}');
SELECT definition('{"name":"n","expression":""}');
SELECT definition('{"name":"n","expression":"id, shop"}');
SELECT definition('{"name":"n","expression":"*"}');
SELECT definition('{"name":"n","expression":"tx.*"}');
SELECT definition('{"name":"n","expression":"id FROM tx"}');
SELECT definition('{"name":"n","expression":"1; DROP TABLE tx"}');
SELECT definition('{"name":"n","expression":"(SELECT count(*) FROM tx)"}');
SELECT definition('{"name":"n","expression":"sum(amount)"}');
SELECT definition('{"name":"n","expression":"row_number() over ()"}');
SELECT definition('{"name":"n","expression":"generate_series(1, id)"}');
SELECT definition('{"name":"n","expression":"random()"}');
SELECT definition('{"name":"n","expression":"now() - at"}');
SELECT definition('{"name":"n","expression":"at::text"}');
SELECT definition('{"name":"n","expression":"nextval(''s'')"}');
SELECT definition('{"name":"n","expression":"sqlstate(card)"}');
SELECT definition('{"name":"n","expression":"public.sqlstate(card)"}');
SELECT definition('{"name":"n","expression":"tx"}');
SELECT definition('{"name":"n","expression":"ctid"}');
SELECT definition('{"name":"n","expression":"$1"}');

\echo too many
SELECT sqlstate(format('SELECT fraud_define_features(%L, %L, %L, %L)', 'f', 'tx', 'at',
  (SELECT jsonb_agg(jsonb_build_object('name', 'n' || i, 'column', 'id')) FROM generate_series(1, 500) AS i)));
SELECT sqlstate(format('SELECT fraud_define_features(%L, %L, %L, %L)', 'f', 'tx', 'at',
  (SELECT jsonb_agg(jsonb_build_object('name', 'n' || i, 'per', 'card', 'aggregate', 'sum', 'value', 'amount + ' || i,
    'window', '1 day')) FROM generate_series(1, 200) AS i)));

\echo sources
CREATE VIEW v AS SELECT * FROM tx;
SELECT sqlstate($$SELECT fraud_define_features('f', 'v', 'at', '[{"name":"n","column":"id"}]')$$);
CREATE TEMPORARY TABLE t AS SELECT * FROM tx;
SELECT sqlstate($$SELECT fraud_define_features('f', 't', 'at', '[{"name":"n","column":"id"}]')$$);
SELECT sqlstate($$SELECT fraud_define_features('f', 'nothing', 'at', '[{"name":"n","column":"id"}]')$$);
SELECT sqlstate($$SELECT fraud_define_features('f', 0::regclass, 'at', '[{"name":"n","column":"id"}]')$$);

\echo nothing is left of these
SELECT count(*) FROM fraud.feature_set;
SELECT count(*) FROM fraud.feature_rate;
SELECT count(*) FROM pg_class WHERE relnamespace = 'fraud_features'::regnamespace;

\echo sets
SELECT sqlstate($$SELECT fraud_drop_features('f')$$);
SELECT sqlstate($$SELECT fraud_drop_features(NULL)$$);
SELECT sqlstate($$SELECT fraud_refresh_features('f')$$);
SELECT sqlstate($$SELECT * FROM fraud_skew_check('f')$$);
SELECT definition('{"name":"n","column":"id"}');
SELECT definition('{"name":"n","column":"id"}');
SELECT sqlstate($$SELECT fraud_drop_features('g')$$);
SELECT sqlstate($$SELECT * FROM fraud_skew_check('f', 0)$$);
CREATE VIEW on_top AS SELECT * FROM fraud_features.f;
SELECT sqlstate($$SELECT fraud_drop_features('f')$$);
DROP VIEW on_top;
SELECT fraud_drop_features('f');

\echo a missing index is asked for by its statement
SELECT fraud_define_features('f', 'tx', 'at', '[
  {"name":"a","per":"card","aggregate":"count","window":"1 day"},
  {"name":"b","per":["shop","card"],"aggregate":"first_seen"},
  {"name":"c","per":"shop","aggregate":"count","window":"1 day"}]');
CREATE INDEX ON public.tx (card, shop, at);
CREATE INDEX ON public.tx (shop, at) WHERE amount > 0;
SELECT fraud_drop_features('f');
SELECT fraud_define_features('f', 'tx', 'at', '[
  {"name":"a","per":"card","aggregate":"count","window":"1 day"},
  {"name":"b","per":["shop","card"],"aggregate":"first_seen"},
  {"name":"c","per":"shop","aggregate":"count","window":"1 day"}]');

\echo labels that are neither 0 nor 1
CREATE TABLE bad AS SELECT 1 AS card, now() AS at, 2 AS label;
SELECT fraud_define_features('bad', 'bad', 'at', '[
  {"name":"r","per":"card","aggregate":"fraud_rate","label":"label","window":"1 day","delay":"1 day"}]');
SELECT sqlstate('SELECT r FROM fraud_features.bad');
