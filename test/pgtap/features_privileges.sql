-- Features are computed as the caller: with the caller's rights on the source, under its policies.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(26);

CREATE TABLE public.tx AS
  SELECT transaction_id, tx_time, card_id, merchant_id, amount, is_fraud, label_time FROM fraud_generate(3000, seed => 7, fraud_rate => 0.02);
CREATE INDEX ON public.tx (card_id, tx_time);
CREATE TABLE public.secret AS TABLE public.tx;
CREATE FUNCTION public.hidden(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE ROLE fraud_test_definer;
CREATE ROLE fraud_test_scorer;
CREATE ROLE fraud_test_blind;
GRANT CREATE ON SCHEMA fraud_features TO fraud_test_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fraud TO fraud_test_definer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_definer;
GRANT EXECUTE ON FUNCTION fraud_define_features, fraud_drop_features TO fraud_test_definer;
GRANT SELECT ON public.tx TO fraud_test_definer, fraud_test_scorer;
GRANT SELECT ON fraud.model, fraud.model_version, fraud.alias TO fraud_test_scorer, fraud_test_blind;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
PREPARE define(regclass) AS SELECT fraud_define_features('f', $1, 'tx_time', '[
  {"name":"n","per":"card_id","aggregate":"count","window":"7 days"},
  {"name":"cost","expression":"public.hidden(amount)"},
  {"name":"risk","per":"merchant_id","aggregate":"fraud_rate","label":"is_fraud","window":"30 days","delay":"7 days","prior":20}]');

SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$EXECUTE define('public.tx')$$, '42501', 'permission denied for function fraud_define_features',
  'defining is not for everybody');
RESET ROLE;
SET LOCAL ROLE fraud_test_definer;
SELECT throws_ok($$EXECUTE define('public.secret')$$, '42501', 'permission denied for table public.secret',
  'no features of a table that one may not read');
RESET ROLE;
ALTER TABLE public.tx ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON public.tx TO fraud_test_definer USING (transaction_id % 2 = 0);
SET LOCAL ROLE fraud_test_definer;
SELECT throws_ok($$EXECUTE define('public.tx')$$, '42501',
  'row-level security of public.tx applies to role "fraud_test_definer"', 'nor of some of its rows');
RESET ROLE;
ALTER TABLE public.tx DISABLE ROW LEVEL SECURITY;
SELECT is_empty('TABLE fraud.feature_set', 'nothing is left of these');
SELECT is_empty('SELECT FROM pg_class WHERE relnamespace = ''fraud_features''::regnamespace', 'no view, either');

SET LOCAL ROLE fraud_test_definer;
SELECT lives_ok($$EXECUTE define('public.tx')$$, 'who may read the table may define');
RESET ROLE;
SELECT is(pg_get_userbyid(relowner), 'fraud_test_definer', 'the view is the definer''s')
  FROM pg_class WHERE oid = 'fraud_features.f'::regclass;
SELECT fraud_train('m', 'fraud_features.f', event_time => 'tx_time', features => '{n,cost,risk}', params => '{"rounds": 3}') IS NOT NULL;

SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$SELECT fraud_score(t) FROM public.tx AS t$$, '42501', 'permission denied to use rates of fraud of fraud_detect',
  'rates are the registry''s');
RESET ROLE;
GRANT SELECT ON fraud.feature_rate TO fraud_test_scorer, fraud_test_blind;
SET LOCAL ROLE fraud_test_scorer;
SELECT ok(count(fraud_score(t)) = 3000, 'a scorer scores rows of the table') FROM public.tx AS t;
SELECT throws_ok('SELECT * FROM fraud_features.f', '42501', 'permission denied for view f', 'the view is not for all');
RESET ROLE;

SET LOCAL ROLE fraud_test_blind;
SELECT throws_ok($$SELECT fraud_score(r) FROM (SELECT 1::bigint AS transaction_id, now() AS tx_time, 'c'::text AS card_id, 1::bigint AS merchant_id,
  1::numeric(12,2) AS amount, false AS is_fraud, now() AS label_time) AS r$$, '42501', 'permission denied for table tx',
  'history is not for who may not read the table');
SELECT lives_ok($$SELECT fraud_score(r) FROM (SELECT 1::float8 AS n, 1::numeric AS cost, 0::float8 AS risk) AS r$$,
  'features that are given need no history');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION public.hidden FROM PUBLIC;
SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$SELECT fraud_score(t) FROM public.tx AS t$$, '42501', NULL, 'functions are called with the caller''s rights');
RESET ROLE;
GRANT EXECUTE ON FUNCTION public.hidden TO PUBLIC;

