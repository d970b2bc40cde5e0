-- fraud_train on what it cannot use: each with its SQLSTATE and message, and nothing registered.
SET client_min_messages = error;

CREATE FUNCTION refusal(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  state := 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
    detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
\pset expanded on
\pset format unaligned

-- 400 rows, a tenth of them frauds; amount says something about it, but not all.
CREATE TABLE payment AS
SELECT i AS payment_id, (i * 7919 % 1009) / 10.0 AS amount, (ARRAY['chip', 'online', 'atm'])[1 + i % 3] AS channel,
  timestamptz '2026-01-01 00:00+00' + i * interval '1 hour' AS paid_at,
  i % 10 = 3 AS is_fraud
FROM generate_series(1, 400) AS i;

-- Arguments.
SELECT * FROM refusal($$ SELECT fraud_train(NULL, 'payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', NULL) $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', seed => NULL) $$);
SELECT * FROM refusal($$ SELECT fraud_train('', 'payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train(repeat('x', 201), 'payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', algorithm => 'xgbost') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', algorithm => 'logistic_regression') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', imbalance => 'smote') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', calibration => 'plat') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', holdout => 0.9) $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', holdout => 'NaN') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', label_delay => '-1 day') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', features => '{}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', features => '{amount,NULL}') $$);

-- Parameters: name, type, range, combination.
CREATE FUNCTION params_refusal(params jsonb, algorithm text = 'xgboost', OUT state text, OUT message text,
  OUT detail text, OUT hint text)
LANGUAGE sql AS $$
  SELECT * FROM refusal(format('SELECT fraud_train(''m'', ''payment'', algorithm => %L, params => %L)', algorithm, params))
$$;
SELECT * FROM params_refusal('[]');
SELECT * FROM params_refusal('{"max_dept": 3}');
SELECT * FROM params_refusal('{"quite something else": 3}');
SELECT * FROM params_refusal('{"nthread": 3}');
SELECT * FROM params_refusal('{"objective": "reg:squarederror"}');
SELECT * FROM params_refusal('{"eta": "0.1"}');
SELECT * FROM params_refusal('{"eta": null}');
SELECT * FROM params_refusal('{"eta": [0.1]}');
SELECT * FROM params_refusal('{"eta": -1}');
SELECT * FROM params_refusal('{"eta": 0}');
SELECT * FROM params_refusal('{"eta": 1e-300}');
SELECT * FROM params_refusal('{"eta": 0.1, "learning_rate": 0.2}');
SELECT * FROM params_refusal('{"lambda": 1e39}');
SELECT * FROM params_refusal('{"max_depth": 2.5}');
SELECT * FROM params_refusal('{"max_depth": 31}');
SELECT * FROM params_refusal('{"max_depth": 99999999999999999999}');
SELECT * FROM params_refusal('{"max_depth": 0}');
SELECT * FROM params_refusal('{"threads": 0}');
SELECT * FROM params_refusal('{"rounds": 0}');
SELECT * FROM params_refusal('{"base_score": 1}');
SELECT * FROM params_refusal('{"rounds": 10}', 'random_forest');
SELECT * FROM params_refusal('{"monotone_constraints": [1]}');
SELECT * FROM params_refusal('{"monotone_constraints": {"amout": 1}}');
SELECT * FROM params_refusal('{"monotone_constraints": {"amount": 2}}');
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'payment', imbalance => 'weight', params => '{"scale_pos_weight": 2}') $$);

-- Sources.
SELECT * FROM refusal($$ SELECT fraud_train('m', 'no_such_table') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT * FROM') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment; DROP TABLE payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT 1; DROP TABLE payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'WITH d AS (DELETE FROM payment RETURNING *) SELECT * FROM d') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT amount / 0 AS x, is_fraud FROM payment') $$);

-- Columns.
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', label => 'fraud') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', label => 'paid_at') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', features => '{amout}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', features => '{is_fraud}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', exclude => '{chanel}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', event_time => 'amount') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', entity => 'card') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', entity => 'is_fraud') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT *, point(1, 2) AS place FROM payment', entity => 'place') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT *, point(1, 2) AS place FROM payment', features => '{place}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT *, amount + 1 AS amount FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT *, 1.5 * amount AS "paid_at:hour" FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', exclude => '{payment_id,amount,channel,paid_at}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', event_time => 'paid_at', label_time => 'paid_at') $$);

