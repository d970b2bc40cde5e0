-- On transactions as fraud_generate makes them by default, the features of the demo show the fraud
-- that raw columns hide: on the last month, against the truth.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(6);

CREATE TABLE transactions AS SELECT * FROM fraud_generate();
SELECT fraud_define_features('behaviour', 'transactions', 'tx_time', '[
  {"name": "card_10m", "per": "card_id", "aggregate": "count", "window": "10 minutes"},
  {"name": "card_sum_1h", "per": "card_id", "aggregate": "sum", "value": "amount", "window": "1 hour"},
  {"name": "card_to_usual", "per": "card_id", "aggregate": "ratio_to_avg", "value": "amount", "window": "30 days"},
  {"name": "card_max_30d", "per": "card_id", "aggregate": "max", "value": "amount", "window": "30 days",
   "include_current": false},
  {"name": "card_since_last", "per": "card_id", "aggregate": "since_last"},
  {"name": "customer_1h", "per": "customer_id", "aggregate": "count", "window": "1 hour"},
  {"name": "customer_sum_1d", "per": "customer_id", "aggregate": "sum", "value": "amount", "window": "1 day"},
  {"name": "new_merchant", "per": ["card_id", "merchant_id"], "aggregate": "first_seen"},
  {"name": "new_device", "per": ["card_id", "device_id"], "aggregate": "first_seen"},
  {"name": "new_country", "per": ["card_id", "country"], "aggregate": "first_seen"},
  {"name": "merchant_10m", "per": "merchant_id", "aggregate": "count", "window": "10 minutes"},
  {"name": "merchant_cards_10m", "per": "merchant_id", "aggregate": "distinct", "value": "card_id",
   "window": "10 minutes"},
  {"name": "merchant_1d", "per": "merchant_id", "aggregate": "count", "window": "1 day"},
  {"name": "merchant_30d", "per": "merchant_id", "aggregate": "count", "window": "30 days"},
  {"name": "merchant_to_usual", "per": "merchant_id", "aggregate": "ratio_to_avg", "value": "amount",
   "window": "30 days"},
  {"name": "merchant_risk", "per": "merchant_id", "aggregate": "fraud_rate", "label": "is_fraud",
   "window": "60 days", "delay": "1 hour", "prior": 20},
  {"name": "device_30d", "per": "device_id", "aggregate": "count", "window": "30 days"},
  {"name": "device_cards_1d", "per": "device_id", "aggregate": "distinct", "value": "card_id", "window": "1 day"},
  {"name": "device_risk", "per": "device_id", "aggregate": "fraud_rate", "label": "is_fraud",
   "window": "60 days", "delay": "1 hour", "prior": 1},
  {"name": "card_risk", "per": "card_id", "aggregate": "fraud_rate", "label": "is_fraud",
   "window": "60 days", "delay": "1 hour", "prior": 1}]', key => 'transaction_id');
CREATE TABLE features AS SELECT * FROM fraud_features.behaviour;
SELECT version FROM fraud_train('raw', $$SELECT * FROM transactions WHERE tx_time < '2026-06-01'$$, event_time => 'tx_time',
  label_delay => '7 days', exclude => '{customer_id, card_id, device_id, merchant_id, transaction_id}');
SELECT version FROM fraud_train('with_ids', $$SELECT * FROM transactions WHERE tx_time < '2026-06-01'$$, event_time => 'tx_time',
  label_delay => '7 days');
SELECT version FROM fraud_train('behaviour', $$SELECT * FROM features WHERE tx_time < '2026-06-01'$$, event_time => 'tx_time',
  label_delay => '7 days', exclude => '{customer_id, card_id, device_id, merchant_id, transaction_id}');
CREATE TEMPORARY TABLE result AS
  SELECT model, metric, value
  FROM unnest('{raw, with_ids, behaviour}'::text[]) AS model,
    fraud_evaluate(model, $$SELECT * FROM features WHERE tx_time >= '2026-06-01'$$, label => 'is_fraud');

SELECT cmp_ok(value, '>', 0.95::float8, 'area with features') FROM result WHERE model = 'behaviour' AND metric = 'auc';
SELECT cmp_ok(value, '<', 0.95::float8, 'area of ' || model) FROM result WHERE model <> 'behaviour' AND metric = 'auc';
SELECT cmp_ok(value, '>', 0.80::float8, 'precision at 90 % recall with features')
  FROM result WHERE model = 'behaviour' AND metric = 'precision_at_recall_90';
SELECT cmp_ok(value, '<', 0.80::float8, 'precision at 90 % recall of ' || model)
  FROM result WHERE model <> 'behaviour' AND metric = 'precision_at_recall_90';

SELECT * FROM finish();
ROLLBACK;
