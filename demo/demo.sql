-- What fraud_detect does, from nothing to payments that are blocked, and why.
-- Run by demo/run with psql -e, so that every statement is seen with its result.
\pset footer off

\echo
\echo :bold'1. One extension, in the database where the transactions are':plain
\echo
CREATE EXTENSION fraud_detect;

\echo
\echo :bold'2. Half a year of card transactions, made up from a seed: the same seed gives the same rows.':plain
\echo :bold'   2 % of them are fraud, so that a world this small has enough of it to learn from':plain
\echo
CREATE TABLE transactions AS
SELECT * FROM fraud_generate(transactions => 100000, seed => 42, fraud_rate => 0.02);
\echo

SELECT transaction_id, tx_time, merchant_category, channel, amount, country, is_fraud
  FROM transactions
 ORDER BY transaction_id
 LIMIT 5;

SELECT coalesce(fraud_scenario, '(legitimate)') AS scenario, count(*) AS rows,
       round(avg(amount), 2) AS average_amount
  FROM transactions
 GROUP BY fraud_scenario
 ORDER BY count(*) DESC;

\echo
\echo :bold'3. Train on what was known by the end of May. Three parts by time: training, validation':plain
\echo :bold'   (when to stop, and what a score means), holdout (the figures shown). Columns that give':plain
\echo :bold'   the answer away are left out, and said. We leave out who it was, which is better at this':plain
\echo :bold'   rate of fraud; docs/training.md has when it is not':plain
\echo
\timing on
SELECT *
  FROM fraud_train('card_fraud', $$SELECT * FROM transactions WHERE tx_time < '2026-06-01'$$,
                   label => 'is_fraud', event_time => 'tx_time', label_delay => '7 days',
                   exclude => '{customer_id, card_id, device_id, merchant_id}');
\timing off

\echo
\echo :bold'4. How good is it on June, which it has never seen?':plain
\echo
SELECT metric, trim_scale(round(value::numeric, 4)) AS value,
       round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
  FROM fraud_evaluate('card_fraud', $$SELECT * FROM transactions WHERE tx_time >= '2026-06-01'$$,
                      label => 'is_fraud');

\echo
\echo :bold'5. Score all of June. A score is a probability; the margin is the model''s raw sum, finer than it':plain
\echo
\timing on
CREATE TABLE june AS
SELECT t.*, fraud_score(t) AS score, fraud_margin(t) AS margin
  FROM transactions t
 WHERE tx_time >= '2026-06-01';
\timing off

\echo
\echo :bold'   The five riskiest, and what they turned out to be':plain
\echo
SELECT transaction_id, tx_time, merchant_category, channel, amount,
       round(score::numeric, 3) AS score, is_fraud, fraud_scenario
  FROM june
 ORDER BY margin DESC, transaction_id
 LIMIT 5;

\echo
\echo :bold'   If an analyst looks at the riskiest 1 in 100, what share of all fraud is caught?':plain
\echo
SELECT count(*) AS looked_at, count(*) FILTER (WHERE is_fraud) AS frauds_found,
       (SELECT count(*) FROM june WHERE is_fraud) AS frauds_in_all
  FROM (SELECT is_fraud FROM june ORDER BY margin DESC, transaction_id
         LIMIT (SELECT count(*) / 100 FROM june)) AS riskiest;

\echo
\echo :bold'6. A second version, with parameters of XGBoost''s. It waits: the first one is still the champion':plain
\echo
SELECT model, version, rounds, round(average_precision::numeric, 4) AS average_precision, promoted
  FROM fraud_train('card_fraud', $$SELECT * FROM transactions WHERE tx_time < '2026-06-01'$$,
                   label => 'is_fraud', event_time => 'tx_time', label_delay => '7 days',
                   exclude => '{customer_id, card_id, device_id, merchant_id, transaction_id, fraud_scenario, label_time}',
                   params => '{"max_depth": 4}');

