-- model_cache: which version a statement uses, what a session keeps, and damaged models.
SET client_min_messages = warning;
CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 1000) / 10.0 AS amount FROM generate_series(1, 600) i;

-- Versions that differ: the n-th learns that the n tenths of largest amounts are frauds, mostly.
CREATE FUNCTION train(model text, n int) RETURNS void LANGUAGE sql AS $$
  SELECT fraud_train(
    model,
    format('SELECT amount, amount > %s AND id %% 4 <> 0 AS is_fraud FROM payment', 100 - 10 * n),
    calibration => 'none',
    params => '{"rounds": 1, "max_depth": 1}');
$$;
SELECT train('m', n) FROM generate_series(1, 3) n;

CREATE TABLE margin AS
SELECT version, fraud_margin(r, 'm', version) AS margin
FROM fraud.model_version, (SELECT 99.5 AS amount) r;
SELECT count(DISTINCT margin) FROM margin;
CREATE FUNCTION version_of(margin float4) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT version FROM margin m WHERE m.margin = version_of.margin
$$;
CREATE VIEW row_of AS SELECT 99.5 AS amount FROM generate_series(1, 4);
CREATE VIEW scoring AS SELECT version_of(fraud_margin(r, 'm')) AS version FROM row_of r LIMIT 1;

-- One statement uses one version, the next one the new one; ROLLBACK undoes it.
TABLE scoring;
SELECT version FROM fraud_promote('m', 2);
TABLE scoring;
BEGIN;
SELECT version FROM fraud_promote('m', 3);
TABLE scoring;
SAVEPOINT s;
SELECT version FROM fraud_promote('m', 1);
TABLE scoring;
ROLLBACK TO s;
TABLE scoring;
ROLLBACK;
TABLE scoring;

-- A promotion by the statement itself is not for the statement itself.
SELECT array_agg(version_of(fraud_margin(r, 'm')) ORDER BY n) AS versions,
       max(p.version) AS promoted
FROM generate_series(1, 3) n, LATERAL fraud_promote('m', 1 + 0 * n) p, row_of r;
TABLE scoring;
SELECT version FROM fraud_promote('m', 2);

-- A cursor keeps the version it was opened with; PL/pgSQL asks at each statement,
-- though it keeps the state of an expression for a whole transaction.
BEGIN;
DECLARE c CURSOR FOR SELECT version_of(fraud_margin(r, 'm')) AS version FROM row_of r;
FETCH 2 FROM c;
SELECT version FROM fraud_promote('m', 3);
FETCH 2 FROM c;
TABLE scoring;
COMMIT;
CREATE FUNCTION margin_in_plpgsql(r record) RETURNS float4 LANGUAGE plpgsql AS $$
BEGIN
  RETURN fraud_margin(r, 'm');
END
$$;
DO $$
DECLARE
  r record;
  seen int[];
BEGIN
  SELECT 99.5 AS amount INTO r;
  FOR n IN 1..3 LOOP
    PERFORM fraud_promote('m', n);
    seen := seen || version_of(margin_in_plpgsql(r));
    BEGIN
      PERFORM fraud_promote('m', 1 + n % 3);
      seen := seen || version_of(margin_in_plpgsql(r));
      RAISE EXCEPTION division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
      seen := seen || version_of(margin_in_plpgsql(r));
    END;
  END LOOP;
  RAISE WARNING 'promoted, promoted in a subtransaction, after its end: %', seen;
END
$$;

-- A row type may change within a transaction.
CREATE TABLE changing AS SELECT 'x'::text AS first, 99.5 AS amount;
BEGIN;
SELECT version_of(margin_in_plpgsql(c)) FROM changing c;
ALTER TABLE changing DROP COLUMN first;
SELECT version_of(margin_in_plpgsql(c)) FROM changing c;
ALTER TABLE changing ADD COLUMN last int DEFAULT 1;
ALTER TABLE changing ALTER COLUMN amount TYPE float4;
SELECT version_of(margin_in_plpgsql(c)) FROM changing c;
SAVEPOINT s;
ALTER TABLE changing RENAME COLUMN amount TO amounts;
SELECT version_of(margin_in_plpgsql(c)) FROM changing c;
ROLLBACK TO s;
SELECT version_of(margin_in_plpgsql(c)) FROM changing c;
COMMIT;

