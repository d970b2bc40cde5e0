-- fraud_generate: rows, options, drift, errors; the same arguments give the same rows.
\pset null '(null)'
SELECT attname, format_type(atttypid, atttypmod)
FROM pg_attribute WHERE attrelid = 'fraud.transaction'::regclass AND attnum > 0 ORDER BY attnum;

SELECT count(*), count(DISTINCT transaction_id), min(transaction_id), max(transaction_id) FROM fraud_generate();
SELECT transactions, count(t.is_fraud) AS rows, count(*) FILTER (WHERE t.is_fraud) AS frauds
FROM unnest('{0,1,10,1000,30000}'::bigint[]) AS transactions
LEFT JOIN LATERAL fraud_generate(transactions, fraud_rate => 0.02) t ON true GROUP BY 1 ORDER BY 1;
CREATE TABLE payment AS SELECT * FROM fraud_generate();

-- What a row is like.
SELECT count(*) FILTER (WHERE tx_time < previous) AS out_of_order,
  min(tx_time) >= '2026-01-01 00:00+00' AND max(tx_time) < timestamptz '2026-01-01 00:00+00' + interval '4320 hours' AS in_time,
  bool_and((fraud_scenario IS NOT NULL) = is_fraud) AS fraud_has_scenario,
  bool_and(label_time > tx_time OR label_time IS NULL) AS label_is_late,
  bool_and(is_fraud OR label_time IS NULL) AS label_is_of_frauds,
  bool_and(card_id ~ '^card_[a-f][0-9a-f]{11}$') AS card_is_a_token,
  bool_and(device_id ~ '^dev_[a-f][0-9a-f]{11}$') AS device_is_a_token,
  bool_and((device_id IS NOT NULL) = (channel = 'online')) AS device_is_online,
  bool_and(cvv_match IS NULL OR channel = 'online') AS cvv_is_online,
  bool_and((channel = 'atm') = (merchant_category = 'cash')) AS machines_give_cash,
  bool_and(amount >= 0.5 AND scale(amount) = 2) AS amount_is_money
FROM (SELECT *, lag(tx_time) OVER (ORDER BY transaction_id) AS previous FROM payment) p;
SELECT channel, count(*) > 1000 AS common FROM payment GROUP BY 1 ORDER BY 1;
SELECT fraud_scenario, count(*) BETWEEN 15 AND 250 AS present FROM payment GROUP BY 1 ORDER BY 1;
SELECT array_agg(DISTINCT currency ORDER BY currency) AS currencies FROM payment;
SELECT count(*) FILTER (WHERE declined) BETWEEN 1000 AND 4000 AS declines,
  count(*) FILTER (WHERE declined AND is_fraud) > 20 AS declined_frauds,
  count(*) FILTER (WHERE NOT cvv_match) BETWEEN 50 AND 1000 AS cvv_failures
FROM payment WHERE NOT is_fraud OR declined;
SELECT count(*) FILTER (WHERE label_time IS NULL)::float8 / count(*) BETWEEN 0.05 AND 0.15 AS never_reported,
  extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY label_time - tx_time)) / 86400 BETWEEN 3 AND 5 AS median_days
FROM payment WHERE is_fraud;

-- The same arguments, the same rows: other settings, other forms of the query, another session.
CREATE FUNCTION differences(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (SELECT * FROM reference) a FULL JOIN (%s) b USING (transaction_id) '
    'WHERE a IS DISTINCT FROM b', query) INTO n;
  RETURN n;
END $$;
CREATE TABLE reference AS SELECT transaction_id, t FROM fraud_generate(5000, 7) t;
SELECT differences('SELECT transaction_id, t FROM fraud_generate(5000, 7) t');
SELECT differences('SELECT transaction_id, t FROM fraud_generate(5000, 8) t');
SELECT differences('SELECT (t).transaction_id, t FROM (SELECT fraud_generate(5000, 7) AS t) g');
SELECT differences('SELECT transaction_id, g::fraud.transaction AS t FROM (SELECT (fraud_generate(5000, 7)).*) g');
SELECT differences('SELECT t.transaction_id, t FROM (SELECT 5000::bigint AS n) a, fraud_generate(a.n, 7) t');
SELECT differences('SELECT transaction_id, t FROM fraud_generate((SELECT 5000), (SELECT 7)) t');
SELECT differences('SELECT transaction_id, t FROM fraud.generate_rows(5000, 7, ''2026-01-01 00:00+00'', 180, NULL, NULL, 0.008, ''{}'') t');
SELECT differences('SELECT transaction_id, row(' || string_agg('r.' || attname, ', ' ORDER BY attnum) || ')::fraud.transaction AS t '
  'FROM ROWS FROM (fraud_generate(5000, 7)) WITH ORDINALITY r WHERE r.ordinality = transaction_id')
