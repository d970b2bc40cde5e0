-- Conditions that must not be rules: each has its SQLSTATE, and nothing is left of it.
\set SHOW_CONTEXT never
CREATE FUNCTION sqlstate(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  RETURN concat_ws(' | ', SQLSTATE, regexp_replace(SQLERRM, 'pg_temp_\d+', 'pg_temp'));
END
$$;
CREATE TABLE payment (id bigint PRIMARY KEY, card text, amount numeric, note text);
CREATE SEQUENCE counter;
SELECT fraud_guard('payment', model => '');
CREATE FUNCTION rule(condition text) RETURNS text LANGUAGE sql AS $$
  SELECT sqlstate(format('SELECT fraud_rule(%L, %L, %L, %L)', 'payment', 'r', condition, 'block'))
$$;

\echo not an expression
SELECT c, rule(c) FROM unnest(ARRAY['', ' ', '--', '/*', 'true; DROP TABLE payment', 'true;', 'true, false', '*', 'NEW.*', 'payment.*',
  'true AS x', 'true FROM payment', 'true WHERE true', 'true UNION SELECT true', 'true ORDER BY 1', 'true LIMIT 1', 'true) OR (true',
  'DISTINCT true', 'true INTO x', 'VALUES (true)', 'true -- AND false', $$E'\u0000'$$, '$1', ':x', '? = 1']) AS c;

\echo not a condition
SELECT c, rule(c) FROM unnest(ARRAY['amount', '1', '''x''', '''true''', 'NULL', 'ARRAY[true]', 'NEW', 'NEW IS NULL', 'NEW.* IS NULL',
  'OLD.amount > 1', 'payment.amount > 1', 'ctid IS NULL', 'NEW.tableoid = 1', 'amuont > 1', 'pg_temp.amount > 1', 'missing(amount)',
  'amount > ''x''', 'model IS NULL', 'DEFAULT']) AS c;

\echo queries and what belongs to them
SELECT c, rule(c) FROM unnest(ARRAY['EXISTS (SELECT FROM pg_authid)', 'amount > (SELECT 1)', 'amount IN (SELECT 1)', 'amount = ANY (ARRAY(SELECT 1))',
  'count(*) > 1', 'max(amount) > 1', 'row_number() OVER () = 1', 'sum(amount) OVER (PARTITION BY card) > 1', 'generate_series(1, 2) > 1',
  'unnest(ARRAY[true])', 'GROUPING(amount) = 1', 'CURRENT OF c']) AS c;

\echo what changes something, or differs each time
SELECT c, rule(c) FROM unnest(ARRAY['nextval(''public.counter'') > 1', 'nextval(''public.counter''::regclass) > 1', 'setval(''public.counter'', 9) > 1',
  'set_config(''search_path'', ''x'', false) IS NULL', 'pg_sleep(100) IS NULL', 'random() < 0.5', 'clock_timestamp() > ''2026-01-01''',
  'pg_advisory_lock(1) IS NULL', 'pg_notify(''a'', note) IS NULL', 'pg_terminate_backend(1)', 'lo_unlink(1) > 0',
  'pg_read_file(''/etc/passwd'') IS NULL', 'query_to_xml(''DELETE FROM payment'', true, true, '''') IS NULL',
  'CASE WHEN amount < 0 THEN random() < 0.5 ELSE true END', 'gen_random_uuid() IS NULL', 'pg_reload_conf()']) AS c;
SELECT last_value, is_called FROM counter;

\echo calls that fail when they are planned
SELECT c, rule(c) FROM unnest(ARRAY['1 / 0 = 1', '''x''::int = 1', '''nothing''::regclass IS NULL', 'note ~ ''(''', 'repeat(''x'', 2000000000) = note']) AS c;

\echo functions that call themselves what they are not, and temporary ones
CREATE FUNCTION careful() RETURNS bool LANGUAGE sql STABLE AS $$ INSERT INTO public.payment VALUES (1); SELECT true $$;
CREATE FUNCTION careless() RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN INSERT INTO public.payment VALUES (1); RETURN true; END $$;
CREATE FUNCTION pg_temp.mine(numeric) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE DOMAIN pg_temp.mine AS numeric;
CREATE FUNCTION inlined(numeric) RETURNS bool LANGUAGE sql AS 'SELECT $1 > 1';
CREATE FUNCTION inlined_random(numeric) RETURNS bool LANGUAGE sql AS 'SELECT $1 > random()';
SELECT c, rule(c) FROM unnest(ARRAY['pg_temp.mine(amount)', 'amount::pg_temp.mine > 1', 'public.inlined(amount)',
  'public.inlined_random(amount)']) AS c;

\echo nothing of all that is a rule
SELECT name, condition FROM fraud.rule;
SELECT rule('public.careless()');
INSERT INTO payment VALUES (2) RETURNING id;
SELECT rule('public.careful()');
INSERT INTO payment VALUES (3) RETURNING id;
SELECT decision, ground, error ->> 'message' AS message FROM fraud.decision ORDER BY decision_id;
SELECT fraud_rule_drop('payment', 'r') > 0;

\echo other arguments
SELECT sqlstate($$SELECT fraud_rule('payment', '', 'true', 'block')$$), sqlstate($$SELECT fraud_rule('payment', 'r', 'true', 'blok')$$),
  sqlstate($$SELECT fraud_rule('payment', 'r', NULL, 'block')$$), sqlstate($$SELECT fraud_rule(NULL, 'r', 'true', 'block')$$),
  sqlstate($$SELECT fraud_rule('payment', 'r', 'true', NULL)$$), sqlstate($$SELECT fraud_rule('payment', 'r', 'true', 'block', NULL)$$);
SELECT sqlstate($$SELECT fraud_rule('pg_class', 'r', 'true', 'block')$$), sqlstate($$SELECT fraud_rule('fraud.policy', 'r', 'true', 'block')$$),
  sqlstate($$SELECT fraud_rule('counter', 'r', 'true', 'block')$$), sqlstate($$SELECT fraud_rule_drop('payment', 'r')$$),
  sqlstate($$SELECT fraud_rule_drop('payment', NULL)$$);
SELECT fraud_rule('payment', E'a "name" with ''quotes'', 100 %s and \n\u00e9', 'note = ''%s %%''', 'review') > 0;
INSERT INTO payment VALUES (4, 'token', 1, '%s %%') RETURNING id;
SELECT decision, rules FROM fraud.decision ORDER BY decision_id DESC LIMIT 1;

\echo rules that were not written by fraud_rule
CREATE FUNCTION policy_with(rules jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT sqlstate(format('INSERT INTO fraud.policy SELECT p.relation, p.version + 1, p.model, p.review_at, p.block_at, p.on_block, p.on_error,
    p.key, p.options, %L, p.owner FROM fraud.policy p ORDER BY version DESC LIMIT 1; SELECT fraud.check_guard(''payment'')', rules))
$$;
SELECT r, policy_with(r) FROM unnest(ARRAY['{}', '1', '[1]', '[[]]', '[{}]', '[{"name": "r", "condition": 1, "decision": "block"}]',
  '[{"name": "r", "condition": "true", "decision": "allow"}]', '[{"name": "r", "condition": "true"}]', '[{"condition": "true", "decision": "block"}]']::jsonb[]) AS r;

\echo large ones: a condition of many kilobytes, one that is too deep, and a thousand rules
SELECT rule('amount IN (' || string_agg(i::text, ', ' ORDER BY i) || ')') FROM generate_series(1, 20000) AS i;
INSERT INTO payment VALUES (5, 'token', 20000, '');
INSERT INTO payment VALUES (6, 'token', 20001, '');
SET max_stack_depth = '200kB';
SELECT left(rule(repeat('(', 20000) || 'true' || repeat(')', 20000)), 5), left(rule(repeat('NOT ', 5000) || 'true'), 5);
RESET max_stack_depth;
SELECT policy_with(jsonb_agg(jsonb_build_object('name', 'r' || i, 'condition', 'amount = ' || i, 'decision', 'review', 'priority', i) ORDER BY i))
FROM generate_series(1, 1000) AS i;
INSERT INTO payment VALUES (7, 'token', 777), (8, 'token', 1001);
SELECT decision, rules FROM fraud.decision ORDER BY decision_id DESC LIMIT 2;