-- A stable function has the snapshot of its caller, and the setting counts at once.
CREATE FUNCTION margins_by_model(models text[]) RETURNS float4[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  r record;
  margins float4[];
  m text;
BEGIN
  SELECT 99.5 AS amount INTO r;
  FOREACH m IN ARRAY models LOOP
    PERFORM set_config('fraud_detect.model', m, true);
    margins := margins || fraud_margin(r) || fraud_margin(r, m);
  END LOOP;
  RETURN margins;
END
$$;
SELECT train('n', 1);
SELECT fraud_promote('m', 2) IS NOT NULL AS promoted;
BEGIN;
SELECT margins = ARRAY[b, b, a, a, b, b] AS by_setting, a <> b AS differ
FROM margins_by_model('{m, n, m}') AS margins,
     LATERAL (SELECT fraud_margin(r, 'n') AS a, fraud_margin(r, 'm') AS b FROM row_of r LIMIT 1) s;
ROLLBACK;

PREPARE prepared AS SELECT version_of(fraud_margin(r, 'm')) AS version FROM row_of r LIMIT 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE prepared;
SELECT version FROM fraud_promote('m', 3);
EXECUTE prepared;
RESET plan_cache_mode;

-- Privileges belong to who runs the call, also within one transaction.
CREATE ROLE regress_fraud_caller;
CREATE FUNCTION margin_as_owner(r record) RETURNS float4 LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  RETURN fraud_margin(r, 'm');
END
$$;
DO $$
DECLARE
  r record;
BEGIN
  SELECT 99.5 AS amount INTO r;
  PERFORM margin_in_plpgsql(r);
  SET LOCAL ROLE regress_fraud_caller;
  RAISE WARNING 'as owner: %', margin_as_owner(r) IS NOT NULL;
  PERFORM margin_in_plpgsql(r);
END
$$;
DROP ROLE regress_fraud_caller;

-- What the session keeps: by version, within a bound, and no longer than the version lives.
CREATE VIEW kept AS
SELECT ident FROM pg_backend_memory_contexts WHERE name = 'fraud_detect model' ORDER BY ident;
TABLE kept;
SET fraud_detect.model_cache_size = 0;
TABLE scoring;
TABLE kept;
SELECT fraud_margin(r, 'm', 1) = fraud_margin(r, 'm', 2) AS two_at_a_time FROM row_of r LIMIT 1;
TABLE kept;
-- Neither do errors keep a model in use.
SELECT fraud_margin(r, 'm') / (amount - 99.5)::float4 FROM row_of r;
SET statement_timeout = '100ms';
SELECT count(fraud_margin(r, 'm')) FROM row_of r, generate_series(1, 1000000000);
RESET statement_timeout;
BEGIN;
DECLARE c CURSOR FOR SELECT fraud_margin(r, 'm') IS NOT NULL AS scored FROM row_of r;
FETCH 1 FROM c;
TABLE kept;
ROLLBACK;
TABLE kept;
SET fraud_detect.model_cache_size = '1MB';
SELECT count(fraud_margin(r, 'm', version)) FROM row_of r, generate_series(1, 3) version;
TABLE kept;
SELECT 'dropped' AS version_2 FROM fraud_drop_version('m', 2);
SELECT count(fraud_margin(r, 'n')) FROM row_of r;
TABLE kept;
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM fraud.model_version v USING fraud.model m
WHERE m.model_id = v.model_id AND m.name = 'm' AND v.version = 1;
COMMIT;
TABLE scoring;
TABLE kept;
SELECT fraud_margin(r, 'm', 1) FROM row_of r;
SET fraud_detect.model_cache_size = '64GB';
SHOW fraud_detect.model_cache_size;
-- The server's wording is not the same in all versions.
\set VERBOSITY sqlstate
SET fraud_detect.model_cache_size = -1;
\set VERBOSITY default
SET fraud_detect.model_cash_size = 1;
RESET fraud_detect.model_cache_size;

-- Scoring needs no memory per row: plain, toasted and composite values, digits far down.
CREATE TABLE wide AS SELECT n AS id, ('0.5' || repeat('0123456789', 1000))::numeric AS amount
FROM generate_series(1, 2000) n;
ALTER TABLE wide ALTER COLUMN amount SET STORAGE EXTERNAL;
INSERT INTO wide SELECT id, amount FROM wide;
CREATE TYPE boxed AS (amount numeric);
CREATE TABLE box AS SELECT n, ROW(16777217 + 1e-30::numeric)::boxed AS b
FROM generate_series(1, 4000) n;
CREATE FUNCTION growth(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
  first bigint;
  last bigint;
BEGIN
  OPEN c FOR EXECUTE query;
  MOVE FORWARD 500 FROM c;
  SELECT sum(used_bytes) INTO first FROM pg_backend_memory_contexts;
  MOVE FORWARD 3000 FROM c;
  SELECT sum(used_bytes) INTO last FROM pg_backend_memory_contexts;
  RETURN CASE WHEN abs(last - first) < 20000 THEN 'none' ELSE (last - first) || ' bytes' END;
END
$$;
SELECT count(train('m', 1)) FROM generate_series(4, 6);
SELECT name, array_agg(version ORDER BY version) AS versions
FROM fraud.model_version JOIN fraud.model USING (model_id) GROUP BY 1 ORDER BY 1;
SELECT growth('SELECT 1 FROM generate_series(1, 4000)') IS NOT NULL AS warm;
SELECT growth('SELECT 1 FROM generate_series(1, 4000)') AS without,
       growth('SELECT fraud_margin(p, ''m'') FROM payment p, generate_series(1, 10)') AS plain,
       growth('SELECT fraud_margin(w, ''m'') FROM wide w') AS toasted,
       growth('SELECT fraud_margin(b, ''m'') FROM box') AS composite,
       growth('SELECT fraud_margin(b, (ARRAY[''m'', ''n''])[1 + n % 2]) FROM box') AS two_models,
       growth('SELECT fraud_margin(b, CASE n % 5 WHEN 4 THEN ''n'' ELSE ''m'' END,
                                   CASE n % 5 WHEN 4 THEN 1 ELSE 3 + n % 5 END) FROM box')
         AS more_than_a_call_keeps;
