-- No card number where a token belongs, and none in a message. The numbers are those that
-- payment schemes publish for tests.
\set VERBOSITY verbose
SELECT v, fraud.is_card_number(v) FROM unnest(ARRAY['4111111111111111', '4111 1111 1111 1111', 'PAN 4111-1111-1111-1111 12/27', '4111111111111112',
  'tok_4111111111111111', '8f14e45f-ceea-467f-a1d9-5b1b8e2d1a3c', '', NULL]) AS v;
SELECT fraud.is_card_number(4111111111111111), fraud.is_card_number(4111111111111112), fraud.is_card_number(4111111111111111.50),
  fraud.is_card_number(4111111111111111::float8), fraud.is_card_number(7), fraud.is_card_number('4111111111111111'::varchar(20)),
  fraud.is_card_number('4111111111111111'::char(20)), fraud.is_card_number(true), fraud.is_card_number(NULL::bigint);

-- In values of other types, as they are printed; of a bytea, its bytes.
CREATE EXTENSION citext;
CREATE TYPE holder AS (name text, card text);
SELECT fraud.is_card_number('4111111111111111'::citext) AS citext, fraud.is_card_number('4111111111111111'::name) AS name,
  fraud.is_card_number('{"a": ["4111 1111 1111 1111"]}'::json) AS json, fraud.is_card_number('{"a": 4111111111111111}'::jsonb) AS jsonb,
  fraud.is_card_number('{x,4111111111111111}'::text[]) AS texts, fraud.is_card_number('{4111111111111111}'::bigint[]) AS bigints,
  fraud.is_card_number(ROW('x', '4111111111111111')::holder) AS row, fraud.is_card_number('4111111111111111'::bytea) AS bytea,
  fraud.is_card_number('{"a": "token"}'::json) AS other, fraud.is_card_number('\x4111111111111111'::bytea) AS digest,
  fraud.is_card_number('{8f14e45f-ceea-467f-a1d9-5b1b8e2d1a3c}'::uuid[]) AS uuids,
  fraud.is_card_number('{2026-01-01 10:00:00.123456+00,1111-11-11}'::timestamptz[]) AS times;

CREATE DOMAIN token AS text;
CREATE TABLE payment (id bigint PRIMARY KEY, card token, account bigint, wide numeric, note text);
\set SHOW_CONTEXT always
SELECT fraud_guard('payment', model => '', key => 'id', options => '{"entities": {"card": "card", "customer": "account"}}');

\echo refused where a column names something, and elsewhere not; no decision is recorded
\set VERBOSITY terse
PREPARE pay(bigint, text, bigint, numeric, text) AS INSERT INTO payment VALUES ($1, $2, $3, $4, $5);
EXECUTE pay(1, '4111111111111111', 1, 1, NULL);
EXECUTE pay(1, '5555 5555 5555 4444', 1, 1, NULL);
EXECUTE pay(1, 'token', 4111111111111111, 1, NULL);
EXECUTE pay(4111111111111111, 'token', 1, 1, NULL);
EXECUTE pay(1, 'token', 1, 4111111111111111, '4111111111111111');
\set VERBOSITY default
EXECUTE pay(1, '4111111111111111', 1, 1, NULL);
SELECT fraud_list_add('stolen', 'card', '4111111111111111', 'block');
COPY payment (id, card) FROM stdin (DELIMITER '|');
2|token
3|378282246310005
\.
\set VERBOSITY terse
SELECT id, card FROM payment ORDER BY id;
SELECT count(*) FROM fraud.decision;
SELECT decision FROM fraud_decide(row(9, 'token', 1, 1, NULL)::payment);
SELECT decision FROM fraud_decide(row(9, '4111111111111111', 1, 1, NULL)::payment);

\echo a failure is never for on_error
SELECT fraud_guard('payment', model => '', key => 'id', on_error => 'allow', options => '{"entities": {"card": "card", "customer": "account"}}') > 0;
EXECUTE pay(4, '4111111111111111', 1, 1, NULL);

