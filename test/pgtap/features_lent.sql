-- Features over a table of somebody else: it is read, but nothing that its owner hangs on it runs with the
-- rights of who scores, or of the guard's owner.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(20);

CREATE ROLE fraud_test_lender;
CREATE ROLE fraud_test_owner;
CREATE ROLE fraud_test_payer;
CREATE SCHEMA lent AUTHORIZATION fraud_test_lender;
GRANT USAGE ON SCHEMA lent TO PUBLIC;
CREATE TABLE lent.history AS SELECT transaction_id AS id, tx_time, card_id, amount, is_fraud FROM fraud_generate(3000, seed => 7, fraud_rate => 0.02);
CREATE INDEX ON lent.history (card_id, tx_time);
CREATE TABLE lent.child () INHERITS (lent.history);
ALTER TABLE lent.history OWNER TO fraud_test_lender;
ALTER TABLE lent.child OWNER TO fraud_test_lender;
GRANT SELECT ON lent.history TO fraud_test_owner;
SELECT fraud_define_features('f', 'lent.history', 'tx_time', '[{"name":"n","per":"card_id","aggregate":"count","window":"30 days"}]') \g /dev/null
SELECT version FROM fraud_train('m', 'fraud_features.f', label => 'is_fraud', event_time => 'tx_time', features => '{n,amount}', params => '{"rounds": 3}') \g /dev/null
GRANT SELECT ON fraud.model, fraud.model_version, fraud.alias, fraud.feature_set, fraud.feature_rate TO fraud_test_owner;
GRANT SELECT, INSERT ON fraud.policy TO fraud_test_owner;
GRANT EXECUTE ON FUNCTION fraud_guard TO fraud_test_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_owner;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
CREATE SCHEMA shop AUTHORIZATION fraud_test_owner;
GRANT USAGE ON SCHEMA shop TO fraud_test_payer;
SET LOCAL ROLE fraud_test_owner;
CREATE TABLE shop.tx (id bigint, tx_time timestamptz, card_id text, amount numeric);
GRANT INSERT ON shop.tx TO fraud_test_payer;
SELECT fraud_guard('shop.tx', 'm', review_at => 1, on_error => 'review', key => 'id') \g /dev/null
RESET ROLE;

SET LOCAL ROLE fraud_test_lender;
CREATE FUNCTION lent.steals(n int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF current_user <> 'fraud_test_lender' THEN
    PERFORM set_config('fraud_test.stolen', current_user, false);
  END IF;
  RETURN true;
END $$;
RESET ROLE;
-- What the lender does, then a payment; what is on record of it, and whose rights the code had.
CREATE FUNCTION public.payment_after(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('fraud_test.stolen', '', false);
  SET LOCAL ROLE fraud_test_lender;
  EXECUTE what;
  SET LOCAL ROLE fraud_test_payer;
  SET LOCAL constraint_exclusion = on;
  INSERT INTO shop.tx VALUES (1, '2026-05-01', 'card_1', 10);
  RESET ROLE;
  RETURN concat_ws(' ', nullif(current_setting('fraud_test.stolen'), ''),
    (SELECT coalesce(d.error ->> 'message', d.ground) FROM fraud.decision d ORDER BY d.decision_id DESC LIMIT 1));
END $$;
\set refused '''the set of features "f" cannot use function lent.steals(integer) of role "fraud_test_lender"'''

SELECT is(public.payment_after('SELECT 1'), 'none', 'a table of another role is read');
SELECT is(public.payment_after('CREATE INDEX mine ON lent.history (card_id) WHERE amount > 5'), 'none', 'an index of it without code is none of our business');
SELECT is(public.payment_after('DROP INDEX lent.mine; CREATE INDEX mine ON lent.history (card_id) WHERE lent.steals(1)'), :refused, 'the predicate of an index is not evaluated');
SELECT is(public.payment_after('DROP INDEX lent.mine'), 'none', 'without it all is well');
SELECT is(public.payment_after('CREATE INDEX mine ON lent.history ((lent.steals(1)))'), :refused, 'nor its expression');
SELECT is(public.payment_after('DROP INDEX lent.mine'), 'none', 'as before');
SELECT is(public.payment_after('CREATE INDEX mine ON lent.child (card_id) WHERE lent.steals(1)'), :refused, 'nor that of a child''s');
SELECT is(public.payment_after('DROP INDEX lent.mine'), 'none', 'as before');
SELECT is(public.payment_after('ALTER TABLE lent.history ADD CONSTRAINT mine CHECK (lent.steals(1))'), :refused, 'nor a constraint');
SELECT is(public.payment_after('ALTER TABLE lent.history DROP CONSTRAINT mine'), 'none', 'as before');
SELECT is(public.payment_after('CREATE STATISTICS lent.mine ON (lent.steals(1)), card_id FROM lent.history'), :refused, 'nor what statistics are of');
SELECT is(public.payment_after('DROP STATISTICS lent.mine'), 'none', 'as before');
SELECT is(public.payment_after('ALTER TABLE lent.history ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON lent.history USING (amount > 0)'), 'none', 'a policy without code filters');
SELECT is(public.payment_after('DROP POLICY p ON lent.history; CREATE POLICY p ON lent.history USING (lent.steals(1))'), :refused, 'one with code does not run');
SELECT is(public.payment_after('DROP POLICY p ON lent.history; CREATE POLICY p ON lent.history USING (EXISTS (SELECT lent.steals(1)))'),
  'the set of features "f" cannot read table "history" of role "fraud_test_lender" under a policy with a query', 'nor one with a query');
SELECT is(public.payment_after('ALTER TABLE lent.history DISABLE ROW LEVEL SECURITY'), 'none', 'as before');

-- who scores is in the same place
CREATE INDEX mine ON lent.history (card_id) WHERE lent.steals(1);
SET LOCAL ROLE fraud_test_owner;
SELECT throws_ok($$SELECT fraud_score(t) FROM shop.tx AS t$$, '42501', :refused, 'who scores does not run it, either');
RESET ROLE;
-- a superuser's code, and that of a member, is trusted
ALTER FUNCTION lent.steals OWNER TO CURRENT_USER;
SELECT is(public.payment_after('SELECT 1'), 'fraud_test_owner none', 'the code of a superuser is trusted');
ALTER FUNCTION lent.steals OWNER TO fraud_test_lender;
SELECT is(public.payment_after('SELECT 1'), :refused, 'and no more when it is given away');
GRANT fraud_test_owner TO fraud_test_lender;
SELECT is(public.payment_after('SELECT 1'), 'fraud_test_owner none', 'a member of the role has its rights anyway');
SELECT * FROM finish();
ROLLBACK;