-- What gives the label away is refused where it is asked for.
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', features => '{amount,payment_id}') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT *, paid_at AS label_time FROM payment', features => '{label_time}') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT *, CASE WHEN is_fraud THEN 1 END AS chargeback FROM payment', features => '{chargeback}') $$);

-- Rows.
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT * FROM payment WHERE false') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT * FROM payment LIMIT 1') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT * FROM payment WHERE NOT is_fraud') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT * FROM payment WHERE is_fraud') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT amount, CASE WHEN payment_id < 390 THEN is_fraud END AS is_fraud FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT amount, is_fraud::int * 2 AS is_fraud FROM payment') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT amount, (ARRAY[''yes'', ''no'', ''perhaps''])[1 + payment_id % 3] AS is_fraud FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT * FROM payment WHERE is_fraud ORDER BY paid_at LIMIT 2', holdout => 0) $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT * FROM payment WHERE NOT is_fraud OR payment_id = 3') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT amount, is_fraud FROM payment WHERE NOT is_fraud OR payment_id = 3') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT *, NULLIF(paid_at, timestamptz ''2026-01-05 00:00+00'') AS t FROM payment', event_time => 't') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT amount, is_fraud, CASE WHEN payment_id = 7 THEN ''infinity'' ELSE paid_at END AS t FROM payment') $$);
SELECT * FROM refusal($$
  SELECT fraud_train('m', 'SELECT amount, is_fraud, now() AS t FROM payment', event_time => 't') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT amount, date ''2026-01-01'' + (i >= 200)::int AS t, is_fraud FROM (SELECT *, payment_id AS i FROM payment) AS p') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', label_delay => '1 year') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', label_delay => '178000000 years') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT date ''5874897-12-31'' AS d, amount, is_fraud FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', params => '{"eta": 1e-45}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment', params => '{"num_parallel_tree": 101}') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT ''Infinity''::float8 AS x, is_fraud FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT ''-Infinity''::numeric AS x, is_fraud FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT 1e39::numeric AS x, is_fraud FROM payment') $$);
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT NULL::int AS x, ''NaN''::float8 AS y, 1 AS z, is_fraud FROM payment') $$);

-- Memory.
SET fraud_detect.max_training_memory = '1MB';
SELECT state, regexp_replace(message, '\d+ MB', 'N MB') AS message, detail, hint
FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
SELECT state, regexp_replace(message, '\d+', 'N', 'g') AS message, detail, hint
FROM refusal($$ SELECT fraud_train('m', 'SELECT i % 7 AS x, md5(i::text) AS code, i % 9 = 0 AS is_fraud FROM generate_series(1, 40000) AS i') $$);
-- Long texts, a model that grows, and texts that are too many for a signature.
SET fraud_detect.max_training_memory = '8MB';
SELECT state, regexp_replace(message, '\d+', 'N', 'g') AS message, detail, hint
FROM refusal($$ SELECT fraud_train('m', 'SELECT i % 7 = 0 AS is_fraud, i % 5 AS n, repeat(md5((i / 2)::text), 3200) AS long_text FROM generate_series(1, 400) AS i') $$);
SELECT state, regexp_replace(message, 'about \d+ MB', 'about N MB') AS message, detail, hint
FROM refusal($$ SELECT fraud_train('m', 'payment', params => '{"num_parallel_tree": 100, "max_depth": 10, "min_child_weight": 0}') $$);
SELECT state, message, regexp_replace(detail, '[\d.]+ (MB|rounds)', 'N \1', 'g') AS detail, hint
FROM refusal($$ SELECT fraud_train('m', 'payment', params => '{"rounds": 100000, "early_stopping_rounds": 0, "min_child_weight": 0}') $$);
RESET fraud_detect.max_training_memory;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'SELECT i % 7 = 0 AS is_fraud, i % 5 AS n, repeat(md5((i / 2)::text), 32000) AS long_text FROM generate_series(1, 250) AS i') $$);

-- A read-only transaction.
BEGIN READ ONLY;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
COMMIT;

-- Privileges: on the function, on the registry, on the source.
CREATE ROLE regress_train_caller;
SET ROLE regress_train_caller;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO regress_train_caller;
SET ROLE regress_train_caller;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA fraud TO regress_train_caller;
SET ROLE regress_train_caller;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
RESET ROLE;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA fraud TO regress_train_caller;
SET ROLE regress_train_caller;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO regress_train_caller;
SET ROLE regress_train_caller;
SELECT * FROM refusal($$ SELECT fraud_train('m', 'payment') $$);
RESET ROLE;

