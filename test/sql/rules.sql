-- Rules of a guard: conditions over a row and its score, asked in an order that is given.
\set VERBOSITY terse
CREATE TABLE payment (id bigint PRIMARY KEY, gone int, tx_time timestamptz, card text, amount numeric, email text, extra jsonb,
  fraud_decision text);
ALTER TABLE payment DROP COLUMN gone;
SELECT fraud_rule('payment', 'early', 'true', 'block');
SELECT fraud_guard('payment', model => '', on_block => 'flag', key => 'id', options => '{"record_row": "never"}');

CREATE FUNCTION decision(payment) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', d.decision, d.ground, d.rules -> 0 ->> 'name', d.error ->> 'message') FROM fraud_decide($1, 'payment') AS d
$$;
CREATE FUNCTION row_of(amount numeric, email text DEFAULT NULL, at timestamptz DEFAULT '2026-03-01 12:00+00', extra jsonb DEFAULT NULL)
RETURNS payment LANGUAGE sql AS $$ SELECT row(1, at, 'token', amount, email, extra, NULL)::payment $$;

\echo a new version of the policy for each change
SELECT fraud_rule('payment', 'large', 'amount > 1000', 'block');
SELECT fraud_rule('payment', 'sizeable', 'NEW.amount > 100', 'review', 200);
SELECT fraud_rule('payment', 'mail', 'email LIKE ''%@example.%''', 'allow', 10);
SELECT * FROM fraud.rule;
SELECT version, jsonb_array_length(rules), owner = current_user AS owned FROM fraud.policy ORDER BY version;
SELECT decision(row_of(5)), decision(row_of(500)), decision(row_of(5000)), decision(row_of(5000, 'a@example.com'));

\echo priority decides, then the name
SELECT fraud_rule('payment', 'Also large', 'amount > 1000', 'review');
SELECT decision(row_of(5000));
SELECT fraud_rule('payment', 'Also large', 'amount > 1000', 'review', 101);
SELECT decision(row_of(5000));
SELECT fraud_rule_drop('payment', 'Also large');

\echo NULL is not true
SELECT decision(row_of(NULL));
SELECT fraud_rule('payment', 'unknown amount', 'amount IS NULL', 'review');
SELECT decision(row_of(NULL));

\echo the score is NULL without a model
SELECT fraud_rule('payment', 'sure', 'score > 0.9 OR model.score > 0.8', 'block', 1), decision(row_of(5));
SELECT fraud_rule('payment', 'sure', 'score IS NULL', 'review', 1), decision(row_of(5));
SELECT fraud_rule_drop('payment', 'sure');

\echo what a condition means does not depend on the session
SELECT fraud_rule('payment', 'night', 'extract(hour FROM tx_time) < 6', 'review', 1);
SELECT fraud_rule('payment', 'that day', 'tx_time::date = ''02/03/2026''::date OR date_trunc(''day'', tx_time) = ''2026-03-04''', 'block', 2);
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SELECT decision(row_of(5, at => '2026-03-01 03:00:00+00')), decision(row_of(5, at => '2026-03-01 23:00:00+00')),
  decision(row_of(5, at => '2026-02-03 12:00:00+00')), decision(row_of(5, at => '2026-03-02 12:00:00+00')),
  decision(row_of(5, at => '2026-03-04 23:00:00+00'));
RESET DateStyle;
RESET TimeZone;
SELECT fraud_rule_drop('payment', 'night'), fraud_rule_drop('payment', 'that day');

\echo recorded are all rules that are true, in their order
INSERT INTO payment VALUES (1, '2026-03-01 12:00+00', 'token', 5000), (2, '2026-03-01 12:00+00', 'token', 500), (3, NULL, NULL, 5);
SELECT key, decision, ground, rules FROM fraud.decision ORDER BY key;
SELECT id, fraud_decision FROM payment ORDER BY id;

