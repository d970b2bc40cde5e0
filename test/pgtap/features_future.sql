-- Nothing from the future: a row's features are the same whether what happened and became known
-- later is there or not, the overall rate of fraud included.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(11);

CREATE TABLE whole AS SELECT * FROM fraud_generate(8000, seed => 11, fraud_rate => 0.02);
-- As the table was on the first of May: later rows are not there, and frauds not known by then look legitimate.
CREATE TABLE past AS
  SELECT * FROM whole WHERE tx_time < '2026-05-01';
UPDATE past SET is_fraud = coalesce(label_time < '2026-05-01', false), label_time = CASE WHEN label_time < '2026-05-01' THEN label_time END
  WHERE is_fraud;
-- What fraud.label says: chargebacks, one in three taken back a week later, some of these made again. By the
-- first of May the later ones were not there.
CREATE TABLE outcome AS
  SELECT transaction_id, label_time + n * '7 days'::interval AS known_at, n % 2 = 0 AS is_fraud
  FROM whole, generate_series(0, 2) AS n WHERE label_time IS NOT NULL AND (n = 0 OR transaction_id % 3 = 0) AND (n < 2 OR transaction_id % 2 = 0);
INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_at)
  SELECT r, o.transaction_id, o.is_fraud, 'chargeback', o.known_at, '2100-01-01'
  FROM outcome o, unnest('{whole,past}'::regclass[]) AS r WHERE r = 'whole'::regclass OR o.known_at < '2026-05-01';
SELECT fraud_define_features(source, source::regclass, 'tx_time', '[
  {"name": "n", "per": "card_id", "aggregate": "count", "window": "7 days"},
  {"name": "deviation", "per": "card_id", "aggregate": "stddev", "value": "amount", "window": "30 days"},
  {"name": "usual", "per": "merchant_id", "aggregate": "ratio_to_avg", "value": "amount", "window": "30 days"},
  {"name": "new", "per": ["card_id", "merchant_id"], "aggregate": "first_seen"},
  {"name": "delayed", "per": "merchant_id", "aggregate": "count", "window": "7 days", "delay": "2 days"},
  {"name": "risk", "per": "merchant_id", "aggregate": "fraud_rate", "label": "is_fraud", "window": "60 days", "delay": "1 hour", "prior": 20},
  {"name": "card_risk", "per": "card_id", "aggregate": "fraud_rate", "label": "is_fraud", "window": "60 days", "delay": "3 days"},
  {"name": "reported", "per": "merchant_id", "aggregate": "fraud_rate", "label_sources": ["chargeback"], "window": "60 days", "delay": "0", "prior": 20},
  {"name": "card_reported", "per": "card_id", "aggregate": "fraud_rate", "label": "is_fraud", "label_sources": ["chargeback", "analyst"], "window": "60 days", "delay": "0"}]',
  key => 'transaction_id')
FROM unnest('{whole,past}'::text[]) AS source;

CREATE VIEW both_ways AS
  SELECT w.tx_time, w.is_fraud, f.name, f.whole, f.past
  FROM fraud_features.whole w JOIN fraud_features.past p USING (transaction_id),
    LATERAL (VALUES ('n', w.n, p.n), ('deviation', w.deviation, p.deviation), ('usual', w.usual, p.usual), ('new', w.new, p.new),
      ('delayed', w.delayed, p.delayed), ('risk', w.risk, p.risk), ('card_risk', w.card_risk, p.card_risk),
      ('reported', w.reported, p.reported), ('card_reported', w.card_reported, p.card_reported)) AS f (name, whole, past);
SELECT is(count(*) FILTER (WHERE whole IS DISTINCT FROM past), 0::bigint, name || ' does not look ahead, at ' || count(*) || ' rows')
  FROM both_ways GROUP BY name ORDER BY name;

-- It would be seen if it were there.
SELECT cmp_ok(count(*) FILTER (WHERE is_fraud), '>', 50::bigint, 'frauds that became known later') FROM outcome WHERE known_at >= '2026-05-01';
SELECT cmp_ok(count(*), '>', 10::bigint, 'and some that were taken back later') FROM outcome WHERE known_at >= '2026-05-01' AND NOT is_fraud;

SELECT * FROM finish();
ROLLBACK;
