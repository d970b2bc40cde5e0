-- Who may label what, and that nobody writes in the name of another role or time (docs/labels.md).
BEGIN;
SELECT plan(22);

CREATE TABLE public.tx (id int, at timestamptz, shop int);
INSERT INTO public.tx SELECT i, '2020-01-01 00:00+00'::timestamptz + i * '1 hour'::interval, 1 FROM generate_series(1, 30) AS i;
CREATE INDEX ON public.tx (shop, at);
CREATE TABLE public.secret AS TABLE public.tx;
CREATE ROLE fraud_test_nobody;
CREATE ROLE fraud_test_labeller;
CREATE ROLE fraud_test_writer;
CREATE ROLE fraud_test_reader;
GRANT SELECT ON public.tx TO fraud_test_labeller, fraud_test_writer, fraud_test_reader, fraud_test_nobody;
-- The least that labelling needs.
GRANT EXECUTE ON FUNCTION fraud_label TO fraud_test_labeller, fraud_test_writer;
GRANT INSERT (relation, key, is_fraud, source, known_at, note), SELECT (label_id) ON fraud.label TO fraud_test_labeller;
GRANT USAGE ON SEQUENCE fraud.label_id_seq TO fraud_test_labeller, fraud_test_writer;
GRANT INSERT, UPDATE, DELETE, TRUNCATE, SELECT ON fraud.label TO fraud_test_writer;
GRANT SELECT ON fraud.label TO fraud_test_reader;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

SET LOCAL ROLE fraud_test_nobody;
SELECT throws_ok($$SELECT fraud_label('public.tx', '1', true)$$, '42501', 'permission denied for function fraud_label',
  'labelling is not for everybody');
SELECT throws_ok($$SELECT * FROM fraud_labels('public.tx')$$, '42501', 'permission denied for table label', 'nor is reading labels');
SELECT throws_ok($$SELECT fraud.label_changes('public.tx', '1', '{chargeback}')$$, '42501', 'permission denied to use the labels of fraud_detect',
  'by no function');
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraud_label TO fraud_test_nobody;
SET LOCAL ROLE fraud_test_nobody;
SELECT throws_ok($$SELECT fraud_label('public.tx', '1', true)$$, '42501', NULL, 'EXECUTE alone gives nothing');
RESET ROLE;

SET LOCAL ROLE fraud_test_labeller;
SELECT lives_ok($$SELECT fraud_label('public.tx', '1', true, known_at => '2020-02-01')$$, 'a labeller labels');
SELECT lives_ok($$INSERT INTO fraud.label (relation, key, is_fraud, source, known_at) SELECT 'public.tx', id, true, 'chargeback', '2020-02-01' FROM public.tx WHERE id < 5$$,
  'many at once');
SELECT throws_ok($$SELECT fraud_label('public.secret', '1', true)$$, '42501', 'permission denied for table public.secret',
  'but no rows of a table that it may not read');
SELECT throws_ok($$INSERT INTO fraud.label (relation, key, is_fraud, source, known_at) VALUES ('public.secret', '1', true, 'chargeback', now())$$,
  '42501', 'permission denied for table public.secret', 'by no statement');
SELECT throws_ok($$SELECT is_fraud FROM fraud.label$$, '42501', 'permission denied for table label', 'and reads none');
SELECT throws_ok($$INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_by) VALUES ('public.tx', '1', true, 'chargeback', now(), 'another')$$,
  '42501', 'permission denied for table label', 'nor names another role');
RESET ROLE;
SELECT is(array_agg(DISTINCT recorded_by), '{fraud_test_labeller}', 'who labelled is recorded') FROM fraud.label;

SET LOCAL ROLE fraud_test_writer;
SELECT throws_ok($$INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_by) VALUES ('public.tx', '1', true, 'chargeback', now(), 'another')$$,
  '42501', 'role "fraud_test_writer" cannot choose recorded_at and recorded_by of a label', 'not even who may write all columns names another role');
SELECT throws_ok($$INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_at) VALUES ('public.tx', '1', true, 'chargeback', '2020-01-01', '2020-01-02')$$,
  '42501', 'role "fraud_test_writer" cannot choose recorded_at and recorded_by of a label', 'or another time');
SELECT throws_ok('UPDATE fraud.label SET is_fraud = false', '55000', 'rows of fraud.label are immutable', 'nor changes what is there');
SELECT throws_ok('DELETE FROM fraud.label', '55000', 'rows of fraud.label cannot be deleted', 'nor deletes');
SELECT throws_ok('TRUNCATE fraud.label', '55000', 'fraud.label cannot be truncated', 'nor empties');
RESET ROLE;
ALTER TABLE public.tx ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON public.tx TO fraud_test_labeller USING (true);
SET LOCAL ROLE fraud_test_labeller;
SELECT throws_ok($$SELECT fraud_label('public.tx', '1', true)$$, '42501', 'row-level security of public.tx applies to role "fraud_test_labeller"',
  'under row-level security a key may be of a row that is hidden');
RESET ROLE;
ALTER TABLE public.tx DISABLE ROW LEVEL SECURITY;

SET LOCAL ROLE fraud_test_reader;
SELECT is(count(*), 4::bigint, 'a reader reads') FROM fraud_labels('public.tx');
RESET ROLE;

-- Features by labels are computed with the caller's rights on both ways.
SELECT fraud_define_features('f', 'public.tx', 'at', '[
  {"name":"rate","per":"shop","aggregate":"fraud_rate","label_sources":["chargeback"],"window":"30 days","delay":"0"}]', key => 'id');
GRANT SELECT ON fraud_features.f TO fraud_test_reader, fraud_test_nobody;
GRANT SELECT ON fraud.feature_set TO fraud_test_reader;
SET LOCAL ROLE fraud_test_nobody;
SELECT throws_ok('SELECT rate FROM fraud_features.f', '42501', 'permission denied to use the labels of fraud_detect', 'features need the right to read labels');
RESET ROLE;
SET LOCAL ROLE fraud_test_reader;
SELECT is(sum(different), 0::numeric, 'a reader gets them') FROM fraud_skew_check('f');
RESET ROLE;
REVOKE SELECT ON fraud.label FROM fraud_test_reader;
SET LOCAL ROLE fraud_test_reader;
SELECT throws_ok($$SELECT * FROM fraud_skew_check('f')$$, '42501', 'permission denied to use the labels of fraud_detect', 'as long as it has the right');
RESET ROLE;
GRANT SELECT ON fraud.label TO fraud_test_reader;
ALTER TABLE fraud.label ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE fraud_test_reader;
SELECT throws_ok('SELECT rate FROM fraud_features.f', '42501', 'permission denied to use the labels of fraud_detect', 'all of them, not what a policy shows');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