-- Nothing of all that was registered.
\pset expanded off
SELECT (SELECT count(*) FROM fraud.model) AS models, (SELECT count(*) FROM fraud.model_version) AS versions,
  (SELECT count(*) FROM fraud.run) AS runs, (SELECT count(*) FROM fraud.alias_history) AS assignments;

-- Row-level security on the source: a role trains on the rows that it may see.
GRANT SELECT ON payment TO regress_train_caller;
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_half ON payment TO regress_train_caller USING (payment_id <= 200);
SET ROLE regress_train_caller;
SELECT rows, frauds, promoted FROM fraud_train('seen', 'payment', params => '{"rounds": 2}');
RESET ROLE;
SELECT name, m.created_by, v.created_by FROM fraud.model m JOIN fraud.model_version v USING (model_id);

-- A table that is gone is missed by retraining, and by nothing else.
SELECT rows FROM fraud_train('later_gone', 'payment', params => '{"rounds": 2}');
DROP TABLE payment;
\pset expanded on
SELECT * FROM refusal($$ SELECT fraud_retrain('later_gone') $$);
SELECT * FROM refusal($$ SELECT fraud_retrain('nobody') $$);
\pset expanded off
SELECT fraud_score(p, model => 'later_gone') BETWEEN 0 AND 1 AS scores
FROM (SELECT 1.5 AS amount, 'chip' AS channel, timestamptz '2026-02-01 00:00+00' AS paid_at) AS p;

-- SQL in names is a name.
CREATE TABLE "pay""; DROP TABLE x; --" AS
SELECT i % 100 AS "amount""; --", i % 10 = 3 AS "is fraud'; --", i % 7 AS "it's" FROM generate_series(1, 500) AS i;
SELECT model, version, rows FROM fraud_train($$m"; DROP TABLE fraud.model; --'$$, '"pay""; DROP TABLE x; --"',
  label => $$is fraud'; --$$, params => '{"rounds": 2}');
SELECT name FROM fraud.model ORDER BY name;
SELECT f ->> 'name' AS feature FROM fraud.model_version v JOIN fraud.model m USING (model_id),
  jsonb_array_elements(v.signature -> 'features') AS f WHERE m.name LIKE 'm"%';

-- 1,500 columns, and more features than rows.
SELECT format('CREATE TABLE wide AS SELECT i %% 10 = 3 AS is_fraud, %s FROM generate_series(1, 300) AS i',
  string_agg(format('(i * %s %% 1009)::float4 AS c%s', n + 7000, n), ', ')) FROM generate_series(1, 1500) AS n \gexec
SELECT rows, frauds, rounds FROM fraud_train('wide', 'wide', params => '{"rounds": 3, "early_stopping_rounds": 0}');
SELECT jsonb_array_length(signature -> 'features') AS features
FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'wide';
SELECT count(fraud_score(w, 'wide')) AS scored FROM wide AS w;

DROP OWNED BY regress_train_caller;
DROP ROLE regress_train_caller;

-- A recorded request that was tampered with, by a superuser who went past the trigger.
SELECT rounds FROM fraud_train('forged', 'SELECT i % 100 AS amount, i % 10 = 3 AS is_fraud FROM generate_series(1, 400) AS i', params => '{"rounds": 1}');
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
CREATE FUNCTION retrained(path text, value jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  UPDATE fraud.model_version v SET request = jsonb_set(v.request, path::text[], value)
  FROM fraud.model m WHERE m.model_id = v.model_id AND m.name = 'forged';
  PERFORM fraud_retrain('forged');
  RETURN 'trained';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT path, value, retrained(path, value::jsonb) FROM (VALUES
  ('{format}', '2'), ('{format}', '1e30'), ('{source}', 'null'), ('{source}', '"select 1; drop table payment"'),
  ('{algorithm}', '"evil"'), ('{features}', '[["amount"]]'), ('{exclude}', '[null]'), ('{holdout}', '1e400'),
  ('{label_delay}', '"1 day"'), ('{label_delay,months}', '1e20'), ('{label_delay,days}', '0.5'),
  ('{label_delay,microseconds}', '-9223372036854775808'), ('{seed}', '9223372036854775808'), ('{seed}', '1.5'),
  ('{params}', '[]'), ('{params}', '"x"'), ('{params}', '{"rounds": 1e9}'), ('{search_path}', '"\"unclosed"'),
  ('{max_categories}', '-5'), ('{max_encoded_values}', '1e30')) AS f (path, value);
