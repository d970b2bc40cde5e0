-- The record of decisions: append-only for everybody, by month, purged by age only; views of it.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixture :abs_srcdir '/sql/fixture/decision.sql'
\i :fixture
SET timezone = 'UTC';
CREATE TABLE payments (id int, card text, amount numeric);
SELECT pg_temp.recorded('payments', decided_at => '2020-01-31 23:59:59+00');
SELECT pg_temp.recorded('payments', decided_at => '2020-02-01 00:00:00+00');
SELECT pg_temp.recorded('payments', decided_at => now());

-- Nobody writes, changes or removes.
\set VERBOSITY default
INSERT INTO fraud.decision SELECT * FROM fraud.decision LIMIT 1;
INSERT INTO fraud.decision_default SELECT * FROM fraud.decision LIMIT 1;
UPDATE fraud.decision SET latency_us = 0;
DELETE FROM fraud.decision_default;
TRUNCATE fraud.decision;
TRUNCATE fraud.decision_default;
SET session_replication_role = replica;
DELETE FROM fraud.decision;
RESET session_replication_role;
-- An empty search_path is a superuser's way only.
CREATE ROLE regress_decision_writer;
GRANT USAGE ON SCHEMA fraud TO regress_decision_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON fraud.decision, fraud.quarantine TO regress_decision_writer;
SET ROLE regress_decision_writer;
SELECT pg_catalog.set_config('search_path', '', false);
INSERT INTO fraud.decision SELECT * FROM fraud.decision LIMIT 1;
UPDATE fraud.decision SET latency_us = 0;
SET search_path = public;
\set VERBOSITY sqlstate
SELECT fraud_purge('1 year');
SELECT fraud_decision_partitions();
SELECT fraud.purge_rows('fraud.decision_default', now() - interval '1 year');
RESET ROLE;

-- Months; rows move to theirs.
SELECT partition, rows_moved FROM fraud_decision_partitions(2) WHERE rows_moved > 0 AND partition < 'fraud.decision_2021';
SELECT count(*), min(since) = date_trunc('month', now()), max(until) = date_trunc('month', now()) + interval '2 months'
FROM fraud.decision_partition WHERE since > '2021-01-01';
SELECT count(*) FROM fraud_decision_partitions(2);
SELECT count(*) FROM fraud_decision_partitions(3);
SELECT tableoid::regclass, decided_at FROM fraud.decision WHERE decided_at < '2021-01-01' ORDER BY decided_at;
SELECT count(*) FROM fraud.decision_default;
SELECT fraud_decision_partitions(0);
SELECT fraud_decision_partitions(NULL);
\set VERBOSITY default
TRUNCATE fraud.decision_2020_01;
DELETE FROM fraud.decision_2020_01;
-- Each partition has what queries and guards need.
SELECT count(DISTINCT p.partition) = count(*) FILTER (WHERE i.indkey[0] = 1) FROM fraud.decision_partition p
JOIN pg_index i ON i.indrelid = p.partition;

-- Purge
SELECT pg_temp.recorded('payments', decided_at => '2020-03-15 00:00:00+00');
SELECT fraud_purge('23 hours');
SELECT fraud_purge(NULL);
SELECT fraud.purge_rows('payments', '2020-02-01');
SELECT fraud.purge_rows('fraud.decision_default', now());
INSERT INTO fraud.list_entry (list, kind, value, decision) VALUES ('stolen', 'card', 'c-1', 'block'), ('stolen', 'card', 'c-2', 'block');
ALTER TABLE fraud.list_entry DISABLE TRIGGER list_entry_is_removed_only;
UPDATE fraud.list_entry SET removed_at = '2020-01-01', removed_by = current_user WHERE value = 'c-2';
ALTER TABLE fraud.list_entry ENABLE ALWAYS TRIGGER list_entry_is_removed_only;
INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_at)
  VALUES ('payments', '1', true, 'chargeback', '2020-01-01', '2020-01-01'), ('payments', '2', true, 'chargeback', '2020-01-01', now());
SELECT relation, removed FROM fraud_purge(now() - timestamptz '2020-02-15 00:00+00') ORDER BY relation COLLATE "C";
SELECT decided_at FROM fraud.decision WHERE decided_at < '2021-01-01';
SELECT relation, removed FROM fraud_purge('1 year') ORDER BY relation COLLATE "C";
SELECT count(*) FROM fraud.decision;
SELECT value FROM fraud.list_entry;
SELECT key FROM fraud.label;

-- Views
SELECT pg_temp.recorded('payments', 'block', 'list', 'rejected', with_values => '{"key": "1", "amount": 12.5,
  "lists": [{"entry_id": 1, "list": "vip", "kind": "customer", "decision": "approve"}, {"entry_id": 2, "list": "stolen", "kind": "card", "decision": "block"}]}');
SELECT pg_temp.recorded('payments', 'block', 'rule', 'inserted', with_values => '{"key": "2", "score": 0.25, "random_pass": true,
  "rules": [{"name": "night", "decision": "block"}]}');
SELECT pg_temp.recorded('payments', 'review', 'score', with_values => '{"key": "3", "score": 0.912345,
  "reasons": [{"reason": "amount is high"}, {"reason": "new device"}, {"reason": "far away"}, {"reason": "left out"}]}');
SELECT pg_temp.recorded('payments', 'approve', 'error', with_values => '{"error": {"sqlstate": "FD002", "message": "there is no model yet"}}')
FROM generate_series(1, 2);
SELECT key, amount, score, decision, ground, outcome, reason FROM fraud.decisions LIMIT 5;
SELECT relation, sqlstate, decisions, decided, latest_message FROM fraud.decision_errors;

DROP OWNED BY regress_decision_writer;
DROP ROLE regress_decision_writer;
