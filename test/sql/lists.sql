-- Lists: values that allow, review or block, whatever rules and scores say.
\set VERBOSITY terse
CREATE TYPE region AS ENUM ('north', 'south');
CREATE DOMAIN token AS text CHECK (VALUE <> '');
CREATE TABLE payment (id bigint PRIMARY KEY, card token, customer bigint, merchant uuid, device char(8), country region, amount numeric);
SELECT fraud_guard('payment', model => '', key => 'id', options => '{"entities":
  {"card": "card", "customer": "customer", "merchant": "merchant", "device": "device", "country": "country"}}');
SELECT fraud_rule('payment', 'large', 'amount > 1000', 'block') > 0;
CREATE FUNCTION decision(card text DEFAULT NULL, customer bigint DEFAULT NULL, merchant uuid DEFAULT NULL, device text DEFAULT NULL,
  country region DEFAULT NULL, amount numeric DEFAULT 5) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', d.decision, d.ground, (SELECT string_agg(concat(h ->> 'list', '/', h ->> 'kind'), ', ' ORDER BY o)
    FROM jsonb_array_elements(d.lists) WITH ORDINALITY AS l (h, o)))
  FROM fraud_decide(row(1, card, customer, merchant, device, country, amount)::payment) AS d
$$;

\echo each kind, by the value as its type prints it
SELECT fraud_list_add('stolen', 'card', 'token 1', 'block'), fraud_list_add('vip', 'customer', '-42', 'allow'),
  fraud_list_add('watched', 'merchant', '8f14e45f-ceea-467f-a1d9-5b1b8e2d1a3c', 'review'), fraud_list_add('farm', 'device', 'abc', 'block'),
  fraud_list_add('regions', 'country', 'south', 'review');
SELECT decision(card => 'token 1'), decision(card => 'TOKEN 1'), decision(card => 'token 1 ');
SELECT decision(customer => -42), decision(customer => 42), decision(amount => 2000), decision(customer => -42, amount => 2000);
SELECT decision(merchant => '8F14E45F-CEEA-467F-A1D9-5B1B8E2D1A3C'), decision(device => 'abc'), decision(device => 'ab'), decision(country => 'south');
SELECT decision(), decision(card => 'farm', device => 'token 1');

\echo the most severe entry decides, all are told, by their number
SELECT decision(card => 'token 1', customer => -42), decision(customer => -42, country => 'south'),
  decision('token 1', -42, '8f14e45f-ceea-467f-a1d9-5b1b8e2d1a3c', 'abc', 'south');
SELECT fraud_list_add('other ' || i, 'card', 'token 1', 'review') FROM generate_series(1, 7) AS i;
SELECT decision('token 1', -42);

\echo a value is once in a list: the new entry replaces the old one, which is history
SELECT fraud_list_add('stolen', 'card', 'token 1', 'review', note => 'found again'), decision(card => 'token 1');
SELECT list, kind, value, decision, note FROM fraud.lists WHERE list IN ('stolen', 'vip') ORDER BY list;
SELECT decision, removed_at IS NOT NULL AS removed, removed_by = current_user AS by_us FROM fraud.list_entry WHERE list = 'stolen' ORDER BY entry_id;
SELECT fraud_list_remove(list, kind, value) FROM fraud.lists WHERE list LIKE 'other%';
SELECT fraud_list_remove('stolen', 'card', 'token 1'), fraud_list_remove('stolen', 'card', 'token 1'), fraud_list_remove('none', 'card', 'x');
SELECT decision(card => 'token 1');
SELECT fraud_list_add('stolen', 'card', 'token 1', 'block') > 0, decision(card => 'token 1');