\echo
\echo :bold'7. Promote it: a transaction like any other. The next statement of every session uses it':plain
\echo
SELECT transaction_id, round(fraud_score(t)::numeric, 4) AS score
  FROM transactions t WHERE transaction_id = 1;
SELECT * FROM fraud_promote('card_fraud', 2);
SELECT transaction_id, round(fraud_score(t)::numeric, 4) AS score
  FROM transactions t WHERE transaction_id = 1;

\echo
\echo :bold'8. And back again. Nothing is lost: every assignment stays in the history':plain
\echo
SELECT * FROM fraud_rollback('card_fraud');
SELECT alias, version, action, assigned_by FROM fraud.alias_history ORDER BY assignment_id;

\echo
\echo :bold'9. Fraud shows in behaviour over time. Define it once, over the table: how often, how much, how new,':plain
\echo :bold'   how risky. Rows of the view have the features as they were known at each row''s moment':plain
\echo
CREATE INDEX ON transactions (card_id, tx_time);
CREATE INDEX ON transactions (customer_id, tx_time);
CREATE INDEX ON transactions (merchant_id, tx_time);
CREATE INDEX ON transactions (device_id, tx_time);
CREATE INDEX ON transactions (card_id, merchant_id, tx_time);
CREATE INDEX ON transactions (card_id, device_id, tx_time);
CREATE INDEX ON transactions (card_id, country, tx_time);
ANALYZE transactions;
\timing on
SELECT fraud_define_features('behaviour', 'transactions', 'tx_time', '[
  {"name": "card_10m", "per": "card_id", "aggregate": "count", "window": "10 minutes"},
  {"name": "card_sum_1h", "per": "card_id", "aggregate": "sum", "value": "amount", "window": "1 hour"},
  {"name": "card_to_usual", "per": "card_id", "aggregate": "ratio_to_avg", "value": "amount",
   "window": "30 days"},
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
  {"name": "device_cards_1d", "per": "device_id", "aggregate": "distinct", "value": "card_id",
   "window": "1 day"},
  {"name": "device_risk", "per": "device_id", "aggregate": "fraud_rate", "label": "is_fraud",
   "window": "60 days", "delay": "1 hour", "prior": 1},
  {"name": "card_risk", "per": "card_id", "aggregate": "fraud_rate", "label": "is_fraud",
   "window": "60 days", "delay": "1 hour", "prior": 1}]', key => 'transaction_id');

SELECT *
  FROM fraud_train('behaviour', $$SELECT * FROM fraud_features.behaviour WHERE tx_time < '2026-06-01'$$,
                   label => 'is_fraud', event_time => 'tx_time', label_delay => '7 days',
                   exclude => '{customer_id, card_id, device_id, merchant_id, transaction_id}');
\timing off

\echo
\echo :bold'   Raw columns against features, on June, against the truth':plain
\echo
SELECT metric, round(max(value) FILTER (WHERE model = 'card_fraud')::numeric, 3) AS raw_columns,
       round(max(value) FILTER (WHERE model = 'behaviour')::numeric, 3) AS with_features,
       round((max(value) FILTER (WHERE model = 'behaviour')
              - max(value) FILTER (WHERE model = 'card_fraud'))::numeric, 3) AS gain
  FROM unnest('{card_fraud, behaviour}'::text[]) AS model,
       fraud_evaluate(model, $$SELECT * FROM fraud_features.behaviour WHERE tx_time >= '2026-06-01'$$,
                      label => 'is_fraud')
 WHERE metric IN ('auc', 'average_precision', 'precision_at_recall_90')
 GROUP BY metric
 ORDER BY metric;

\echo
\echo :bold'   The model scores rows of the table itself: what they lack is computed at this moment from the':plain
\echo :bold'   history by index, with the same bits as in the view':plain
\echo
\timing on
SELECT transaction_id, tx_time, amount, round(fraud_score(t, 'behaviour')::numeric, 3) AS score, is_fraud
  FROM transactions t
 ORDER BY tx_time DESC
 LIMIT 5;
