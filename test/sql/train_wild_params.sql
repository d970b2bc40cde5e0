-- Parameters at the ends of their ranges, in any combination: a training succeeds or is refused
-- before XGBoost sees them, and the backend lives.
SET client_min_messages = error;
SELECT setseed(0.3);
CREATE TABLE payment AS
SELECT amount, channel, merchant_category, device_id, declined, home_distance_km, tx_time, is_fraud
FROM fraud_generate(2000, fraud_rate => 0.02);

CREATE FUNCTION outcome(algorithm text, params jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM fraud_train('wild', 'payment', algorithm => algorithm, params => params);
  RETURN 'trained';
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN SQLERRM;
END
$$;
CREATE FUNCTION pick(VARIADIC choices float8[]) RETURNS float8 LANGUAGE sql VOLATILE
AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';

WITH tried AS MATERIALIZED (
  SELECT (ARRAY['xgboost', 'xgboost_leafwise', 'random_forest'])[1 + i % 3] AS algorithm,
    jsonb_strip_nulls(jsonb_build_object(
      'max_depth', pick(0, 1, 30, NULL), 'max_leaves', pick(1, 2, 65536, NULL), 'max_bin', pick(2, 3, 65536, NULL),
      'min_child_weight', pick(0, 1e-30, 1e30, NULL), 'gamma', pick(0, 2e-38, 1e30, NULL, NULL),
      'lambda', pick(0, 2e-38, 3e38, NULL), 'alpha', pick(0, 3e38, NULL, NULL),
      'max_delta_step', pick(0, 1e-30, 3e38, NULL), 'subsample', pick(1e-30, 0.001, 0.5, NULL),
      'colsample_bytree', pick(1e-30, 0.5, NULL), 'colsample_bylevel', pick(1e-10, 0.5, NULL),
      'colsample_bynode', pick(1e-10, 0.5, NULL), 'num_parallel_tree', pick(1, 3, 20),
      'max_cat_to_onehot', pick(1, 65536, NULL), 'max_cat_threshold', pick(1, 65536, NULL),
      'scale_pos_weight', pick(2e-38, 3e38, 1e30, NULL, NULL), 'base_score', pick(0.999999, 1e-10, 1e-11, NULL, NULL, NULL, NULL))
      || CASE WHEN i % 3 = 2 THEN jsonb_build_object() ELSE jsonb_build_object(
        'rounds', pick(1, 5, 20), 'eta', pick(2e-38, 1, 0.3), 'early_stopping_rounds', pick(0, 1, 5)) END) AS params
  FROM generate_series(1, 150) AS i),
outcomes AS (SELECT outcome(algorithm, params) AS outcome FROM tried)
SELECT outcome, count(*) > 100 AS most FROM outcomes GROUP BY outcome ORDER BY outcome;
