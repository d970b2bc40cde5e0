-- The guard when a decision cannot be made: on_error decides, and the failure is on record.
\set SHOW_CONTEXT never
CREATE TABLE tx AS SELECT * FROM fraud_generate(3000, seed => 7, fraud_rate => 0.02);
SELECT version FROM fraud_train('m', 'SELECT amount, channel, is_fraud, tx_time FROM tx', event_time => 'tx_time', params => '{"rounds": 5}');
CREATE TABLE payment (id int, amount numeric, channel text, tx_time timestamptz);
CREATE FUNCTION guard(on_error text, options jsonb DEFAULT '{}') RETURNS int LANGUAGE sql AS $$
  SELECT fraud_guard('payment', 'm', review_at => 1, on_error => on_error, key => 'id', options => options)
$$;
CREATE VIEW seen AS SELECT key, decision, ground, outcome, score IS NOT NULL AS scored, propensity, reasons, error FROM fraud.decision ORDER BY decision_id;

\echo no champion
SELECT guard('allow');
BEGIN;
DELETE FROM fraud.alias;
INSERT INTO payment VALUES (1, 10, 'chip', now());
SELECT * FROM seen;
ROLLBACK;
SELECT guard('review');
BEGIN;
DELETE FROM fraud.alias;
INSERT INTO payment VALUES (2, 10, 'chip', now()), (3, 10, 'chip', now());
SELECT * FROM seen;
ROLLBACK;
SELECT guard('block');
BEGIN;
DELETE FROM fraud.alias;
INSERT INTO payment VALUES (4, 10, 'chip', now());
ROLLBACK;
SELECT * FROM seen;

\echo no model
SELECT guard('allow');
BEGIN;
SELECT fraud_drop_model('m');
INSERT INTO payment VALUES (5, 10, 'chip', now());
SELECT * FROM seen WHERE key = '5';
ROLLBACK;

\echo a damaged model, which the session has not loaded yet
BEGIN;
SET LOCAL session_replication_role = replica;
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
UPDATE fraud.model_version SET image = set_byte(image, 200, (get_byte(image, 200) + 1) % 256);
SET LOCAL session_replication_role = origin;
INSERT INTO payment VALUES (6, 10, 'chip', now());
SELECT * FROM seen WHERE key = '6';
ROLLBACK;

\echo a row that cannot be bound
ALTER TABLE payment RENAME COLUMN amount TO sum;
INSERT INTO payment VALUES (7, 10, 'chip', now());
SELECT * FROM seen WHERE key = '7';
ALTER TABLE payment RENAME COLUMN sum TO amount;
ALTER TABLE payment ALTER amount TYPE text;
INSERT INTO payment VALUES (8, 10, 'chip', now());
ALTER TABLE payment ALTER amount TYPE numeric USING amount::numeric;
INSERT INTO payment VALUES (9, 10, 'chip', now());
SELECT * FROM seen WHERE key IN ('8', '9');

\echo a rule that fails: what was scored is on record
SELECT fraud_rule('payment', 'ratio', '1 / (amount - 10) > 1', 'block');
INSERT INTO payment VALUES (10, 10, 'chip', now());
INSERT INTO payment VALUES (11, 12, 'chip', now());
SELECT * FROM seen WHERE key IN ('10', '11');
SELECT fraud_rule_drop('payment', 'ratio');

\echo a rule that takes too long
CREATE FUNCTION slow(numeric) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM pg_sleep(60); RETURN true; END $$;
SELECT guard('review', '{"time_budget": "20 ms"}');
SELECT fraud_rule('payment', 'slow', 'public.slow(amount)', 'block');
INSERT INTO payment VALUES (12, 10, 'chip', now());
SELECT * FROM seen WHERE key = '12';
SELECT d.decision, d.ground, d.error FROM fraud_decide(ROW(12, 10, 'chip', now())::payment) AS d;
-- What others cancel stays cancelled.
SELECT guard('review', '{"time_budget": null}');
SET statement_timeout = '50ms';
INSERT INTO payment VALUES (13, 10, 'chip', now());
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT guard('review', '{"time_budget": "20 ms"}');
INSERT INTO payment SELECT 14 + i, 10, 'chip', now() FROM generate_series(0, 2) AS i;
SELECT key, error ->> 'sqlstate' AS sqlstate FROM seen WHERE key >= '13';
SELECT fraud_rule_drop('payment', 'slow');
-- A decision that a rule asks for has no more time than the one that asks, and takes none of its limits away.
CREATE TABLE other (id int);
SELECT fraud_guard('other', model => '', options => '{"time_budget": null}');
CREATE FUNCTION asks(numeric) RETURNS bool LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM public.fraud_decide(ROW(1)::public.other);
  PERFORM pg_sleep(60);
  RETURN true;
END
$$;
SELECT fraud_rule('payment', 'asks', 'public.asks(amount)', 'block');
INSERT INTO payment VALUES (17, 10, 'chip', now());
SELECT key, decision, ground, error ->> 'sqlstate' AS sqlstate FROM seen WHERE key = '17';
SELECT fraud_guard('other', model => '', options => '{"time_budget": "1 hour"}');
SELECT fraud_rule('other', 'slow', 'public.slow(id)', 'block');
INSERT INTO payment VALUES (19, 10, 'chip', now());
SELECT key, decision, ground, error ->> 'sqlstate' AS sqlstate FROM seen WHERE key = '19';
SELECT fraud_rule_drop('payment', 'asks');
-- And the timer does not go on.
INSERT INTO payment VALUES (18, 10, 'chip', now());
SELECT pg_sleep(0.05);
SELECT key, decision, ground, error FROM seen WHERE key = '18';