SELECT sum(compared) AS compared, sum(different) AS different FROM fraud_skew_check('behaviour', 1000);
\timing off

\echo
\echo :bold'10. Decide in the payment''s own transaction. From now on every row that is inserted gets its features,':plain
\echo :bold'    a score, an answer of each rule and list, and a decision, which is recorded':plain
\echo
SELECT fraud_guard('transactions', model => 'behaviour', key => 'transaction_id', on_block => 'quarantine',
                   review_at => 0.3, block_at => 0.8,
                   options => '{"amount": "amount", "event_time": "tx_time",
                                "entities": {"card": "card_id", "device": "device_id"}}') AS policy;
SELECT fraud_rule('transactions', 'wrong code at a new shop', 'cvv_match IS FALSE AND new_merchant = 1',
                  'review') AS policy;

\echo
\echo :bold'    A thief tries stolen cards: one device, one shop, small amounts, one each 20 seconds. Rows of one':plain
\echo :bold'    statement are history for the next ones, as if they had come one by one':plain
\echo
INSERT INTO transactions (transaction_id, tx_time, customer_id, card_id, merchant_id, merchant_category,
                          channel, amount, currency, country, device_id, cvv_match, declined)
SELECT 200000 + n, '2026-06-30 03:00+00'::timestamptz + n * interval '20 seconds', customer_id, card_id, 21,
       'digital_goods', 'online', 0.99 + n % 4, 'EUR', 'DE', 'device_of_a_thief', n > 1, false
  FROM (SELECT card_id, customer_id, row_number() OVER (ORDER BY card_id) AS n
          FROM transactions WHERE NOT is_fraud GROUP BY card_id, customer_id) AS stolen
 WHERE n <= 8;

SELECT key, amount, round(score::numeric, 3) AS score, decision, ground, outcome,
       coalesce(rules #>> '{0,name}', reasons #>> '{0,reason}') AS because
  FROM fraud.decision
 ORDER BY decision_id;

\echo
\echo :bold'    The device goes on a list, and blocked payments are now refused: an error in the payment''s':plain
\echo :bold'    transaction, which rolls back. The decision is on record all the same':plain
\echo
SELECT fraud_list_add('thieves', 'device', 'device_of_a_thief', 'block', note => 'card testing') AS entry;
SELECT fraud_guard('transactions', model => 'behaviour', key => 'transaction_id', on_block => 'reject',
                   review_at => 0.3, block_at => 0.8,
                   options => '{"amount": "amount", "event_time": "tx_time",
                                "entities": {"card": "card_id", "device": "device_id"}}') AS policy;
\set ON_ERROR_STOP off
BEGIN;
INSERT INTO transactions (transaction_id, tx_time, customer_id, card_id, merchant_id, amount, channel,
                          device_id)
SELECT 200100, '2026-06-30 03:05+00', customer_id, card_id, 22, 250, 'online', 'device_of_a_thief'
  FROM transactions WHERE transaction_id = 1;
ROLLBACK;
\set ON_ERROR_STOP on
SELECT key, amount, decision, ground, outcome, lists #>> '{0,list}' AS list
  FROM fraud.decision WHERE key = '200100';

\echo
\echo :bold'    Each decision can be repeated from its record alone, bit for bit':plain
\echo
SELECT item, recorded, replayed, equal
  FROM fraud.decision d, fraud_replay(d.decision_id)
 WHERE d.key = '200003';

\echo
\echo :bold'    Weeks later the chargebacks come in. What would a stricter policy have done?':plain
\echo
SELECT count(fraud_label('transactions', key, key <> '200002')) AS labels FROM fraud.decision;
SELECT *
  FROM fraud_backtest('transactions', '{"review_at": 0.1, "block_at": 0.5}', '-infinity', 'infinity');

\echo
\echo :bold'That was it. README.md has the same in a session to copy, docs/ has the rest':plain
\echo
