-- score_again: what a session keeps from one statement to the next, row types with their columns and
-- where the registry's rows lie, never answers for what has changed since.
SET client_min_messages = warning;
CREATE EXTENSION fraud_detect;
CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 1000) / 10.0 AS amount FROM generate_series(1, 600) i;

-- The n-th version learns that the n tenths of largest amounts are frauds.
CREATE FUNCTION train(n int) RETURNS void LANGUAGE sql AS $$
  SELECT fraud_train(
    'm', format('SELECT amount, amount > %s AND id %% 4 <> 0 AS is_fraud FROM payment', 100 - 10 * n),
    calibration => 'none', params => '{"rounds": 1, "max_depth": 1}');
$$;
SELECT train(n) FROM generate_series(1, 2) n;
CREATE TABLE margin AS
SELECT version, fraud_margin(r, 'm', version) AS margin FROM fraud.model_version, (SELECT 99.5 AS amount) r;
SELECT count(DISTINCT margin) FROM margin;

-- The columns of a row type.
CREATE TABLE item (note text, amount numeric);
INSERT INTO item VALUES ('x', 99.5);
PREPARE vector AS SELECT fraud_feature_vector(i, 'm') FROM item i;
EXECUTE vector;
EXECUTE vector;
ALTER TABLE item ALTER amount TYPE float8;
EXECUTE vector;
ALTER TABLE item ADD first_one int DEFAULT 7, DROP note;
EXECUTE vector;
ALTER TABLE item RENAME amount TO sum;
EXECUTE vector;
ALTER TABLE item ADD amount float4 DEFAULT 12.5;
EXECUTE vector;
BEGIN;
ALTER TABLE item DROP amount;
ALTER TABLE item RENAME sum TO amount;
EXECUTE vector;
ROLLBACK;
EXECUTE vector;

-- Altered in the middle of a transaction whose PL/pgSQL expression is kept.
CREATE FUNCTION vector_of(i item) RETURNS float4[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN fraud_feature_vector(i, 'm');
END
$$;
BEGIN;
SELECT vector_of(i) FROM item i;
ALTER TABLE item ALTER amount TYPE int USING 3;
SELECT vector_of(i) FROM item i;
ROLLBACK;
SELECT vector_of(i) FROM item i;

-- More row types than a model keeps; each statement has one, and then all of them in one.
DO $$
BEGIN
  FOR i IN 1 .. 40 LOOP
    EXECUTE format('CREATE TYPE shape_%s AS (%s amount float8)', i, repeat('other int, ', i % 2));
    EXECUTE format('SELECT fraud_feature_vector(ROW(%s %s)::shape_%s, ''m'')', repeat('NULL,', i % 2), i, i);
  END LOOP;
END
$$;
SELECT count(*) AS row_types_kept FROM pg_backend_memory_contexts WHERE name = 'fraud_detect row type';
DO $$
DECLARE
  wrong int;
BEGIN
  EXECUTE 'SELECT count(*) FROM (VALUES (0)) one(n) WHERE NOT ('
    || (SELECT string_agg(format('fraud_feature_vector(ROW(%s %s)::shape_%s, ''m'') = ARRAY[%s]::float4[]',
                                 repeat('NULL,', i % 2), i, i, i), ' AND ')
        FROM generate_series(1, 40) i)
    || ')' INTO wrong;
  IF wrong <> 0 THEN
    RAISE 'a row type was taken for another one';
  END IF;
END
$$;

-- The rows of the registry, wherever they lie and whatever lies in their places.
PREPARE version_now AS
SELECT version FROM margin WHERE margin = (SELECT fraud_margin(r, 'm') FROM (SELECT 99.5 AS amount) r);
EXECUTE version_now;
SELECT version FROM fraud_promote('m', 2);
EXECUTE version_now;
VACUUM fraud.alias;
SELECT version FROM fraud_promote('m', 1);
EXECUTE version_now;
VACUUM FULL fraud.alias;
VACUUM FULL fraud.model;
VACUUM FULL fraud.model_version;
EXECUTE version_now;
REINDEX TABLE fraud.alias;
EXECUTE version_now;
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM fraud.alias;
EXECUTE version_now;
ROLLBACK;
EXECUTE version_now;
-- The place is now beyond the end of the table.
BEGIN;
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE kept AS TABLE fraud.alias;
TRUNCATE fraud.alias;
SAVEPOINT empty;
EXECUTE version_now;
ROLLBACK TO empty;
INSERT INTO fraud.alias SELECT * FROM kept;
UPDATE fraud.alias SET version = 2;
EXECUTE version_now;
ROLLBACK;
EXECUTE version_now;
-- Two rows change places.
SELECT version FROM fraud_set_alias('m', 'other', 2);
BEGIN;
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE both_aliases AS TABLE fraud.alias;
TRUNCATE fraud.alias;
INSERT INTO fraud.alias SELECT * FROM both_aliases ORDER BY alias DESC;
EXECUTE version_now;
COMMIT;
EXECUTE version_now;

-- Tables and indexes that are called otherwise, and back.
BEGIN;
ALTER TABLE fraud.alias RENAME TO alias_elsewhere;
EXECUTE version_now;
ROLLBACK;
BEGIN;
ALTER SCHEMA fraud RENAME TO fraud_elsewhere;
SELECT fraud_margin(r, 'm') FROM (SELECT 99.5 AS amount) r;
ROLLBACK;
EXECUTE version_now;
BEGIN;
ALTER INDEX fraud.alias_pkey RENAME TO alias_pkey_elsewhere;
EXECUTE version_now;
ROLLBACK;
EXECUTE version_now;

-- Another extension altogether.
DROP EXTENSION fraud_detect;
CREATE EXTENSION fraud_detect;
SELECT fraud_margin(r, 'm') FROM (SELECT 99.5 AS amount) r;
SELECT train(1);
SELECT fraud_margin(r, 'm') IS NOT NULL AS scored FROM (SELECT 99.5 AS amount) r;