\echo the owner is gone, or another one
CREATE ROLE regress_guard_errors_owner;
CREATE ROLE regress_guard_errors_other;
GRANT SELECT ON fraud.model, fraud.model_version, fraud.alias TO regress_guard_errors_owner;
ALTER TABLE payment OWNER TO regress_guard_errors_owner;
SELECT guard('allow');
INSERT INTO payment VALUES (20, 10, 'chip', now());
ALTER TABLE payment OWNER TO regress_guard_errors_other;
INSERT INTO payment VALUES (21, 10, 'chip', now());
ALTER ROLE regress_guard_errors_owner RENAME TO regress_guard_errors_renamed;
INSERT INTO payment VALUES (22, 10, 'chip', now());
SELECT * FROM seen WHERE key IN ('20', '21', '22');
SELECT guard('allow');
ALTER TABLE payment OWNER TO CURRENT_USER;

\echo reasons and shadows that cannot be had do not touch the decision
SELECT fraud_guard('payment', 'm', review_at => 0, key => 'id');
SELECT version FROM fraud_train('m', 'SELECT amount, channel, is_fraud, tx_time FROM tx', event_time => 'tx_time', params => '{"rounds": 7}', seed => 5);
SELECT fraud_set_alias('m', 'challenger', (SELECT max(version) FROM fraud.model_version));
SELECT fraud_promote('m', 1, force => true);
INSERT INTO payment VALUES (30, 10, 'chip', now());
SELECT d.version, d.score = fraud_score(p, 'm', 1) AS score, d.shadow_version, d.shadow_score = fraud_score(p, 'm', 2) AS shadow
  FROM fraud.decision d JOIN payment p ON p.id::text = d.key WHERE d.key = '30';
BEGIN;
SET LOCAL session_replication_role = replica;
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
UPDATE fraud.model_version SET image = set_byte(image, 200, (get_byte(image, 200) + 1) % 256) WHERE version = 2;
UPDATE fraud.model_version SET artifact = 'damaged' WHERE version = 1;
SET LOCAL session_replication_role = origin;
INSERT INTO payment VALUES (31, 10, 'chip', now());
SELECT decision, ground, score IS NOT NULL AS scored, reasons, error, shadow_version, shadow_score FROM fraud.decision WHERE key = '31';
ROLLBACK;

\echo a key that is too long for an index is cut: no row fails for it, and the indexes have the decision of a blocked one
CREATE TABLE long_key (id text, amount numeric, channel text, tx_time timestamptz);
SELECT fraud_guard('long_key', 'm', review_at => 1, key => 'id');
SELECT fraud_rule('long_key', 'big', 'amount > 1', 'block');
INSERT INTO long_key SELECT string_agg(md5(i::text), 'é'), 1 FROM generate_series(1, 2000) AS i;
INSERT INTO long_key SELECT string_agg(md5(i::text), 'é'), 2 FROM generate_series(1, 2000) AS i;
SET enable_seqscan = off;
SELECT outcome, octet_length(key) <= 1000 AS is_cut, (SELECT starts_with(id, key) FROM long_key) AS is_start
  FROM fraud.decision WHERE relation = 'long_key'::regclass ORDER BY decision_id;
RESET enable_seqscan;

\echo a rollback that brings an index back does not leave a decision in the table that the index misses
BEGIN;
REINDEX TABLE fraud.decision_default;
INSERT INTO long_key VALUES ('reindexed', 2);
ROLLBACK;
BEGIN;
DROP INDEX fraud.decision_default_relation_key_idx;
INSERT INTO long_key VALUES ('dropped', 2);
ROLLBACK;
SELECT key, outcome FROM fraud.decision WHERE key IN ('reindexed', 'dropped');
INSERT INTO long_key VALUES ('as ever', 2);
SELECT key, outcome FROM fraud.decision WHERE key IN ('reindexed', 'dropped', 'as ever');
DROP TABLE long_key;

DROP OWNED BY regress_guard_errors_renamed, regress_guard_errors_other;
DROP ROLE regress_guard_errors_renamed, regress_guard_errors_other;

\echo what a session can bring about for itself does not let a row in: too little stack, too little room for temporary files
CREATE TABLE in_need (id int);
CREATE FUNCTION sorts(id int) RETURNS bool LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT count(*) FROM (SELECT i FROM generate_series(1, 300000) AS i ORDER BY -i OFFSET 0) AS s) > 0;
END
$$;
SELECT fraud_guard('in_need', model => '', on_error => 'allow');
SELECT fraud_rule('in_need', 'sorts', 'public.sorts(id)', 'block');
INSERT INTO in_need VALUES (1);
SET temp_file_limit = 0;
-- The server's wording is not the same in all versions.
\set VERBOSITY sqlstate
INSERT INTO in_need VALUES (1);
\set VERBOSITY default
RESET temp_file_limit;
CREATE FUNCTION insert_below(depth int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF depth = 0 THEN
    INSERT INTO in_need VALUES (1);
  ELSE
    PERFORM insert_below(depth - 1);
  END IF;
END
$$;
CREATE FUNCTION outcome_below(depth int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM insert_below(depth);
  RETURN 'inserted';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END
$$;
SET max_stack_depth = '300kB';
-- Somewhere between where a decision can be made and where nothing can be inserted.
SELECT string_agg(DISTINCT outcome_below(depth), ' ') AS outcomes FROM generate_series(0, 200) AS depth;
RESET max_stack_depth;
SELECT count(*) FROM in_need;