\echo what has expired counts no more
SELECT fraud_list_add('short', 'customer', '7', 'block', expires => 'infinity') > 0, decision(customer => 7);
SELECT fraud_list_remove('short', 'customer', '7');
INSERT INTO fraud.list_entry (list, kind, value, decision, expires) VALUES ('short', 'customer', '7', 'block', now() - interval '1 second');
SELECT decision(customer => 7), count(*) FROM fraud.lists WHERE list = 'short';
SELECT fraud_list_add('short', 'customer', '7', 'block', expires => now() + interval '1 hour') > 0, decision(customer => 7);

\echo part of the transaction that adds it
BEGIN;
SELECT fraud_list_add('later', 'customer', '8', 'block') > 0, decision(customer => 8);
ROLLBACK;
SELECT decision(customer => 8);

\echo lists that do not count for this table
SELECT fraud_guard('payment', model => '', key => 'id', options => '{"entities": {"card": "card", "customer": "customer"}, "lists": ["vip"]}') > 0;
SELECT decision(card => 'token 1'), decision(card => 'token 1', customer => -42), decision(country => 'south');
SELECT fraud_guard('payment', model => '', key => 'id', options => '{"entities": {"card": "card"}, "lists": []}') > 0;
SELECT decision(card => 'token 1');
SELECT fraud_guard('payment', model => '', key => 'id', options => '{"entities": {"card": "card"}}') > 0;

\echo with a guard
INSERT INTO payment (id, card) VALUES (1, 'token 1');
INSERT INTO payment (id, card) VALUES (2, 'token 2');
SELECT key, decision, ground, outcome, lists - 'entry_id' AS lists FROM (SELECT key, decision, ground, outcome, lists -> 0 AS lists FROM fraud.decision) AS d ORDER BY key;

\echo without its index the table is read
BEGIN;
DROP INDEX fraud.list_entry_value;
SELECT decision(card => 'token 1'), decision(card => 'token 3');
ROLLBACK;
SELECT decision(card => 'token 1');

\echo entries are history
UPDATE fraud.list_entry SET decision = 'approve' WHERE removed_at IS NULL;
UPDATE fraud.list_entry SET removed_at = NULL, removed_by = NULL WHERE removed_at IS NOT NULL;
UPDATE fraud.list_entry SET removed_at = now(), removed_by = 'somebody' WHERE removed_at IS NULL;
UPDATE fraud.list_entry SET removed_at = now(), removed_by = current_user, decision = 'approve' WHERE removed_at IS NULL;
DELETE FROM fraud.list_entry WHERE removed_at IS NULL;
DELETE FROM fraud.list_entry WHERE removed_at IS NOT NULL;
TRUNCATE fraud.list_entry;

\echo arguments
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT fraud_list_add('l', 'crad', 'x', 'block');
SELECT fraud_list_add('l', 'card', 'x', 'blok');
SELECT fraud_list_add('l', 'card', 'x', 'accept');
SELECT fraud_list_add('', 'card', 'x', 'block');
SELECT fraud_list_add('l', 'card', '', 'block');
SELECT fraud_list_add('l', 'card', repeat('x', 1001), 'block');
SELECT fraud_list_add('l', 'card', repeat('x', 1000), 'block') > 0, decision(card => repeat('x', 1000)), decision(card => repeat('x', 100000));
SELECT fraud_list_add(NULL, 'card', 'x', 'block');
SELECT fraud_list_add('l', 'card', NULL, 'block');
SELECT fraud_list_add('l', 'card', 'x', NULL);
SELECT fraud_list_add('l', 'card', 'x', 'block', '2020-01-01 00:00+00');
SELECT fraud_list_remove('l', 'crad', 'x');
SELECT fraud_list_remove('l', NULL, 'x');
SELECT fraud_list_add('l', 'customer', '4111111111111111', 'block');
SELECT fraud_list_add('l', 'customer', '4111111111111111', 'block', not_card_number => true) > 0;

\echo many, with duplicates, in one statement
SELECT count(fraud_list_add('file', 'device', 'd' || i % 500, 'block')) FROM generate_series(1, 1000) AS i;
SELECT count(*), count(removed_at) FROM fraud.list_entry WHERE list = 'file';
