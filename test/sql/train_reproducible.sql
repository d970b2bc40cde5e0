-- The same rows, seed, parameters and threads give the same model, byte for byte, in whatever order
-- the rows lie, and whatever was trained before in the session.
SET client_min_messages = error;
CREATE TABLE ordered AS SELECT * FROM fraud_generate(16000, fraud_rate => 0.02);
SELECT setseed(0.5);
CREATE TABLE shuffled AS SELECT * FROM ordered ORDER BY random();
CREATE TABLE reversed AS SELECT * FROM ordered ORDER BY transaction_id DESC;

CREATE FUNCTION train_variants(source text, seed bigint) RETURNS void LANGUAGE sql AS $$
  SELECT fraud_train('time', source, seed => seed, params => '{"rounds": 20, "subsample": 0.7, "colsample_bynode": 0.7}');
  SELECT fraud_train('content', 'SELECT amount, channel, device_id, is_fraud FROM ' || source, seed => seed, params => '{"rounds": 20}');
  SELECT fraud_train('entity', source, entity => 'card_id', seed => seed, params => '{"rounds": 20}');
  SELECT fraud_train('leafwise', source, algorithm => 'xgboost_leafwise', seed => seed, params => '{"rounds": 10}');
  SELECT fraud_train('forest', source, algorithm => 'random_forest', seed => seed, params => '{"num_parallel_tree": 10, "max_depth": 6}');
  SELECT fraud_train('threads', source, seed => seed, params => '{"rounds": 4, "threads": 2, "subsample": 0.7}');
$$;
SELECT train_variants('ordered', 42);
SELECT train_variants('shuffled', 42);
SELECT train_variants('reversed', 42);
SELECT name, count(*) AS trained, count(DISTINCT artifact) AS artifacts, count(DISTINCT image) AS images,
  count(DISTINCT golden) AS golden,
  count(DISTINCT metrics) AS metrics, count(DISTINCT signature) AS signatures, count(DISTINCT parts) AS parts
FROM fraud.model_version JOIN fraud.model USING (model_id) GROUP BY name ORDER BY name;

-- Another seed gives another model where something is drawn.
SELECT train_variants('ordered', 43);
SELECT name, count(DISTINCT artifact) AS artifacts
FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name IN ('time', 'content', 'entity', 'forest') GROUP BY name ORDER BY name;

-- Nor does the order of rows matter where so many texts differ that they are no longer collected.
CREATE VIEW ascending AS SELECT md5(i::text) AS code, i % 997 AS x, i % 997 > 900 AND i % 7 <> 0 AS is_fraud
FROM generate_series(1, 1060000) AS i;
CREATE VIEW by_code AS SELECT * FROM ascending ORDER BY code;
SELECT fraud_train('unique', 'ascending', params => '{"rounds": 1, "max_depth": 2}') IS NOT NULL AS trained;
SELECT fraud_train('unique', 'by_code', params => '{"rounds": 1, "max_depth": 2}') IS NOT NULL AS trained;
SELECT count(DISTINCT image) AS images, count(DISTINCT golden) AS golden, count(DISTINCT metrics) AS metrics
FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'unique';

-- And a new session gives the same.
\c -
SET client_min_messages = error;
SELECT train_variants('shuffled', 42);
SELECT name, count(DISTINCT artifact) FROM fraud.model_version v JOIN fraud.model USING (model_id)
WHERE seed = 42 AND name <> 'unique' GROUP BY name ORDER BY name;
