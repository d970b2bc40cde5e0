-- A role that may insert, and nothing else, is all that a payment needs; and nobody gets more by a guard
-- than they have: rules and history are the owner's, records are nobody's to write.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(41);

CREATE ROLE fraud_test_owner;
CREATE ROLE fraud_test_payer;
CREATE ROLE fraud_test_stranger;
CREATE ROLE fraud_test_admin IN ROLE fraud_test_owner;
CREATE SCHEMA shop AUTHORIZATION fraud_test_owner;
CREATE TABLE shop.source AS SELECT * FROM fraud_generate(3000, seed => 7, fraud_rate => 0.02);
SET LOCAL ROLE fraud_test_owner;
CREATE TABLE shop.tx (id bigint GENERATED ALWAYS AS IDENTITY, tx_time timestamptz, card_id text, amount numeric, is_fraud bool, ran_as text);
CREATE INDEX ON shop.tx (card_id, tx_time);
CREATE TABLE shop.secret AS SELECT 'code word'::text AS word;
RESET ROLE;
INSERT INTO shop.tx (tx_time, card_id, amount, is_fraud) SELECT tx_time, card_id, amount, is_fraud FROM shop.source;
SELECT fraud_define_features('f', 'shop.tx', 'tx_time', '[{"name":"n","per":"card_id","aggregate":"count","window":"30 days"}]') \g /dev/null
SELECT version FROM fraud_train('m', 'fraud_features.f', event_time => 'tx_time', features => '{n,amount}', params => '{"rounds": 3}') \g /dev/null
GRANT USAGE ON SCHEMA shop TO fraud_test_payer, fraud_test_stranger;
GRANT INSERT ON shop.tx TO fraud_test_payer;
GRANT SELECT ON fraud.model, fraud.model_version, fraud.alias, fraud.feature_set, fraud.feature_rate TO fraud_test_owner;
GRANT SELECT, INSERT ON fraud.policy TO fraud_test_owner, fraud_test_stranger;
GRANT EXECUTE ON FUNCTION fraud_guard, fraud_unguard, fraud_rule, fraud_rule_drop, fraud_decide TO fraud_test_owner, fraud_test_stranger;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_owner, fraud_test_stranger;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
CREATE FUNCTION public.seem_to_restore() RETURNS void LANGUAGE sql SET search_path = '' AS $$
  INSERT INTO fraud.policy (relation, version, on_block, on_error, options, rules, owner)
  VALUES ('shop.tx', 1, 'reject', 'approve', '{}', '[]', 'fraud_test_owner') $$;

-- who may guard
SET LOCAL ROLE fraud_test_payer;
SELECT throws_ok($$SELECT fraud_guard('shop.tx', 'm')$$, '42501', 'permission denied for function fraud_guard', 'guarding is not for everybody');
SELECT throws_ok($$SELECT fraud_decide(NULL::shop.tx)$$, '42501', 'permission denied for function fraud_decide', 'nor is asking');
RESET ROLE;
SET LOCAL ROLE fraud_test_stranger;
SELECT throws_ok($$SELECT fraud_guard('shop.tx', 'm')$$, '42501', 'must be owner of table shop.tx', 'nobody guards the table of others');
SELECT throws_ok($$INSERT INTO fraud.policy (relation, version, on_block, on_error, options, rules, owner) VALUES ('shop.tx', 1, 'reject', 'approve', '{}', '[]', 'fraud_test_stranger')$$,
  '42501', NULL, 'nor writes a policy for it');
SELECT throws_ok($$INSERT INTO fraud.policy (relation, version, on_block, on_error, options, rules, owner) VALUES ('shop.tx', 1, 'reject', 'approve', '{}', '[]', 'fraud_test_owner')$$,
  '42501', NULL, 'in no name');
SELECT throws_ok($$SELECT public.seem_to_restore()$$, '42501', NULL, 'also if it seems to restore a dump');
RESET ROLE;
SET LOCAL ROLE fraud_test_owner;
SELECT lives_ok($$SELECT fraud_guard('shop.tx', 'm', review_at => 1, key => 'id', options => '{"entities": {"card": "card_id"}, "record_row": "always"}')$$,
  'the owner guards a table');
RESET ROLE;
SET LOCAL ROLE fraud_test_admin;
SELECT lives_ok($$SELECT fraud_guard('shop.tx', 'm', review_at => 1, key => 'id', options => '{"entities": {"card": "card_id"}, "record_row": "always"}')$$,
  'and so does who may act as the owner');
SELECT results_eq($$SELECT DISTINCT owner FROM fraud.policy WHERE relation = 'shop.tx'::regclass$$, ARRAY['fraud_test_owner'], 'always in the name of the owner');
RESET ROLE;

