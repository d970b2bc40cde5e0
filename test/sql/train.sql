-- fraud_train: what it learns from, what it keeps. No number that a model gives is printed: such
-- numbers belong to the version of XGBoost; they are held against bounds and definitions instead.
SET client_min_messages = error;
SET TimeZone = 'America/New_York'; -- results do not depend on it

CREATE TABLE payment AS SELECT * FROM fraud_generate(100000, fraud_rate => 0.02);
RESET client_min_messages;

-- The first version becomes the champion; what gives the label away is left out with a warning.
SELECT model, version, rows, frauds = (SELECT count(*) FROM payment WHERE is_fraud) AS frauds_as_in_source,
  rounds BETWEEN 1 AND 500 AS rounds, auc BETWEEN 0.75 AND 0.97 AS auc,
  average_precision > 0.05 AS average_precision, promoted
FROM fraud_train('cards', 'payment', label_delay => '7 days');
SELECT f ->> 'name' AS feature, f ->> 'kind' AS kind, jsonb_array_length(f -> 'values') > 0 AS has_values
FROM fraud.model_version, jsonb_array_elements(signature -> 'features') AS f;

-- The holdout's metrics are those of its scores.
SELECT metric, abs(value - (metrics ->> metric)::float8) < 1e-12 AS as_recorded
FROM fraud.model_version,
  fraud_evaluate('cards', format('SELECT * FROM payment WHERE tx_time >= %L', parts #>> '{holdout,from}'), bootstrap => 0)
  WITH ORDINALITY AS e(metric, value, low, high, place) ORDER BY place;

-- Everything is recorded.
SELECT algorithm, image_sha256 = sha256(image) AS image_sha256,
  artifact_sha256 = sha256(artifact) AS artifact_sha256,
  octet_length(golden) > 16 AS golden, seed, threads, source_query, created_by = current_user AS by_me,
  created_at <= now() AS created, libraries ->> 'fraud_detect' IS NOT NULL AND libraries ->> 'xgboost' IS NOT NULL
    AND libraries ->> 'postgresql' IS NOT NULL AS libraries,
  data_from = (SELECT min(tx_time) FROM payment) AS data_from,
  data_until = (SELECT max(tx_time) FROM payment) AS data_until,
  label_cutoff = (parts #>> '{holdout,from}')::timestamptz AS label_cutoff
FROM fraud.model_version;
SELECT jsonb_object_keys(params) AS recorded_parameter FROM fraud.model_version ORDER BY 1;
SELECT request - 'search_path' AS request FROM fraud.model_version;
SELECT kind, r.rounds >= r.best_round AND r.best_round = v.rounds AS rounds,
  finished_at >= started_at AS times
FROM fraud.run r JOIN fraud.model_version v USING (model_id, version);
SELECT part, metric, count(*) = max(r.rounds) AND min(round) = 1 AS each_round,
  metric <> 'average_precision' OR max(value) = max(value) FILTER (WHERE round = best_round) AS best_is_kept
FROM fraud.run_metric JOIN fraud.run r USING (run_id) GROUP BY part, metric ORDER BY metric;
SELECT count(*) = 14 AND bool_and(gain >= 0 AND cover >= 0) AND sum(splits) > 0
  AND bool_and((gain > 0) = (splits > 0)) AS importance FROM fraud.feature_importance;
SELECT action, alias, version, previous_id FROM fraud.alias_history;

-- Parts: each row by its time, none in the gaps of seven days, labels as known when the next part began.
WITH cut AS (
  SELECT (parts #>> '{training,labels_known_by}')::timestamptz AS validation, (parts #>> '{holdout,from}')::timestamptz AS holdout,
    parts FROM fraud.model_version),
row AS (
  SELECT is_fraud, label_time, cut.*, CASE WHEN tx_time >= holdout THEN 'holdout'
    WHEN tx_time >= validation AND tx_time < holdout - interval '7 days' THEN 'validation'
    WHEN tx_time < validation - interval '7 days' THEN 'training' ELSE 'gap' END AS part
  FROM payment, cut),
counted AS (
  SELECT part, count(*) AS rows, count(*) FILTER (WHERE is_fraud AND (part = 'holdout' OR label_time <= CASE part
    WHEN 'training' THEN validation WHEN 'validation' THEN holdout END)) AS frauds
  FROM row GROUP BY part)
SELECT part, rows = coalesce(parts -> part ->> 'rows', parts ->> 'gap_rows')::bigint AS rows,
  part = 'gap' OR frauds = (parts -> part ->> 'frauds')::bigint AS frauds,
  CASE part WHEN 'holdout' THEN rows = 20000 WHEN 'validation' THEN rows > 5000 END AS share
FROM counted, cut ORDER BY part;

-- The next version waits.
SET client_min_messages = error;
SELECT version, promoted FROM fraud_train('cards', 'payment', algorithm => 'xgboost_leafwise', params => '{"rounds": 5}');
SELECT alias, version FROM fraud.alias;

-- Retraining repeats the champion's request on today's rows.
DELETE FROM payment WHERE transaction_id % 10 = 0;
SELECT version, rows, promoted FROM fraud_retrain('cards');
SELECT v.request = c.request AS same_request, v.source_query = c.source_query AS same_source, r.kind
FROM fraud.model_version v JOIN fraud.run r USING (model_id, version), fraud.model_version c
WHERE v.version = 3 AND c.version = 1;
-- Its source's names mean what they meant.
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.payment AS SELECT 1 AS other;
SET search_path = elsewhere, public;
SELECT version, rows FROM fraud_retrain('cards');
SHOW search_path;
RESET search_path;
DROP SCHEMA elsewhere CASCADE;

-- Algorithms, imbalance, calibration, no holdout, parameters under their other names.
CREATE VIEW small AS SELECT * FROM payment WHERE transaction_id <= 12000;
SELECT auc > 0.6 AS random_forest FROM fraud_train('variants', 'small', algorithm => 'random_forest', params => '{"num_parallel_tree": 20}');
SELECT auc > 0.6 AS leafwise FROM fraud_train('variants', 'small', algorithm => 'xgboost_leafwise', params => '{"rounds": 30}');
SELECT auc > 0.6 AS weight FROM fraud_train('variants', 'small', imbalance => 'weight', params => '{"rounds": 30}');
SELECT auc > 0.6 AS sqrt_weight FROM fraud_train('variants', 'small', imbalance => 'sqrt_weight', params => '{"rounds": 30}');
SELECT auc > 0.6 AS platt FROM fraud_train('variants', 'small', calibration => 'platt', params => '{"rounds": 30}');
SELECT auc > 0.6 AS none FROM fraud_train('variants', 'small', calibration => 'none', params => '{"rounds": 30}');
SELECT auc, average_precision FROM fraud_train('variants', 'small', holdout => 0, params => '{"rounds": 30}');
SELECT rounds FROM fraud_train('variants', 'small', params => '{"rounds": 7, "early_stopping_rounds": 0, "learning_rate": 0.5,
  "reg_lambda": 2, "max_depth": 3, "subsample": 0.7, "colsample_bytree": 0.7, "monotone_constraints": {"amount": 1}}');
SELECT version, algorithm, params ->> 'calibration' AS calibration, params ->> 'imbalance' AS imbalance,
  params ->> 'eta' AS eta, params ->> 'lambda' AS lambda, params ->> 'max_depth' AS max_depth,
  params -> 'monotone_constraints' AS monotone, (params ->> 'scale_pos_weight')::float8 > 1 AS weighted,
  metrics ->> 'auc' IS NULL AS unmeasured
FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'variants' ORDER BY version;
-- Rising with amount, as constrained.
SELECT bool_and(margin >= before) AS monotone FROM (
  SELECT margin, lag(margin) OVER (PARTITION BY transaction_id ORDER BY factor) AS before
  FROM (SELECT transaction_id, factor, fraud_margin(p, 'variants', 8) AS margin
        FROM (SELECT transaction_id, f AS factor, tx_time, customer_id, card_id, merchant_id,
                merchant_category, channel,
                amount * f AS amount, currency, country, device_id, home_distance_km, cvv_match, declined
              FROM small, generate_series(1, 8) AS f WHERE transaction_id % 100 = 1) AS p) AS m) AS l;
-- Unknown to the validation part, isotonic calibration gives way, and says so.
RESET client_min_messages;
SELECT version FROM fraud_train('variants', 'SELECT amount, channel, is_fraud FROM (SELECT *, row_number() OVER
  (PARTITION BY is_fraud ORDER BY transaction_id) AS n FROM small) AS s WHERE n <= CASE WHEN is_fraud THEN 20 ELSE 2000 END',
  params => '{"rounds": 3}');
SET client_min_messages = error;

-- Without a time, shares of each class by content; with an entity, no entity on two sides.
SELECT rows FROM fraud_train('split', 'SELECT amount, channel, is_fraud FROM small', params => '{"rounds": 3}');
SELECT parts ->> 'split' AS split, part, abs((parts -> part ->> 'rows')::float8 / v.rows - share) < 0.001 AS rows,
  abs((parts -> part ->> 'frauds')::float8 / v.frauds - share) < 0.005 AS frauds
FROM fraud.model_version v JOIN fraud.model USING (model_id),
  (VALUES ('training', 0.64), ('validation', 0.16), ('holdout', 0.2)) AS s(part, share) WHERE name = 'split';
SELECT rows FROM fraud_train('split', 'SELECT amount, channel, is_fraud, card_id FROM small', entity => 'card_id', params => '{"rounds": 3}');
SELECT (parts #>> '{training,rows}')::int + (parts #>> '{validation,rows}')::int + (parts #>> '{holdout,rows}')::int = v.rows AS all_used,
  v.signature @> '{"features": [{"column": "card_id"}]}' AS entity_is_feature
FROM fraud.model_version v JOIN fraud.model USING (model_id) WHERE name = 'split' AND version = 2;
-- By time and entity, a row has to satisfy both.
RESET client_min_messages;
SELECT rows FROM fraud_train('split', 'SELECT amount, channel, tx_time, is_fraud, card_id FROM payment', entity => 'card_id',
  features => '{amount,card_id}', params => '{"rounds": 3}');
SELECT parts ->> 'split' AS split, (parts #>> '{training,rows}')::int + (parts #>> '{validation,rows}')::int
  + (parts #>> '{holdout,rows}')::int + (parts ->> 'rows_dropped_for_entity')::int = v.rows AS all_counted,
  v.signature @> '{"features": [{"column": "card_id"}]}' AS entity_is_feature
FROM fraud.model_version v JOIN fraud.model USING (model_id) WHERE name = 'split' AND version = 3;
-- Of 60 cards with 100 rows each, the first 64 early, 16 later and 20 last, each card is on one side: with all of its rows where
-- they are drawn, and where time has a say with those of its side's time.
SET client_min_messages = error;
CREATE TABLE of_60_cards AS
SELECT 'card ' || card AS card_id, timestamp '2026-01-01 00:00' + (60 * n + card) * interval '1 hour' AS paid_at,
  (card * 31 + n * 7919) % 1009 AS amount, (card + n * 7) % 10 = 3 OR (card * 31 + n * 7919) % 1009 > 990 AS is_fraud
FROM generate_series(1, 60) AS card, generate_series(0, 99) AS n;
SELECT rows FROM fraud_train('one_side', 'SELECT amount, is_fraud, card_id FROM of_60_cards', entity => 'card_id', params => '{"rounds": 3}');
SELECT rows FROM fraud_train('one_side', 'of_60_cards', entity => 'card_id', params => '{"rounds": 3}');
SELECT version, parts ->> 'split' AS split, training % a + validation % b + holdout % c = 0 AS whole_cards,
  training / a + validation / b + holdout / c AS cards, least(training, validation, holdout) > 0 AS three_sides
FROM fraud.model_version JOIN fraud.model USING (model_id) JOIN (VALUES (1, 100, 100, 100), (2, 64, 16, 20)) AS card_rows (version, a, b, c)
  USING (version), jsonb_to_record(jsonb_build_object('training', parts #> '{training,rows}', 'validation', parts #> '{validation,rows}',
  'holdout', parts #> '{holdout,rows}')) AS part (training int, validation int, holdout int)
WHERE name = 'one_side' ORDER BY version;
-- What is learned of texts is learned on the training part alone: no category and no count comes from later rows.
SET fraud_detect.max_categories = 20;
SELECT version FROM fraud_train('texts', $$SELECT paid_at, amount, is_fraud, CASE WHEN early THEN 'early ' || amount % 3 ELSE 'late' END AS few,
  card_id || CASE WHEN early THEN '' ELSE ' late' END AS many
  FROM (SELECT *, paid_at <= timestamp '2026-01-01 00:00' + 3840 * interval '1 hour' AS early FROM of_60_cards) AS c$$, params => '{"rounds": 3}');
RESET fraud_detect.max_categories;
SELECT f ->> 'name' AS feature, f ->> 'kind' AS kind, jsonb_array_length(f -> 'values') AS values, f -> 'values' -> 0 AS first,
  f -> 'values' -> -1 AS last, f @? '$.values[*] ? (@ like_regex "late")' AS of_later_rows, jsonb_path_query_array(f, '$.counts[*] ? (@ != 64)') AS other_counts
FROM fraud.model_version JOIN fraud.model USING (model_id), jsonb_array_elements(signature -> 'features') AS f
WHERE name = 'texts' AND f ? 'values';
RESET client_min_messages;
-- Several times: none is chosen.
SELECT version FROM fraud_train('split', 'SELECT amount, channel, tx_time, tx_time + interval ''1 day'' AS booked, is_fraud FROM small',
  params => '{"rounds": 3}');
-- Rows of one time never straddle.
SELECT version FROM fraud_train('split', 'SELECT amount, channel, tx_time::date AS day, is_fraud FROM payment', params => '{"rounds": 3}');
SELECT (parts #>> '{training,until}') < (parts #>> '{validation,from}') AND (parts #>> '{validation,until}') < (parts #>> '{holdout,from}')
  AS apart FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'split' AND version = 5;

-- Progress is silent unless asked for.
SET fraud_detect.progress = on;
SELECT version FROM fraud_train('split', 'SELECT amount, channel, is_fraud FROM small', params => '{"rounds": 3}');

-- Scores of the holdout are probabilities: at the default rate of fraud, and at the highest. There it
-- is not so for every seed (docs/calibration.md has how often). This one leaves room: 0.0025 with XGBoost
-- 1.7, at most 0.0040 with other bins, rates and depths, so that the bound holds for its other versions too.
SET client_min_messages = error;
CREATE TABLE payment_at_default AS SELECT * FROM fraud_generate(100000);
CREATE TABLE payment_at_highest AS SELECT * FROM fraud_generate(100000, seed => 3, fraud_rate => 0.02);
SELECT model FROM fraud_train('at_default', 'payment_at_default', label_delay => '7 days');
SELECT model FROM fraud_train('at_highest', 'payment_at_highest', label_delay => '7 days');
SELECT m.name, (v.metrics ->> 'ece')::float8 <= 0.005 AS calibrated
FROM fraud.model m JOIN fraud.model_version v USING (model_id) WHERE m.name LIKE 'at\_%' ORDER BY 1;
RESET client_min_messages;