FROM pg_attribute WHERE attrelid = 'fraud.transaction'::regclass AND attnum > 0;
SET TimeZone = 'Pacific/Chatham';
SET DateStyle = 'SQL, DMY';
SET extra_float_digits = -5;
SET work_mem = '64kB';
SELECT differences('SELECT transaction_id, t FROM fraud_generate(5000, 7) t');
SELECT differences('SELECT transaction_id, t FROM fraud_generate(5000, 7, start => ''2026-01-01 12:45+12:45'') t') = 0 AS default_start_is_utc;
RESET ALL;
SET jit_above_cost = 0;
SELECT count(set_config(name, 'on', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT differences('SELECT transaction_id, t FROM fraud_generate(5000, 7) t');
RESET ALL;
PREPARE generate(bigint, bigint) AS SELECT count(*), sum(amount) = (SELECT sum((t).amount) FROM reference) AS same FROM fraud_generate($1, $2);
SET plan_cache_mode = force_generic_plan;
EXECUTE generate(5000, 7);
\c -
SELECT differences('SELECT transaction_id, t FROM fraud_generate(5000, 7) t');
SELECT differences(format('SELECT transaction_id, t FROM fraud_generate(5000, %s) t', seed)) > 4000 AS another_world
FROM unnest('{-7,0,9223372036854775807,-9223372036854775808}'::bigint[]) seed;
-- A golden value: rows as they are on every machine and in every release with these scenarios.
SELECT md5(string_agg(concat_ws('|', transaction_id, extract(epoch FROM tx_time), customer_id, card_id, merchant_id, merchant_category,
  channel, amount, currency, country, device_id, round(home_distance_km::numeric, 2), cvv_match, declined, is_fraud, fraud_scenario,
  extract(epoch FROM label_time)), E'\n' ORDER BY transaction_id))
FROM fraud_generate(2000, 42);

-- A cursor takes what it needs, a LIMIT ends the world: nothing waits for a billion rows.
BEGIN;
DECLARE few CURSOR FOR SELECT transaction_id, merchant_category IS NOT NULL AS has_category FROM fraud_generate(1000000000, customers => 1000, merchants => 100);
FETCH 2 FROM few;
COMMIT;
SELECT count(*) FROM (SELECT FROM fraud_generate(1000000000, customers => 1000) LIMIT 1000) t;
SET statement_timeout = '200ms';
SELECT count(*) FROM fraud_generate(1000000000, customers => 1000);
RESET statement_timeout;
-- What it makes in part, in pieces, or in turns with another of the same seed are the rows that it makes at once.
SELECT count(*) AS rows, count(*) FILTER (WHERE made IS DISTINCT FROM r.t) AS different
FROM (SELECT transaction_id, t AS made FROM fraud_generate(5000, 7) t OFFSET 10 LIMIT 500) AS part JOIN reference AS r USING (transaction_id);
CREATE FUNCTION in_turns() RETURNS TABLE (rows bigint, different bigint) LANGUAGE plpgsql AS $$
DECLARE
  one CURSOR FOR SELECT * FROM fraud_generate(5000, 7) t;
  other CURSOR FOR SELECT * FROM fraud_generate(5000, 7) t;
  another CURSOR FOR SELECT * FROM fraud_generate(5000, 8) t;
  a fraud.transaction; b fraud.transaction; c fraud.transaction; expected fraud.transaction;
BEGIN
  OPEN one; OPEN other; OPEN another;
  rows := 0; different := 0;
  FOR expected IN SELECT (t).* FROM reference ORDER BY transaction_id LOOP
    FETCH one INTO a;
    IF rows % 3 = 0 THEN FETCH another INTO c; END IF;
    FETCH other INTO b;
    rows := rows + 1;
    different := different + (a IS DISTINCT FROM expected OR b IS DISTINCT FROM expected)::int;
  END LOOP;
  RETURN NEXT;
END $$;
SELECT * FROM in_turns();
-- The planner knows the number of rows.
CREATE FUNCTION estimate(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT estimate('SELECT * FROM fraud_generate(123456)');

-- Not trivially separable: no column tells frauds apart by itself. The area under the ROC curve from
-- mean ranks; a category is worth its rate of frauds; ids only by what was learned on earlier rows.
CREATE FUNCTION area(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE a float8;
BEGIN
  EXECUTE format('WITH r AS (SELECT is_fraud, rank() OVER (ORDER BY x) + (count(*) OVER (PARTITION BY x) - 1) / 2.0 AS r FROM (%s) q) '
    'SELECT (sum(r) FILTER (WHERE is_fraud) - f * (f + 1) / 2) / (f * (n - f)) FROM r, '
    '(SELECT count(*)::float8 AS n, count(*) FILTER (WHERE is_fraud)::float8 AS f FROM r) c GROUP BY n, f', query) INTO a;
  RETURN round(greatest(a, 1 - a)::numeric, 2);
END $$;
SELECT area('SELECT is_fraud, hashint8(transaction_id) AS x FROM payment') BETWEEN 0.5 AND 0.55 AS noise_is_a_half,
  area('SELECT is_fraud, is_fraud::int AS x FROM payment') = 1 AS truth_is_one;
SELECT x, area(format('SELECT is_fraud, coalesce(%s, -1) AS x FROM payment', x)) < 0.9 AS below
FROM unnest('{transaction_id,customer_id,merchant_id,amount,home_distance_km,cvv_match::int,declined::int,extract(hour from tx_time),extract(isodow from tx_time)}'::text[]) x;
SELECT x, area(format('SELECT is_fraud, (%s IS NULL)::int AS x FROM payment', x)) < 0.9 AS below
FROM unnest('{device_id,home_distance_km,cvv_match}'::text[]) x;
SELECT x, area(format('SELECT is_fraud, avg(is_fraud::int) OVER (PARTITION BY %s) AS x FROM payment', x)) < 0.9 AS below
FROM unnest('{merchant_category,channel,currency,country}'::text[]) x;
SELECT x, area(format('SELECT p.is_fraud, coalesce(e.rate, 0.008) AS x FROM payment p LEFT JOIN '
  '(SELECT %1$s AS id, avg(is_fraud::int) AS rate FROM payment WHERE transaction_id <= 70000 GROUP BY 1) e ON e.id = p.%1$s '
  'WHERE transaction_id > 70000', x)) < 0.9 AS below
FROM unnest('{customer_id,card_id,merchant_id,device_id}'::text[]) x;

-- Options.
SELECT fraud_scenario, count(*) FROM fraud_generate(20000, options => '{"shares": {"card_testing": 1, "stolen_card": 0,
  "account_takeover": 0, "compromised_terminal": 0, "collusive_merchant": 0, "bust_out": 0, "first_party": 0,
  "synthetic_identity": 0}}') GROUP BY 1 ORDER BY 1;
SELECT count(label_time) FROM fraud_generate(20000, options => '{"never_reported": 1}');
SELECT max(label_time - tx_time) < interval '1 hour' AS at_once
FROM fraud_generate(20000, options => '{"never_reported": 0, "label_delay_days": 0}') WHERE is_fraud;
SELECT count(*) FILTER (WHERE declined) AS declined, count(*) FILTER (WHERE NOT cvv_match) AS cvv_failures
FROM fraud_generate(5000, options => '{"decline_rate": 0, "cvv_failure_rate": 0}') WHERE NOT is_fraud;
SELECT count(DISTINCT customer_id), max(customer_id), count(DISTINCT merchant_id), max(merchant_id)
FROM fraud_generate(20000, customers => 40, merchants => 30);
SELECT tx_time < '2026-05-01 00:00+00' AS before, channel = 'atm' AS moved, count(*) > 0 AS present
FROM fraud_generate(options => '{"drift": [{"from": "2026-05-01", "scenario": "account_takeover", "channel": "atm"}]}')
WHERE fraud_scenario = 'account_takeover' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT tx_time < '2026-04-01 00:00+00' AS before, count(*) FILTER (WHERE fraud_scenario = 'bust_out') * 2 > count(*) AS mostly_bust_out
FROM fraud_generate(options => '{"drift": {"from": "2026-04-01", "scenario": "bust_out", "share": 3}}')
WHERE is_fraud GROUP BY 1 ORDER BY 1;
SELECT round(avg(amount) FILTER (WHERE tx_time >= '2026-04-01 00:00+00') / avg(amount) FILTER (WHERE tx_time < '2026-04-01 00:00+00')) AS factor
FROM fraud_generate(options => '{"drift": {"from": "2026-04-01", "scenario": "legitimate", "amount_factor": 4}}') WHERE NOT is_fraud;

-- Bad input: SQLSTATE, message, detail, hint.
CREATE FUNCTION refused(arguments text) RETURNS TABLE (state text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT count(*) FROM fraud_generate(' || arguments || ')';
  RETURN QUERY SELECT '00000', 'accepted', '', '';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END $$;
SELECT a AS arguments, state, message FROM unnest(ARRAY[
  '-1', '1000000000001', '9223372036854775807', '9223372036854775808', 'NULL',
  '10, NULL', '10, start => NULL', '10, days => NULL', '10, fraud_rate => NULL', '10, options => NULL',
  '10, days => 0', '10, days => -1', '10, days => 36526', '10, days => 2147483647',
  '10, customers => 0', '10, customers => -5', '10, customers => 10000001', '10, merchants => 0', '10, merchants => 1000001',
  '10, fraud_rate => 0.00499', '10, fraud_rate => 0.0201', '10, fraud_rate => ''NaN''', '10, fraud_rate => ''Infinity''', '10, fraud_rate => -0.01',
  '10, start => ''infinity''', '10, start => ''-infinity''', '10, start => ''294276-12-01 00:00+00''',
  '10, start => ''4713-01-01 00:00+00 BC''', '10, start => ''294270-01-01 00:00+00''', '10, -9223372036854775808'
]) a, refused(a);
SELECT o AS options, state, message, detail, hint FROM unnest(ARRAY[
  '{"never_report": 0.1}', '{"Shares": {}}', '{"colour": 1}', '[]', '3', 'null', '{"shares": 1}', '{"shares": []}',
  '{"shares": {"card_tests": 1}}', '{"shares": {"legitimate": 1}}', '{"shares": {"bust_out": "1"}}', '{"shares": {"bust_out": -1}}',
  '{"shares": {"bust_out": 1e400}}', '{"shares": {}}',
  '{"never_reported": "x"}', '{"never_reported": null}', '{"never_reported": 1.01}', '{"label_delay_days": -1}', '{"label_delay_sigma": 4}',
  '{"travel_share": 0.5}', '{"decline_rate": 1}', '{"cvv_failure_rate": -0.1}',
  '{"drift": 1}', '{"drift": [1]}', '{"drift": []}', '{"drift": {}}', '{"drift": {"from": "2026-02-01"}}', '{"drift": {"scenario": "bust_out"}}',
  '{"drift": {"from": "2026-02-30", "scenario": "bust_out"}}', '{"drift": {"from": "02/03/2026", "scenario": "bust_out"}}',
  '{"drift": {"from": "2026-02-01 00:00", "scenario": "bust_out"}}', '{"drift": {"from": 5, "scenario": "bust_out"}}',
  '{"drift": {"from": "2026-02-01", "scenario": "bustout"}}', '{"drift": {"from": "2026-02-01", "scenario": "bust_out", "channel": "contactles"}}',
  '{"drift": {"from": "2026-02-01", "scenario": "bust_out", "amount": 2}}', '{"drift": {"from": "2026-02-01", "scenario": "bust_out", "amount_factor": 0}}',
  '{"drift": {"from": "2026-02-01", "scenario": "bust_out", "share": -1}}', '{"drift": {"from": "2026-02-01", "scenario": "bust_out", "channel_share": 2}}',
  '{"drift": {"from": "2026-02-01", "scenario": "legitimate", "share": 0.5}}'
]) o, refused('10, options => ' || quote_literal(o));
SELECT state, message FROM refused('10, options => (SELECT jsonb_build_object(''drift'', jsonb_agg('
  '''{"from": "2026-02-01", "scenario": "bust_out"}''::jsonb)) FROM generate_series(1, 17))');

-- Anybody may generate.
CREATE ROLE regress_generate_nobody;
SET ROLE regress_generate_nobody;
SELECT count(*) FROM fraud_generate(10);
RESET ROLE;
DROP ROLE regress_generate_nobody;