-- what the payer needs
SET LOCAL ROLE fraud_test_payer;
SELECT lives_ok($$INSERT INTO shop.tx (tx_time, card_id, amount) VALUES ('2026-05-01', 'card_1', 10)$$, 'INSERT is all that the payer needs');
SELECT throws_ok($$SELECT count(*) FROM shop.tx$$, '42501', NULL, 'the payer still cannot read the table');
SELECT throws_ok($$SELECT count(*) FROM fraud.decision$$, '42501', NULL, 'nor decisions');
SELECT throws_ok($$SELECT count(*) FROM fraud.list_entry$$, '42501', NULL, 'nor lists');
SELECT throws_ok($$INSERT INTO fraud.decision SELECT 1$$, '42501', NULL, 'nor write decisions');
SELECT throws_ok($$SELECT nextval('fraud.decision_id_seq')$$, '42501', NULL, 'nor use up their numbers');
SELECT is(current_user::text, 'fraud_test_payer', 'and is who it was');
RESET ROLE;
SELECT results_eq($$SELECT decided_by, decision, score IS NOT NULL, error FROM fraud.decision$$,
  $$VALUES ('fraud_test_payer', 'approve', true, NULL::jsonb)$$, 'the decision names the payer, and was made with the owner''s rights');

-- rules run as the owner, whatever the payer has set up
SET LOCAL ROLE fraud_test_owner;
CREATE FUNCTION shop.who() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_user || ' ' || current_setting('search_path'); END $$;
CREATE FUNCTION shop.note(w text) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM set_config('fraud_test.note', w, false); RETURN false; END $$;
CREATE FUNCTION shop.word() RETURNS text LANGUAGE sql STABLE AS 'SELECT word FROM shop.secret';
CREATE FUNCTION shop.unpinned(n numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN abs(n); END $$;
SELECT lives_ok($$SELECT fraud_rule('shop.tx', 'who', 'shop.note(shop.who())', 'review')$$, 'a rule with the owner''s functions');
RESET ROLE;
CREATE SCHEMA trap AUTHORIZATION fraud_test_payer;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
SET LOCAL ROLE fraud_test_payer;
CREATE FUNCTION trap.abs(numeric) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('fraud_test.trapped', current_user, false); RETURN 0; END $$;
SET LOCAL search_path = trap, pg_catalog, public;
SELECT lives_ok($$INSERT INTO shop.tx (tx_time, card_id, amount) VALUES ('2026-05-01', 'card_1', 10)$$, 'the payer inserts with a search_path of its own');
SELECT is(current_setting('fraud_test.note'), 'fraud_test_owner pg_catalog, pg_temp', 'the rule ran as the owner, with a pinned search_path');
SELECT is(current_setting('search_path'), 'trap, pg_catalog, public', 'the payer''s search_path is what it was');
SELECT is(current_user::text, 'fraud_test_payer', 'and so is the user');
RESET search_path;
RESET ROLE;
SET LOCAL ROLE fraud_test_owner;
SELECT lives_ok($$SELECT fraud_rule('shop.tx', 'unpinned', 'shop.unpinned(amount) < 0', 'review')$$, 'an immutable function that pins nothing');
SELECT lives_ok($$SELECT fraud_rule_drop('shop.tx', 'who')$$, 'it is the only rule');
RESET ROLE;
SET LOCAL ROLE fraud_test_payer;
SET LOCAL search_path = trap, pg_catalog, public;
SELECT lives_ok($$INSERT INTO shop.tx (tx_time, card_id, amount) VALUES ('2026-05-01', 'card_1', 10)$$, 'the payer inserts once more');
SELECT is(current_setting('fraud_test.trapped', true), NULL, 'no code of the payer ran in a rule');
RESET search_path;
RESET ROLE;
SET LOCAL ROLE fraud_test_owner;
SELECT lives_ok($$SELECT fraud_rule('shop.tx', 'who', 'shop.word() = card_id', 'block', 50)$$, 'a rule that reads what only the owner may');
RESET ROLE;
SET LOCAL ROLE fraud_test_payer;
SELECT throws_ok($$INSERT INTO shop.tx (tx_time, card_id, amount) VALUES ('2026-05-01', 'code word', 10)$$, 'FD001', 'the transaction was blocked as fraud', 'what it says of a block does not quote');
RESET ROLE;
SELECT is((SELECT count(*) FROM fraud.decision WHERE error IS NOT NULL), 0::bigint, 'all decisions could be made');

-- after an error the payer is the payer
SET LOCAL ROLE fraud_test_owner;
SELECT lives_ok($$SELECT fraud_rule('shop.tx', 'fails', '1 / (amount - amount) > 0', 'block')$$, 'a rule that fails');
RESET ROLE;
SET LOCAL ROLE fraud_test_payer;
SELECT lives_ok($$INSERT INTO shop.tx (tx_time, card_id, amount, ran_as) VALUES ('2026-05-01', 'card_1', 10, current_user)$$, 'the payer inserts');
SELECT is(current_user::text, 'fraud_test_payer', 'and is who it was, after an error as the owner');
RESET ROLE;

-- what failed may speak of what only the owner may read
SET LOCAL ROLE fraud_test_owner;
SELECT fraud_rule('shop.tx', 'fails', 'shop.word()::int > 0', 'block') > 0 \g /dev/null
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraud_decide TO fraud_test_payer;
SET LOCAL ROLE fraud_test_payer;
SELECT is((SELECT d.error FROM fraud_decide(ROW(1, '2026-05-01', 'card_1', 10, NULL, NULL)::shop.tx) AS d), '{"sqlstate": "22P02"}'::jsonb,
  'who asks learns what kind of failure there was');
RESET ROLE;
GRANT SELECT ON fraud.decision TO fraud_test_payer;
SET LOCAL ROLE fraud_test_payer;
SELECT ok((SELECT d.error ->> 'message' FROM fraud_decide(ROW(1, '2026-05-01', 'card_1', 10, NULL, NULL)::shop.tx) AS d) LIKE '%code word%',
  'and the message, who may read it in the record');
RESET ROLE;
REVOKE SELECT ON fraud.decision FROM fraud_test_payer;
SET LOCAL ROLE fraud_test_owner;
SELECT fraud_guard('shop.tx', 'm', review_at => 1, on_error => 'block', key => 'id') > 0 \g /dev/null
RESET ROLE;
SET LOCAL ROLE fraud_test_payer;
SELECT throws_ok($$INSERT INTO shop.tx (tx_time, card_id, amount) VALUES ('2026-05-01', 'card_1', 10)$$, 'FD001', 'the transaction was blocked as fraud', 'whose error says no more');
RESET ROLE;
SET LOCAL ROLE fraud_test_owner;
SELECT fraud_guard('shop.tx', 'm', review_at => 1, key => 'id') > 0 \g /dev/null
RESET ROLE;
-- asking needs what inserting needs
SET LOCAL ROLE fraud_test_stranger;
SELECT throws_ok($$SELECT fraud_decide(r, 'shop.tx') FROM (SELECT 1) AS r$$, '42501', 'permission denied for table tx', 'who may not insert may not ask');
RESET ROLE;
-- code of generated columns is the owner's, and called as soon as it is planned
SET LOCAL ROLE fraud_test_owner;
CREATE FUNCTION shop.who_generates(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM set_config('fraud_test.generated_as', concat_ws(' ', nullif(current_setting('fraud_test.generated_as', true), ''), current_user), false);
  RETURN n;
END $$;
CREATE TABLE shop.generated (id int, one int GENERATED ALWAYS AS (shop.who_generates(1)) STORED, same int GENERATED ALWAYS AS (shop.who_generates(id)) STORED);
RESET ROLE;
SELECT set_config('fraud_test.generated_as', '', false);
SELECT fraud_guard('shop.generated', model => '') > 0, fraud_rule('shop.generated', 'r', 'id > 1', 'block') > 0 \g /dev/null
SELECT is((SELECT string_agg(DISTINCT w, ' ') FROM regexp_split_to_table(current_setting('fraud_test.generated_as'), ' ') AS w), 'fraud_test_owner',
  'a superuser who guards the table of others does not lend them the rights');
SELECT set_config('fraud_test.generated_as', '', false);
SELECT is((SELECT d.decision FROM fraud_decide(ROW(2, NULL, NULL)::shop.generated) AS d), 'block', 'nor who asks');
SELECT is((SELECT string_agg(DISTINCT w, ' ') FROM regexp_split_to_table(current_setting('fraud_test.generated_as'), ' ') AS w), 'fraud_test_owner',
  'which the code sees');
-- the owner is no longer the owner
ALTER TABLE shop.tx OWNER TO fraud_test_stranger;
SET LOCAL ROLE fraud_test_payer;
SELECT lives_ok($$INSERT INTO shop.tx (tx_time, card_id, amount) VALUES ('2026-05-01', 'after', 10)$$, 'another owner: on_error decides');
RESET ROLE;
SELECT is((SELECT error ->> 'sqlstate' FROM fraud.decision ORDER BY decision_id DESC LIMIT 1), '55000', 'rules of the former owner do not run any more');
SELECT * FROM finish();
ROLLBACK;
