-- What another policy would have done: decided from the record, by the same precedence; what
-- nobody can say is counted apart.
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixture :abs_srcdir '/sql/fixture/decision.sql'
\i :fixture
SET timezone = 'UTC';
CREATE TABLE payments (id int PRIMARY KEY, card text, amount numeric);
-- Its policy: two rules, and rows by key.
SELECT fraud_guard('payments', model => '', key => 'id', options => '{"amount": "amount"}');
SELECT fraud_rule('payments', 'night', 'amount > 100000', 'review', priority => 50),
  fraud_rule('payments', 'far', 'amount > 200000', 'block', priority => 60);
CREATE FUNCTION pg_temp.decided(key int, decision text, score float8, amount float8, more jsonb DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.recorded('payments', $2, more ->> 'ground', coalesce(more ->> 'outcome', 'inserted'), '2021-01-01 00:00+00'::timestamptz + $1 * interval '1 hour',
    jsonb_build_object('key', $1, 'policy', 3, 'score', $3, 'amount', $4, 'review_at', 0.5, 'block_at', 0.9, 'ground', 'none') || more)
$$;
SELECT pg_temp.decided(k, d, s, a, m::jsonb) FROM (VALUES
  (1, 'approve', 0.1, 10, '{}'),
  (2, 'approve', 0.4, 20, '{}'),
  (3, 'review', 0.6, 40, '{"ground": "score"}'),
  (4, 'review', 0.8, 80, '{"ground": "score"}'),
  -- Blocked: two of four pass by chance and get labels; each stands for two.
  (5, 'block', 0.95, 100, '{"ground": "score", "propensity": 0.5, "random_pass": true}'),
  (6, 'block', 0.96, 200, '{"ground": "score", "propensity": 0.5, "random_pass": true}'),
  (7, 'block', 0.97, 400, '{"ground": "score", "propensity": 0.5, "outcome": "rejected"}'),
  (8, 'block', 0.98, 800, '{"ground": "score", "propensity": 0.5, "outcome": "rejected"}'),
  -- By a list, by rules, by failure.
  (9, 'block', 0.1, 1000, '{"ground": "list", "propensity": 0, "outcome": "quarantined", "lists": [{"list": "stolen", "kind": "card", "decision": "block"}]}'),
  (10, 'review', 0.1, 2000, '{"ground": "rule", "rules": [{"name": "night", "decision": "review"}, {"name": "far", "decision": "block"}]}'),
  (11, 'approve', null, 4000, '{"ground": "error", "error": {"sqlstate": "FD002", "message": "there is no model yet"}}')
) AS v (k, d, s, a, m) ORDER BY k;
INSERT INTO payments SELECT k, 'c', 5 FROM generate_series(1, 4) k;
SELECT count(*) FROM (SELECT fraud_label('payments', k::text, f, known_at => '2021-02-01') FROM (VALUES
  (2, true), (4, true), (5, true), (6, false), (10, true)) AS v (k, f)) AS labels;
-- A dispute that was won, and a verdict of the other source.
SELECT fraud_label('payments', '3', true, known_at => '2021-02-01') > 0, fraud_label('payments', '3', false, known_at => '2021-03-01') > 0,
  fraud_label('payments', '1', true, 'analyst', known_at => '2021-02-01') > 0;
CREATE FUNCTION backtest(policy jsonb, sources text[] DEFAULT '{chargeback}', maturity interval DEFAULT NULL)
RETURNS TABLE (old text, new text, why text, n bigint, amount float8, frauds bigint, legitimate bigint, not_known bigint,
  fraud float8, legit float8, rightly float8, wrongly float8)
LANGUAGE sql AS $$ SELECT * FROM fraud_backtest('payments', policy, '2021-01-01', '2021-02-01', sources, maturity) $$;

-- The same policy decides the same. Rows that passed by chance count twice.
SELECT * FROM backtest('{}');
-- Without a label a mature row that was inserted is legitimate; one that never was is not known.
SELECT * FROM backtest('{}', maturity => '1 day');
SELECT old, new, frauds, legitimate FROM backtest('{}', '{chargeback,analyst}') WHERE old = 'approve';

SELECT * FROM backtest('{"review_at": 0.3, "block_at": 0.7}');
SELECT old, new, n FROM backtest('{"block_at": null}');
-- Lists and rules left out; failures decided otherwise.
SELECT old, new, n FROM backtest('{"lists": false}');
SELECT old, new, n, amount FROM backtest('{"without_rules": ["night"]}') WHERE n = 1 AND amount = 2000;
SELECT old, new, n, amount FROM backtest('{"without_rules": ["night", "far"]}') WHERE old <> new;
SELECT old, new, n, amount FROM backtest('{"on_error": "block"}') WHERE old <> new;
-- By cost: score * amount against it.
SELECT old, new, n, amount FROM backtest('{"thresholds": "cost", "handling_cost": 50}');

-- New rules: asked of the recorded row, else of the table's row; the others cannot be asked.
SELECT * FROM backtest('{"rules": [{"name": "all", "condition": "true", "decision": "block"}]}');
SELECT old, new, why, n FROM backtest('{"rules": [{"name": "small", "condition": "amount < 10 AND score > 0.3", "decision": "block"}]}');
SELECT pg_temp.decided(20, 'approve', 0.1, 10, '{"row": {"id": 20, "card": "c-20", "amount": 7000}}');
SELECT old, new, why, n FROM backtest('{"rules": [{"name": "big", "condition": "amount > 6000", "decision": "review"}]}') WHERE why IS NULL;
-- In the order of priorities among those on record.
SELECT pg_temp.decided(21, 'block', 0.1, 10, '{"ground": "rule", "rules": [{"name": "far", "decision": "block"}], "row": {"id": 21, "card": "c-21", "amount": 9}}');
SELECT new, n FROM backtest('{"rules": [{"name": "known", "condition": "card = ''c-21''", "decision": "allow", "priority": 59}]}') WHERE old = 'block' AND why IS NULL;
SELECT new, n FROM backtest('{"rules": [{"name": "known", "condition": "card = ''c-21''", "decision": "allow", "priority": 61}]}') WHERE old = 'block' AND why IS NULL;
-- The same name replaces.
SELECT new, n FROM backtest('{"rules": [{"name": "far", "condition": "false", "decision": "block"}]}') WHERE old = 'block' AND why IS NULL;
-- One that fails is a failure: on_error of the policy decides.
SELECT old, new, n FROM backtest('{"rules": [{"name": "zero", "condition": "1 / (amount - 9) > 0", "decision": "block"}], "on_error": "review"}')
WHERE old = 'block' AND why IS NULL;

-- A key that two rows have names none; a table of which the policy is gone decides no failure.
CREATE TABLE twice (id int, amount numeric);
INSERT INTO twice VALUES (1, 1), (1, 2), (2, 3);
SELECT fraud_guard('twice', model => '', key => 'id');
SELECT pg_temp.recorded('twice', with_values => jsonb_build_object('key', k)) FROM generate_series(1, 2) k;
SELECT pg_temp.recorded('twice', with_values => '{"policy": 9, "ground": "error", "error": {"sqlstate": "FD002"}}');
SELECT old_decision, new_decision, why, decisions
FROM fraud_backtest('twice', '{"rules": [{"name": "all", "condition": "true", "decision": "block"}]}', '-infinity', 'infinity');
-- A flag lets every row through: none stands for others.
ALTER TABLE twice ADD COLUMN fraud_decision text;
SELECT fraud_guard('twice', model => '', on_block => 'flag');
SELECT pg_temp.recorded('twice', 'block', 'score', with_values => jsonb_build_object('policy', 2, 'key', k, 'score', 0.9, 'block_at', 0.8,
  'amount', 100, 'propensity', 0.5, 'random_pass', k = 5)) FROM generate_series(5, 6) k;
SELECT fraud_label('twice', '5', true, known_at => '2021-02-01') > 0, fraud_label('twice', '6', true, known_at => '2021-02-01') > 0;
SELECT decisions, frauds, fraud_amount FROM fraud_backtest('twice', '{}', '-infinity', 'infinity') WHERE old_decision = 'block';

-- Policies that are not valid
\set VERBOSITY default
SELECT * FROM backtest('{"block_att": 0.5}');
SELECT * FROM backtest('{"anything": 0.5}');
SELECT * FROM backtest('[]');
SELECT * FROM backtest('{"block_at": 1.5}');
SELECT * FROM backtest('{"thresholds": "given"}');
SELECT * FROM backtest('{"thresholds": "cost"}');
SELECT * FROM backtest('{"thresholds": "cost", "handling_cost": 5, "block_at": 0.5}');
SELECT * FROM backtest('{"on_error": "ignore"}');
SELECT * FROM backtest('{"rules": [{"name": "a", "condition": "amunt > 5", "decision": "block"}]}');
SELECT * FROM backtest('{"rules": [{"name": "a", "condition": "true", "decision": "ban"}]}');
SELECT * FROM backtest('{"rules": [{"condition": "true"}]}');
SELECT * FROM backtest('{"rules": [{"name": "a", "condition": "EXISTS (SELECT FROM payments)", "decision": "block"}]}');
SELECT * FROM fraud_backtest('payments', NULL, '2021-01-01', '2021-02-01');

\echo who asks about a table of another role runs no CHECK of the domains of that role
CREATE ROLE regress_backtest_owner;
GRANT CREATE ON SCHEMA public TO regress_backtest_owner;
SET ROLE regress_backtest_owner;
CREATE FUNCTION ran_as(amount numeric) RETURNS bool LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'superuser: %', current_setting('is_superuser'); RETURN true; END $$;
CREATE DOMAIN money_of_owner AS numeric CHECK (ran_as(VALUE));
CREATE TABLE of_owner (id int, amount money_of_owner, gone money_of_owner, plain numeric);
ALTER TABLE of_owner DROP COLUMN gone;
RESET ROLE;
SELECT pg_temp.recorded('of_owner', with_values => '{"key": "1", "row": {"id": 1, "amount": 5}}') > 0;
PREPARE of_owner(text) AS SELECT decisions FROM fraud_backtest('of_owner', $1::jsonb, '-infinity', 'infinity');
EXECUTE of_owner('{"rules": [{"name": "all", "condition": "true", "decision": "block"}]}');
EXECUTE of_owner('{"block_at": 0.5}');
ALTER TABLE of_owner DROP COLUMN amount;
EXECUTE of_owner('{"rules": [{"name": "all", "condition": "true", "decision": "block"}]}');
-- Who may not read a table locks it in no way.
SET ROLE regress_backtest_owner;
SELECT fraud.require_trusted_columns('payments'::regclass);
SELECT fraud.require_trusted_columns(1::oid);
RESET ROLE;
DROP OWNED BY regress_backtest_owner;
DROP ROLE regress_backtest_owner;