\echo a column of numbers that only look like card numbers
SELECT fraud_guard('payment', model => '', key => 'id', options => '{"entities": {"card": "card", "customer": "account"}, "not_card_numbers": ["account"]}') > 0;
EXECUTE pay(4, 'token', 4111111111111111, 1, NULL);
EXECUTE pay(5, '4111111111111111', 1, 1, NULL);

\echo at definition
SELECT fraud.refuse_card_numbers('payment', '{id,card,wide}');
SELECT fraud.refuse_card_numbers('payment', '{id,card,note}');
SELECT fraud.refuse_card_numbers('payment', '{caed}');
SELECT fraud.refuse_card_numbers('payment', '{}'), fraud.refuse_card_numbers('payment', NULL);

\echo a sample of a large table, and a partitioned one
CREATE TABLE many (id int, card text) PARTITION BY RANGE (id);
CREATE TABLE many_1 PARTITION OF many FOR VALUES FROM (0) TO (30000);
CREATE TABLE many_2 PARTITION OF many FOR VALUES FROM (30000) TO (60000);
INSERT INTO many SELECT i, 'token' FROM generate_series(0, 59999) AS i;
ANALYZE many;
SELECT fraud.refuse_card_numbers('many', '{card}');
UPDATE many SET card = '4111111111111111';
ANALYZE many;
SELECT fraud.refuse_card_numbers('many', '{card}');

\echo not in a rule, which stays for ever, and not in a note
\set VERBOSITY default
SELECT fraud_rule('payment', 'stolen', 'card = ''4111 1111 1111 1111''', 'block');
SELECT fraud_rule('payment', 'block 4111111111111111', 'wide > 1', 'block');
SELECT fraud_rule('payment', 'large', 'wide > 4111111111111111', 'block');
SELECT fraud_list_add('stolen', 'card', 'token', 'block', note => 'is 4111111111111111');
SELECT fraud_list_add('stolen', 'card', 'token', 'block', note => 'case 4111111111111111', not_card_number => true) > 0;

\echo nor in a label, or in the note of who released or discarded a row
SELECT fraud_label('payment', '4111111111111111', true);
SELECT fraud_label('payment', '1', true, note => 'disputed: 5555-5555-5555-4444');
SELECT count(*) FROM fraud.label;
SELECT fraud_label('payment', '4111111111111111', true, note => 'case 5555555555554444', not_card_number => true) > 0,
  fraud_label('payment', '1', true, note => 'case c5555555555554444') > 0;
CREATE TABLE held (id int);
SELECT fraud_guard('held', model => '', on_block => 'quarantine', key => 'id') > 0, fraud_rule('held', 'all', 'true', 'block') > 0;
INSERT INTO held VALUES (1);
SELECT decision_id AS held FROM fraud.quarantine \gset
SELECT fraud_release(:held, 'card is 4111111111111111');
SELECT fraud_discard(:held, note => 'card is 4111 1111 1111 1111');
SELECT status, note FROM fraud.quarantine;
SELECT fraud_release(:held, 'case c4111111111111111') IS NOT NULL;

\echo nor in what is recorded of a failure, or in what who asks is told
SELECT fraud_rule('payment', 'number', 'note::bigint > 0', 'review') > 0;
EXECUTE pay(6, 'token 6', 1, 1, 'card 4111111111111111');
SELECT key, error FROM fraud.decision WHERE error IS NOT NULL;
SELECT d.error FROM fraud_decide(row(9, 'token', 1, 1, 'x 4111-1111-1111-1111')::payment) AS d;
EXECUTE pay(7, 'token 7', 1, 1, repeat('x', 100000));
SELECT key, length(error ->> 'message') FROM fraud.decision WHERE key = '7';

\echo whatever the session has set
CREATE TABLE paid (id float8, card bytea);
SELECT fraud_guard('paid', model => '', key => 'id', options => '{"entities": {"card": "card"}}');
SET extra_float_digits = -15;
SET bytea_output = escape;
INSERT INTO paid VALUES (4111111111111111, 'token');
INSERT INTO paid VALUES (1, '4111111111111111');