-- Policies hold for the history, too.
CREATE POLICY everything ON public.tx TO fraud_test_scorer USING (merchant_id > 0);
GRANT SELECT ON fraud_features.f TO fraud_test_scorer;
ALTER TABLE public.tx ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE fraud_test_scorer;
SELECT ok(count(fraud_score(t)) = 3000, 'under a policy that shows all') FROM public.tx AS t;
SELECT is(sum(different), 0::numeric, 'without skew') FROM fraud_skew_check('f', 200);
RESET ROLE;
DROP POLICY everything ON public.tx;
CREATE POLICY half ON public.tx TO fraud_test_scorer USING (transaction_id % 2 = 0);
SET LOCAL ROLE fraud_test_scorer;
SELECT is(sum(different), 0::numeric, 'a role that sees half of the rows has their features, on both ways') FROM fraud_skew_check('f', 200);
SELECT is(max(compared), 1500::bigint, 'and sees that half') FROM fraud_skew_check('f', 3000);
RESET ROLE;

DROP POLICY half ON public.tx;
SET LOCAL ROLE fraud_test_scorer;
SELECT is(count(*), 0::bigint, 'without a policy, no row is seen') FROM fraud_features.f;
SELECT is(n::float8, 1::float8, 'and no history')
  FROM (SELECT (fraud_feature_vector(r))[(SELECT f.ordinality::int FROM fraud.model_version,
      jsonb_array_elements(signature -> 'features') WITH ORDINALITY AS f WHERE f.value ->> 'column' = 'n')] AS n FROM (SELECT 1::bigint AS transaction_id, '2026-06-01'::timestamptz AS tx_time,
    'card_1'::text AS card_id, 1::bigint AS merchant_id, 1::numeric(12,2) AS amount, false AS is_fraud, now() AS label_time) AS r) AS v;
SET LOCAL row_security = off;
SELECT throws_ok($$SELECT fraud_score(r) FROM (SELECT 1::bigint AS transaction_id, now() AS tx_time, 'c'::text AS card_id, 1::bigint AS merchant_id,
  1::numeric(12,2) AS amount, false AS is_fraud, now() AS label_time) AS r$$, '42501', NULL, 'row_security = off is an error, not another answer');
SET LOCAL row_security = on;
RESET ROLE;
ALTER TABLE public.tx DISABLE ROW LEVEL SECURITY;

-- Whose code runs as whom: a function that tells.
GRANT CREATE ON SCHEMA public TO fraud_test_definer;
SET LOCAL ROLE fraud_test_definer;
CREATE FUNCTION public.trap(numeric) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN RAISE EXCEPTION 'code of fraud_test_definer runs as %', current_user USING ERRCODE = 'XXTRP'; END$$;
SELECT fraud_define_features('trap', 'public.tx', 'tx_time', '[
  {"name":"one","expression":"public.trap(amount)"},
  {"name":"two","per":"card_id","aggregate":"sum","value":"public.trap(amount)","window":"7 days"},
  {"name":"three","per":"card_id","aggregate":"count","filter":"public.trap(amount) > 0","window":"7 days"}]');
SELECT throws_ok($$SELECT * FROM fraud_skew_check('trap')$$, 'XXTRP', NULL, 'one''s own functions are called');
RESET ROLE;
GRANT SELECT ON fraud_features.trap TO fraud_test_scorer;
GRANT fraud_test_scorer TO fraud_test_blind;
SELECT throws_ok($$SELECT * FROM fraud_skew_check('trap')$$, '42501', 'the set of features "trap" cannot use function public.trap(numeric) of role "fraud_test_definer"',
  'a superuser runs no function of another role');
SELECT throws_ok($$SELECT fraud_refresh_features('trap')$$, '42501', 'the set of features "trap" cannot use function public.trap(numeric) of role "fraud_test_definer"',
  'nor by a refresh');
SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$SELECT * FROM fraud_skew_check('trap')$$, '42501', 'the set of features "trap" cannot use function public.trap(numeric) of role "fraud_test_definer"',
  'nor does anybody else');
RESET ROLE;
ALTER FUNCTION public.trap(numeric) OWNER TO fraud_test_blind;
SET LOCAL ROLE fraud_test_scorer;
SELECT throws_ok($$SELECT * FROM fraud_skew_check('trap')$$, 'XXTRP', NULL, 'a role that could act as the caller anyway is trusted');
RESET ROLE;
ALTER FUNCTION public.trap(numeric) OWNER TO postgres;
SET LOCAL ROLE fraud_test_definer;
SELECT throws_ok($$SELECT * FROM fraud_skew_check('trap')$$, 'XXTRP', NULL, 'and so is a superuser');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
