-- Features of decisions are those of the definition; where rows came late or were changed, they are named.
SET client_min_messages = error;
CREATE TABLE payments AS SELECT * FROM fraud_generate(4000, seed => 7, fraud_rate => 0.02);
ALTER TABLE payments ADD PRIMARY KEY (transaction_id);
CREATE INDEX ON payments (card_id, tx_time);
SELECT fraud_define_features('behaviour', 'payments', 'tx_time', key => 'transaction_id', features => '[
  {"name": "n_1d", "per": "card_id", "aggregate": "count", "window": "1 day"},
  {"name": "sum_7d", "per": "card_id", "aggregate": "sum", "value": "amount", "window": "7 days"}]');
SELECT version FROM fraud_train('card_fraud', 'SELECT amount, channel, n_1d, sum_7d, tx_time, is_fraud FROM fraud_features.behaviour',
  event_time => 'tx_time', params => '{"rounds": 10, "threads": 1}');
CREATE TABLE history AS SELECT * FROM payments;
TRUNCATE payments;
SELECT fraud_guard('payments', 'card_fraud', review_at => 0.5, key => 'transaction_id');
INSERT INTO payments SELECT * FROM history ORDER BY tx_time, transaction_id;
SELECT feature, compared = 4000 AS all_of_them, different FROM fraud_skew_check_decisions('payments', 5000);
SELECT min(compared), max(compared) FROM fraud_skew_check_decisions('payments', 100);

-- A row that was changed, and one that comes later than it says.
UPDATE payments SET amount = amount + 1 WHERE transaction_id = (SELECT max(transaction_id) FROM payments);
SELECT feature, different FROM fraud_skew_check_decisions('payments', 5000) WHERE different > 0 ORDER BY 1;
INSERT INTO payments SELECT transaction_id + 100000, tx_time - interval '1 minute', customer_id, card_id, merchant_id, merchant_category,
  channel, amount, currency, country, device_id, home_distance_km, cvv_match, declined, is_fraud, fraud_scenario, label_time
FROM history ORDER BY tx_time, transaction_id LIMIT 1;
SELECT feature, different > 0 AS differs FROM fraud_skew_check_decisions('payments', 5000) ORDER BY 1;

-- Without a set of features the table's own row is what counts; deleted rows are not compared.
CREATE TABLE plain (id int, amount numeric, is_fraud bool, at timestamptz);
INSERT INTO plain SELECT i, i % 50, i % 20 = 0, '2026-01-01 00:00+00'::timestamptz + i * interval '1 minute' FROM generate_series(1, 2000) i;
SELECT version FROM fraud_train('plain_fraud', 'SELECT amount, is_fraud, at FROM plain', event_time => 'at', params => '{"rounds": 5, "threads": 1}');
CREATE TABLE guarded (LIKE plain);
SELECT fraud_guard('guarded', 'plain_fraud', review_at => 0.5, key => 'id');
INSERT INTO guarded SELECT * FROM plain LIMIT 100;
DELETE FROM guarded WHERE id <= 40;
SELECT model, version, feature, compared, different FROM fraud_skew_check_decisions('guarded');

\set VERBOSITY sqlstate
SELECT * FROM fraud_skew_check_decisions('plain');
SELECT * FROM fraud_skew_check_decisions('guarded', 0);
SELECT * FROM fraud_skew_check_decisions(NULL);
