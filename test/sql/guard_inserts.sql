-- The guard in every kind of INSERT, and on every kind of table; and no skew: what is recorded of a row is
-- what the view of its features says afterwards.
\set SHOW_CONTEXT never
CREATE TABLE history AS SELECT transaction_id AS id, tx_time, card_id AS card, merchant_id AS merchant, amount, is_fraud, label_time
  FROM fraud_generate(4000, seed => 7, fraud_rate => 0.02);
CREATE TABLE tx (LIKE history);
CREATE INDEX ON tx (card, tx_time);
CREATE INDEX ON tx (merchant, tx_time);
SELECT fraud_define_features('f', 'tx', 'tx_time', '[
  {"name":"n","per":"card","aggregate":"count","window":"30 days"},
  {"name":"total","per":"card","aggregate":"sum","value":"amount","window":"30 days"},
  {"name":"deviation","per":"card","aggregate":"stddev","value":"amount","window":"90 days"},
  {"name":"shops","per":"card","aggregate":"distinct","value":"merchant","window":"30 days"},
  {"name":"since","per":"card","aggregate":"since_last"},
  {"name":"new","per":"card","aggregate":"first_seen","value":"merchant"},
  {"name":"busy","per":"merchant","aggregate":"count","window":"1 day"},
  {"name":"night","expression":"extract(hour from tx_time) <= 6"}]', key => 'id');
INSERT INTO tx SELECT * FROM history WHERE id <= 3000;
SELECT version FROM fraud_train('m', 'fraud_features.f', event_time => 'tx_time', exclude => '{id,card,merchant,label_time}', params => '{"rounds": 10}');
CREATE FUNCTION skew() RETURNS TABLE (decisions bigint, rows bigint, different bigint) LANGUAGE sql AS $$
  SELECT count(DISTINCT d.decision_id), count(f.id),
    count(*) FILTER (WHERE array_send(d.features) IS DISTINCT FROM array_send(fraud_feature_vector(f)))
  FROM fraud.decision d LEFT JOIN fraud_features.f f ON f.id::text = d.key WHERE d.relation = 'tx'::regclass
$$;
SELECT fraud_guard('tx', 'm', review_at => 1, key => 'id', options => '{"event_time": "tx_time", "amount": "amount"}');

\echo row by row
DO $$
DECLARE
  r tx;
BEGIN
  FOR r IN SELECT * FROM history WHERE id BETWEEN 3001 AND 3200 ORDER BY tx_time LOOP
    INSERT INTO tx SELECT r.*;
  END LOOP;
END
$$;
SELECT * FROM skew();
\echo many rows in one statement
INSERT INTO tx SELECT * FROM history WHERE id BETWEEN 3201 AND 3500 ORDER BY tx_time;
SELECT * FROM skew();
\echo COPY
COPY (SELECT * FROM history WHERE id BETWEEN 3501 AND 4000 ORDER BY tx_time) TO PROGRAM 'cat > guard_inserts.copy';
COPY tx FROM PROGRAM 'cat guard_inserts.copy; rm guard_inserts.copy';
SELECT * FROM skew();
SELECT count(*), count(DISTINCT decided_at) > 1 AS each_at_its_time FROM fraud.decision;

\echo an earlier row of the same statement is history, a later one is not
CREATE TABLE small (id int PRIMARY KEY, card text, at timestamptz, amount numeric, flag bool);
CREATE INDEX ON small (card, at);
SELECT fraud_define_features('s', 'small', 'at', '[{"name":"n","per":"card","aggregate":"count","window":"1 day"}]', key => 'id');
INSERT INTO small SELECT i, 'c' || i % 7, '2026-01-01'::timestamptz + i * '1 hour'::interval, i * 37 % 101, i % 3 = 0 FROM generate_series(1, 500) AS i;
SELECT version FROM fraud_train('s', 'fraud_features.s', 'flag', event_time => 'at', features => '{n,amount}', params => '{"rounds": 2}');
SELECT fraud_guard('small', 's', review_at => 1, key => 'id');
CREATE VIEW counted AS SELECT key, features[2] AS n FROM fraud.decision WHERE relation = 'small'::regclass ORDER BY decision_id;
INSERT INTO small VALUES (1001, 'x', '2026-03-01 10:00+00', 1), (1002, 'x', '2026-03-01 11:00+00', 1), (1003, 'x', '2026-03-01 11:00+00', 1),
  (1004, 'x', '2026-03-01 10:30+00', 1), (1005, NULL, '2026-03-01 12:00+00', 1), (1006, 'x', NULL, 1);
SELECT * FROM counted;
\echo ... and what a data-modifying WITH and earlier statements of the transaction inserted
BEGIN;
INSERT INTO small VALUES (1011, 'y', '2026-03-01 10:00+00', 1);
WITH first AS (INSERT INTO small VALUES (1012, 'y', '2026-03-01 11:00+00', 1) RETURNING card)
  INSERT INTO small SELECT 1013, card, '2026-03-01 12:00+00', 1 FROM first;
SELECT * FROM counted WHERE key IN ('1011', '1012', '1013');
ROLLBACK;

