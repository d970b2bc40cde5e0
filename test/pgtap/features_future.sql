-- Nothing from the future: a row's features are the same whether what happened and became known
-- later is there or not, the overall rate of fraud included.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(7);

CREATE TABLE whole AS SELECT * FROM fraud_generate(8000, seed => 11, fraud_rate => 0.02);
-- As the table was on the first of May: later rows are not there, and frauds not known by then look legitimate.
CREATE TABLE past AS
  SELECT * FROM whole WHERE tx_time < '2026-05-01';
UPDATE past SET is_fraud = coalesce(label_time < '2026-05-01', false), label_time = CASE WHEN label_time < '2026-05-01' THEN label_time END
  WHERE is_fraud;
SELECT fraud_define_features(source, source::regclass, 'tx_time', '[
  {"name": "n", "per": "card_id", "aggregate": "count", "window": "7 days"},
  {"name": "deviation", "per": "card_id", "aggregate": "stddev", "value": "amount", "window": "30 days"},
  {"name": "usual", "per": "merchant_id", "aggregate": "ratio_to_avg", "value": "amount", "window": "30 days"},
  {"name": "new", "per": ["card_id", "merchant_id"], "aggregate": "first_seen"},
  {"name": "delayed", "per": "merchant_id", "aggregate": "count", "window": "7 days", "delay": "2 days"},
  {"name": "risk", "per": "merchant_id", "aggregate": "fraud_rate", "label": "is_fraud", "window": "60 days", "delay": "1 hour", "prior": 20},
  {"name": "card_risk", "per": "card_id", "aggregate": "fraud_rate", "label": "is_fraud", "window": "60 days", "delay": "3 days"}]')
FROM unnest('{whole,past}'::text[]) AS source;

CREATE VIEW both_ways AS
  SELECT w.tx_time, w.is_fraud, f.name, f.whole, f.past
  FROM fraud_features.whole w JOIN fraud_features.past p USING (transaction_id),
    LATERAL (VALUES ('n', w.n, p.n), ('deviation', w.deviation, p.deviation), ('usual', w.usual, p.usual), ('new', w.new, p.new),
      ('delayed', w.delayed, p.delayed), ('risk', w.risk, p.risk), ('card_risk', w.card_risk, p.card_risk)) AS f (name, whole, past);
SELECT is(count(*) FILTER (WHERE whole IS DISTINCT FROM past), 0::bigint, name || ' does not look ahead, at ' || count(*) || ' rows')
  FROM both_ways GROUP BY name ORDER BY name;

SELECT * FROM finish();
ROLLBACK;
