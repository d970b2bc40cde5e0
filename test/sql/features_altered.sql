-- Views of features that were altered by hand, functions that have changed, and tables that are
-- unlike others: refused by name, or without skew.
\set SHOW_CONTEXT never
CREATE FUNCTION sqlstate(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM);
END
$$;
CREATE TABLE tx (id int PRIMARY KEY, card text, shop int, at timestamptz, amount numeric, name text);
INSERT INTO tx SELECT i, 'c' || i % 5, i % 3, '2026-01-01'::timestamptz + i * interval '1 hour', i, 'x' FROM generate_series(1, 200) AS i;
CREATE INDEX ON tx (card, at);
CREATE FUNCTION public.half(numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 / 2; END';
SELECT fraud_define_features('f', 'tx', 'at', '[
  {"name":"n","per":"card","aggregate":"count","window":"1 day"},
  {"name":"e","expression":"public.half(amount)"}]', 'id');

\echo a view that is not as it was made
CREATE FUNCTION altered(old text, new text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  definition text := rtrim(pg_get_viewdef('fraud_features.f'::regclass), ';');
  result text;
BEGIN
  IF strpos(definition, old) = 0 THEN
    RAISE EXCEPTION 'there is no % in %', old, definition;
  END IF;
  EXECUTE 'CREATE OR REPLACE VIEW fraud_features.f WITH (security_invoker) AS ' || replace(definition, old, new);
  result := sqlstate('SELECT * FROM fraud_skew_check(''f'', 10)');
  EXECUTE 'CREATE OR REPLACE VIEW fraud_features.f WITH (security_invoker) AS ' || definition;
  RETURN result;
END
$$;
CREATE VIEW over_tx AS SELECT * FROM tx;
SELECT what, altered(old, new) FROM (VALUES
  ('nothing', 'FROM tx s', 'FROM tx s'),
  ('a system column', 'half(s.amount)', 'half(s.tableoid::int8::numeric)'),
  ('the whole row', 'half(s.amount)', 'half(length(s::text)::numeric)'),
  ('a volatile function', 'half(s.amount)', 'half(random()::numeric)'),
  ('a function of the session', 'half(s.amount)', 'half(length(now()::text)::numeric)'),
  ('a query', 'half(s.amount)', 'half((SELECT max(id) FROM tx)::numeric)'),
  ('another window function', 'half(s.amount)', 'half(row_number() OVER ())'),
  ('a time that is none', 'jsonb, s.at', 'jsonb, s.name'),
  ('a time that is a system column', 'jsonb, s.at', 'jsonb, s.ctid'),
  ('another order', 'ORDER BY s.at', 'ORDER BY s.at DESC'),
  ('another order', 'ORDER BY s.at', 'ORDER BY s.at, s.id'),
  ('an entity that is an expression', 'PARTITION BY s.card', 'PARTITION BY lower(s.card)'),
  ('an entity that is a system column', 'PARTITION BY s.card', 'PARTITION BY s.ctid'),
  ('a place that is not there', '"fraud_detect window 1", 1)', '"fraud_detect window 1", 7)'),
  ('no place', '"fraud_detect window 1", 1)', '"fraud_detect window 1", NULL)'),
  ('a damaged description', '"aggregate": "count"', '"aggregate": "cuont"'),
  ('without children', 'FROM tx s', 'FROM ONLY tx s'),
  ('a sample', 'FROM tx s', 'FROM tx s TABLESAMPLE BERNOULLI (50)'),
  ('a view', 'FROM tx s', 'FROM over_tx s'),
  ('some rows', 'FROM tx s', 'FROM tx s WHERE s.id > 10'),
  ('some rows', ') f', ') f LIMIT 10')) AS v (what, old, new);
SELECT altered('FROM tx s', 'FROM tx s');

\echo functions that change
CREATE OR REPLACE FUNCTION public.half(numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 * 0.5; END';
SELECT sum(different) FROM fraud_skew_check('f', 50);
ALTER FUNCTION public.half(numeric) RENAME TO halved;
SELECT sum(different) FROM fraud_skew_check('f', 50);
ALTER FUNCTION public.halved(numeric) STABLE;
SELECT * FROM fraud_skew_check('f', 50);
SELECT fraud_refresh_features('f');
ALTER FUNCTION public.halved(numeric) IMMUTABLE;
SELECT fraud_refresh_features('f');
DROP FUNCTION public.halved(numeric);

\echo names
SELECT sqlstate('SELECT fraud.feature_expression(0, ''1'')');
CREATE TABLE reserved (card int, at timestamptz, "fraud_detect window 1" int);
SELECT fraud_define_features('r', 'reserved', 'at', '[{"name":"n","per":"card","aggregate":"count","window":"1 day"}]');
CREATE SCHEMA "Groß";
SELECT repeat('ü', 30) || 'Abc' AS long \gset
CREATE TABLE "Groß".:"long" ("Select" char(8), "from" timestamptz, :"long" numeric, "a""b" int);
CREATE INDEX ON "Groß".:"long" ("Select", "from");
CREATE INDEX ON "Groß".:"long" ("a""b", "from");
INSERT INTO "Groß".:"long" SELECT 'c' || i % 7, '2026-01-01'::timestamptz + i * interval '1 hour', i, i % 3 FROM generate_series(1, 300) AS i;
SELECT fraud_define_features(:'long', format('"Groß".%I', :'long')::regclass, 'from', format('[
  {"name":"Order by","per":"Select","aggregate":"sum","value":"%1$s","window":"3 days"},
  {"name":"%2$s","per":"a\"b","aggregate":"max","value":"%1$s","window":"1000 years","include_current":false},
  {"name":"''","per":["Select","a\"b"],"aggregate":"since_last","window":"1 microsecond"},
  {"name":"1\"","per":"Select","aggregate":"distinct","value":"a\"b","window":"1 microsecond"}]', :'long', repeat('é', 31))::jsonb);
SELECT octet_length(feature) AS length, compared, different FROM fraud_skew_check(:'long');

\echo entities of any type
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN card_number AS char(6);
CREATE TABLE typed (card card_number, pair pair, list int[], flag bool, price numeric, level float8, kind name COLLATE "C", at date);
INSERT INTO typed SELECT 'c' || i % 7, CASE WHEN i % 11 > 0 THEN ROW(CASE WHEN i % 5 > 0 THEN i % 3 END, 'x')::pair END, ARRAY[i % 4],
    i % 2 = 0, CASE WHEN i % 3 = 0 THEN 1.0 ELSE 1.00 END, CASE WHEN i % 3 = 0 THEN 'NaN' WHEN i % 3 = 1 THEN -0.0 ELSE 0 END,
    'k' || i % 3, '2026-01-01'::date + i / 3 FROM generate_series(1, 300) AS i;
SET client_min_messages = warning;
SELECT fraud_define_features('typed', 'typed', 'at', (SELECT jsonb_agg(jsonb_build_object('name', 'per ' || c, 'per', c, 'aggregate', a, 'window', '9 days')
    || CASE a WHEN 'count' THEN '{}' ELSE '{"value": "level", "include_current": false}'::jsonb END)
  FROM unnest('{card,pair,list,flag,price,level,kind}'::text[], '{count,distinct,min,max,avg,count,stddev}'::text[]) AS u (c, a)));
RESET client_min_messages;
SELECT * FROM fraud_skew_check('typed');

\echo labels that are no numbers do not count
CREATE TABLE labelled AS SELECT i % 5 AS card, '2026-01-01'::timestamptz + i * interval '1 hour' AS at,
    CASE WHEN i % 3 = 0 THEN 'NaN'::float8 WHEN i % 7 = 0 THEN 1 ELSE 0 END AS label FROM generate_series(1, 500) AS i;
CREATE INDEX ON labelled (card, at);
SELECT fraud_define_features('labelled', 'labelled', 'at', '[
  {"name":"r","per":"card","aggregate":"fraud_rate","label":"label","window":"9 days","delay":"1 day","prior":5}]');
SELECT * FROM fraud_skew_check('labelled');
SELECT max(rows) = (SELECT count(*) FROM labelled WHERE label <> 'NaN') AS rows,
    max(frauds) = (SELECT count(*) FROM labelled WHERE label = 1) AS frauds FROM fraud.feature_rate;