\echo an error in a condition names its rule and is for on_error
SELECT fraud_rule('payment', 'ratio', '100 / (amount - 7) > 1000', 'block', 1);
SELECT decision(row_of(7)), decision(row_of(8));
COPY payment (id, amount, email) FROM stdin (DELIMITER '|');
10|7|a value
\.
SELECT error FROM fraud.decision WHERE key = '10';
SELECT fraud_rule('payment', 'ratio', '(extra ->> ''n'')::int > 1', 'block', 1);
SELECT decision(row_of(8, extra => '{"n": 2}')), decision(row_of(8, extra => '{"n": "x"}')), decision(row_of(8));
SELECT fraud_rule_drop('payment', 'ratio');

\echo functions may be replaced, and dropped
CREATE FUNCTION risky(amount numeric) RETURNS bool LANGUAGE sql STABLE AS 'SELECT amount = 5';
SELECT fraud_rule('payment', 'risky', 'public.risky(amount)', 'block', 1);
SELECT decision(row_of(5)), decision(row_of(6));
CREATE OR REPLACE FUNCTION risky(amount numeric) RETURNS bool LANGUAGE sql STABLE AS 'SELECT amount = 6';
SELECT decision(row_of(5)), decision(row_of(6));
CREATE OR REPLACE FUNCTION risky(amount numeric) RETURNS bool LANGUAGE plpgsql STABLE AS 'BEGIN RETURN amount = 5; END';
SELECT decision(row_of(5)), decision(row_of(6));
DROP FUNCTION risky;
SELECT decision(row_of(5));
SELECT fraud_rule_drop('payment', 'risky');
SELECT decision(row_of(5));

\echo a function that asks the guard itself
CREATE FUNCTION asks(amount numeric) RETURNS bool LANGUAGE sql STABLE AS $$
  SELECT (public.fraud_decide(row(1, NULL, NULL, amount, NULL, NULL, NULL)::public.payment, 'public.payment')).decision = 'approve' $$;
SELECT fraud_rule('payment', 'asks', 'amount < 9 AND public.asks(amount + 9)', 'block', 1);
SELECT decision(row_of(5)), decision(row_of(500));
SELECT fraud_rule_drop('payment', 'asks');

\echo conditions are compiled once for a policy, not for each statement: a constant says when it is computed
CREATE FUNCTION limit_of(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'compiled'; RETURN $1; END $$;
SELECT fraud_rule('payment', 'constant', 'amount > public.limit_of(100000)', 'block') > 0 AS made;
DO $$
BEGIN
  INSERT INTO payment (id, amount) VALUES (31, 1), (32, 1);
  INSERT INTO payment (id, amount) VALUES (33, 1);
  CREATE OR REPLACE FUNCTION limit_of(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN RAISE NOTICE 'compiled anew'; RETURN $1; END $f$;
  INSERT INTO payment (id, amount) VALUES (34, 1);
  INSERT INTO payment (id, amount) VALUES (35, 1);
END
$$;
SELECT fraud_rule_drop('payment', 'constant') > 0 AS dropped;

\echo a column called score hides nothing
ALTER TABLE payment ADD score float8;
SELECT fraud_rule('payment', 'ambiguous', 'score > 1', 'block');
SELECT fraud_rule('payment', 'named', 'NEW.score = 3 AND model.score IS NULL', 'block');
INSERT INTO payment (id, score) VALUES (11, 3), (12, 4);
SELECT id, fraud_decision FROM payment WHERE id IN (11, 12) ORDER BY id;

\echo a column that a rule needs is dropped, and is back
ALTER TABLE payment DROP COLUMN score;
INSERT INTO payment (id, amount) VALUES (21, 5000);
SELECT decision, ground, error ->> 'message' AS message, error ->> 'context' AS context FROM fraud.decision WHERE key = '21';
ALTER TABLE payment ADD score float8;
INSERT INTO payment (id, amount, score) VALUES (22, 5, 3);
SELECT decision, ground, error FROM fraud.decision WHERE key = '22';

\echo rules stay when the guard is changed, and are out of force without it
SELECT fraud_guard('payment', model => '', on_block => 'flag', key => 'id');
SELECT name FROM fraud.rule;
SELECT fraud_unguard('payment');
SELECT name FROM fraud.rule;
SELECT fraud_rule('payment', 'late', 'true', 'block');
SELECT fraud_rule_drop('payment', 'large');