\echo ON CONFLICT: decided before the conflict is known
INSERT INTO small VALUES (1001, 'x', '2026-03-01 10:00+00', 1), (1021, 'x', '2026-03-01 10:00+00', 1) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO small VALUES (1001, 'x', '2026-03-01 10:00+00', 1) ON CONFLICT (id) DO UPDATE SET amount = small.amount + 1 RETURNING id, amount;
SELECT key, count(*) FROM fraud.decision WHERE key IN ('1001', '1021') GROUP BY key ORDER BY key;
\echo a row that is quarantined in the middle of others
SELECT fraud_guard('small', 's', on_block => 'quarantine', review_at => 1, key => 'id');
SELECT fraud_rule('small', 'odd', 'id % 2 = 1', 'block');
WITH i AS (INSERT INTO small SELECT i, 'z', '2026-03-01', i FROM generate_series(2001, 2006) AS i RETURNING id) SELECT array_agg(id) FROM i;
SELECT array_agg("row" -> 'id' ORDER BY decision_id) FROM fraud.quarantine;

\echo partitions, with columns in another order and dropped ones
CREATE TABLE part (gone int, id int, card text, amount numeric, double numeric GENERATED ALWAYS AS (amount * 2) STORED, fraud_decision text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part_2 (fraud_decision text, amount numeric, double numeric GENERATED ALWAYS AS (amount * 2) STORED, more text, card text, id int, gone int);
ALTER TABLE part_2 DROP COLUMN more;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (100) TO (200);
ALTER TABLE part DROP COLUMN gone;
SELECT fraud_guard('part', model => '', on_block => 'flag', key => 'id', options => '{"amount": "double", "entities": {"card": "card"}, "record_row": "always"}');
SELECT fraud_rule('part', 'large', 'double > 100', 'block');
INSERT INTO part (id, card, amount) VALUES (1, 'a', 10), (2, 'a', 51), (101, 'a', 10), (102, 'b', 60);
INSERT INTO part_2 (id, card, amount) VALUES (103, 'b', 70);
CREATE TABLE part_3 PARTITION OF part FOR VALUES FROM (200) TO (300);
INSERT INTO part (id, card, amount) VALUES (201, 'c', 80);
SELECT tableoid::regclass, id, card, amount, double, fraud_decision FROM part ORDER BY id;
SELECT relation, key, amount, decision, "row" FROM fraud.decision WHERE relation = 'part'::regclass ORDER BY decision_id;
SELECT fraud_guard('part_2', model => '');
SELECT fraud_unguard('part_2');
SELECT fraud_rule('part_2', 'r', 'true', 'block');
SELECT (fraud_decide(p)).decision, (fraud_decide(q, 'part')).decision FROM part_2 p, part q WHERE p.id = 103 AND q.id = 103;
\echo a partition that goes, and one that comes with a guard of its own
ALTER TABLE part DETACH PARTITION part_1;
INSERT INTO part_1 (id, amount) VALUES (3, 300);
SELECT fraud_guard('part_1', model => '', key => 'id');
ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (100);
SELECT fraud_unguard('part');
ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (100);
INSERT INTO part (id, amount) VALUES (4, 300), (104, 300) RETURNING id, fraud_decision;
SELECT relation, key FROM fraud.decision WHERE relation = 'part_1'::regclass;

\echo large values, and a policy that changes within the transaction
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, note text);
SELECT fraud_guard('notes', model => '', key => 'id', options => '{"record_row": "always"}');
BEGIN;
INSERT INTO notes (note) SELECT string_agg(md5(i::text), '') FROM generate_series(1, 5000) AS i;
SELECT fraud_rule('notes', 'long', 'length(note) > 1000', 'block');
SAVEPOINT s;
INSERT INTO notes (note) SELECT note FROM notes;
ROLLBACK TO s;
SELECT fraud_rule('notes', 'long', 'length(note) > 1000', 'review');
INSERT INTO notes (note) SELECT note FROM notes;
ROLLBACK;
INSERT INTO notes (note) SELECT string_agg(md5(i::text), '') FROM generate_series(1, 5000) AS i;
SELECT key, policy, decision, outcome, md5("row" ->> 'note') = (SELECT md5(note) FROM notes) AS same
  FROM fraud.decision WHERE relation = 'notes'::regclass ORDER BY decision_id;

\echo a session that is not in the order of plans: cursors, prepared statements, PL/pgSQL
SELECT fraud_guard('notes', model => '');
PREPARE note(text) AS INSERT INTO notes (note) VALUES ($1) RETURNING note;
EXECUTE note('one');
SELECT fraud_rule('notes', 'two', $$note = 'two'$$, 'block');
EXECUTE note('two');
ALTER TABLE notes ADD amount int GENERATED ALWAYS AS (length(note)) STORED;
SELECT fraud_rule('notes', 'three', 'amount = 5', 'block');
EXECUTE note('three');
EXECUTE note('four');
ALTER TABLE notes DROP amount;
EXECUTE note('five');
SELECT decision, ground, error ->> 'sqlstate' AS sqlstate FROM fraud.decision WHERE relation = 'notes'::regclass ORDER BY decision_id DESC LIMIT 1;
DROP TABLE notes;
