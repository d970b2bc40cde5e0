-- fraud_train uses nothing from the future: what happens in the holdout or in a gap, and what becomes
-- known of a fraud after the next part has begun, changes no byte of the model.
SET client_min_messages = error;
-- Times to the hour, and twins of frauds that differ in nothing but that they become known later, or never: rows
-- of one time have an order, too, in which they are drawn.
CREATE TABLE payment AS SELECT * FROM fraud_generate(16000, fraud_rate => 0.02);
UPDATE payment SET tx_time = date_trunc('hour', tx_time, 'UTC');
INSERT INTO payment
SELECT (jsonb_populate_record(p, jsonb_build_object('transaction_id', transaction_id + copy * 1000000,
  'label_time', CASE copy WHEN 1 THEN label_time + interval '1 year' WHEN 2 THEN NULL ELSE label_time END))).*
FROM payment AS p, generate_series(1, 3) AS copy WHERE is_fraud;
CREATE FUNCTION train(source text) RETURNS void LANGUAGE sql AS $$
  SELECT fraud_train('m', source, label_delay => '7 days', exclude => '{transaction_id}',
    params => '{"rounds": 20, "early_stopping_rounds": 5, "subsample": 0.7}')
$$;
SELECT train('payment');
CREATE VIEW part_of_payment AS
SELECT p.*, CASE
  WHEN tx_time >= holdout THEN 'holdout'
  WHEN tx_time >= holdout - interval '7 days' THEN 'gap'
  WHEN tx_time >= validation THEN 'validation'
  WHEN tx_time >= validation - interval '7 days' THEN 'gap'
  ELSE 'training' END AS part,
  label_time <= CASE WHEN tx_time >= validation THEN holdout ELSE validation END AS known
FROM payment p, (SELECT (parts #>> '{training,labels_known_by}')::timestamptz AS validation,
                   (parts #>> '{holdout,from}')::timestamptz AS holdout FROM fraud.model_version WHERE version = 1) AS cut;

-- Another future: other amounts, cards, channels and frauds, and frauds of the past that nobody has noticed yet.
CREATE FUNCTION with_changes(changed text[], forgotten text[]) RETURNS SETOF payment LANGUAGE sql STABLE AS $$
  SELECT transaction_id, tx_time, customer_id, CASE WHEN c THEN 'new' || card_id ELSE card_id END, merchant_id,
    merchant_category, CASE WHEN c THEN 'pigeon' ELSE channel END, CASE WHEN c THEN 3 * amount ELSE amount END,
    currency, country, device_id, home_distance_km, cvv_match, declined,
    CASE WHEN c THEN transaction_id % 50 = 0 WHEN part = ANY (forgotten) AND known IS NOT TRUE THEN false ELSE is_fraud END,
    fraud_scenario, CASE WHEN c THEN tx_time + interval '1 day' ELSE label_time END
  FROM (SELECT *, part = ANY (changed) AS c FROM part_of_payment) AS p
$$;
SELECT train($$SELECT * FROM with_changes('{holdout, gap}', '{training, validation}')$$);
SELECT count(*) AS versions, count(DISTINCT artifact) AS artifacts, count(DISTINCT image) AS images,
  count(DISTINCT signature) AS signatures, count(DISTINCT metrics) AS metrics
FROM fraud.model_version;

-- That is not because nothing matters: the calibration follows the validation part, the trees the training part.
SELECT train($$SELECT * FROM with_changes('{validation}', '{}')$$);
SELECT train($$SELECT * FROM with_changes('{training}', '{}')$$);
SELECT v.version, v.image = first.image AS image, v.signature = first.signature AS signature
FROM fraud.model_version AS v, fraud.model_version AS first WHERE first.version = 1 AND v.version > 1 ORDER BY version;
