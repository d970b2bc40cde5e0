-- source: a relation's name or one query that only reads, run as the caller.
SET client_min_messages = warning;
CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 1000) / 10.0 AS amount,
       i * 7919 % 1000 > 900 AND i % 4 <> 0 AS is_fraud
FROM generate_series(1, 600) i;
SELECT version FROM fraud_train('m', 'payment', exclude => '{id}', calibration => 'none',
                                params => '{"rounds": 1, "max_depth": 1}');
CREATE FUNCTION rows_of(source text) RETURNS float8 LANGUAGE sql AS $$
  SELECT value FROM fraud_evaluate('m', source, bootstrap => 0) WHERE metric = 'rows'
$$;

-- Names, as in SQL: unquoted ones fold to lower case, search_path counts.
CREATE SCHEMA "Odd.Schema";
CREATE TABLE "Odd.Schema"."Odd ""Table""" AS SELECT * FROM payment WHERE id <= 10;
CREATE TABLE with_fees AS SELECT * FROM payment WHERE id <= 20;
CREATE TABLE selection AS SELECT * FROM payment WHERE id <= 30;
CREATE TABLE "select" AS SELECT * FROM payment WHERE id <= 40;
CREATE VIEW payment_view AS SELECT * FROM payment WHERE id <= 50;
CREATE TEMP TABLE payment_temp AS SELECT * FROM payment WHERE id <= 60;
SELECT name, rows_of(name)
FROM unnest('{payment, " Payment ", public.PAYMENT, with_fees, selection, payment_view,
              payment_temp}'::text[]) name;
SELECT rows_of('"select"'), rows_of('"Odd.Schema"."Odd ""Table"""');
BEGIN;
SET LOCAL search_path = "Odd.Schema", public;
CREATE TABLE "Odd.Schema".payment AS SELECT * FROM public.payment WHERE id <= 5;
SELECT rows_of('payment') AS nearer_one;
ROLLBACK;

-- Queries: four words and a parenthesis, after blanks and comments.
SELECT rows_of(query) FROM unnest(ARRAY[
  'SELECT * FROM payment WHERE id <= 10',
  E'\n\t select * from payment where id <= 20;',
  'WITH p AS (SELECT * FROM payment) SELECT * FROM p WHERE id <= 30',
  'TABLE with_fees',
  '(SELECT * FROM payment LIMIT 40)',
  '((TABLE payment))',
  E'-- which ones\n/* and /* why */ */ SELECT * FROM payment WHERE id <= 50',
  'SELECT/**/* FROM payment'
]) query;
SELECT rows_of('VALUES (1, 2.5, true), (2, 3.5, false)');

-- The text is one query that only reads.
SELECT rows_of('');
SELECT rows_of('  ');
SELECT rows_of('no_such_table');
SELECT rows_of('payment; DROP TABLE payment');
SELECT rows_of('payment WHERE id < 3');
SELECT rows_of('DELETE FROM payment');
SELECT rows_of('"payment');
SELECT rows_of('elsewhere.public.payment');
SELECT rows_of('/* never closed SELECT 1');
SELECT rows_of('SELECT 1; DROP TABLE payment');
SELECT rows_of('SELECT * INTO copy FROM payment');
SELECT rows_of('SELECT * FROM payment FOR UPDATE');
SELECT rows_of('WITH gone AS (DELETE FROM payment RETURNING *) SELECT * FROM gone');
SELECT rows_of('WITH p AS (SELECT 1) DELETE FROM payment');
SELECT rows_of('SELECT * FROM payment WHERE id = $1');
SELECT rows_of('SELECT * FROM payment WHERE');
SELECT rows_of('SELECT no_such_column FROM payment');
SELECT count(*) FROM payment;

-- As the caller: privileges and row-level security are the caller's.
CREATE ROLE regress_fraud_reader;
GRANT SELECT ON fraud.model_version TO regress_fraud_reader;
SET ROLE regress_fraud_reader;
SELECT rows_of('payment');
SELECT rows_of('SELECT * FROM payment');
RESET ROLE;
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON payment USING (id <= 7);
GRANT SELECT ON payment TO regress_fraud_reader;
SET ROLE regress_fraud_reader;
SELECT rows_of('payment'), rows_of('SELECT * FROM payment');
RESET ROLE;
DROP OWNED BY regress_fraud_reader;
DROP ROLE regress_fraud_reader;

-- The setting that keeps the order of rows is as it was, also after an error.
SHOW synchronize_seqscans;
