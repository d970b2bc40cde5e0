-- Rows in quarantine: released as they were, once, without asking the guard again, or discarded.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE TABLE payments (
  id int GENERATED ALWAYS AS IDENTITY, card text, amount numeric(12,2), at timestamptz DEFAULT '2026-01-01 00:00+00',
  with_fee numeric GENERATED ALWAYS AS (amount + 1) STORED) PARTITION BY RANGE (amount);
CREATE TABLE payments_high (card text, gone int, amount numeric(12,2), id int NOT NULL, at timestamptz,
  with_fee numeric GENERATED ALWAYS AS (amount + 1) STORED);
ALTER TABLE payments_high DROP COLUMN gone;
CREATE TABLE payments_low PARTITION OF payments FOR VALUES FROM (0) TO (100);
ALTER TABLE payments ATTACH PARTITION payments_high FOR VALUES FROM (100) TO (1000000);
INSERT INTO fraud.list_entry (list, kind, value, decision) VALUES ('stolen', 'card', 'c-666', 'block');
SELECT fraud_guard('payments', model => '', on_block => 'quarantine', key => 'id',
  options => '{"entities": {"card": "card"}, "amount": "amount"}');
INSERT INTO payments (card, amount) VALUES ('c-1', 5), ('c-666', 10.50), ('c-666', 250), ('c-666', 300), ('c-666', 20);
SELECT * FROM payments;
SELECT decision_id, relation, "row", status FROM fraud.quarantine ORDER BY decision_id;
CREATE TEMPORARY TABLE recorded AS SELECT d::text AS d FROM fraud.decision d;

SELECT fraud_release(2);
SELECT fraud_release(3, note => 'customer confirmed');
SELECT tableoid::regclass, * FROM payments ORDER BY id;
SELECT fraud_discard(5, 'asked the customer');
SELECT decision_id, status, resolved_by = current_user AS by_me, resolved_at <= clock_timestamp() AS before_now, note
FROM fraud.quarantine ORDER BY decision_id;
-- The record stays what it was, and is not added to.
SELECT count(*) FROM (SELECT d::text FROM fraud.decision d EXCEPT ALL TABLE recorded) AS different;
SELECT count(*) FROM fraud.decision;

-- Once.
\set VERBOSITY sqlstate
SELECT fraud_release(3);
SELECT fraud_discard(3);
SELECT fraud_release(5);
SELECT fraud_release(99);
SELECT fraud_release(NULL);
SELECT fraud_discard(99);
\set VERBOSITY default
UPDATE fraud.quarantine SET status = 'released' WHERE decision_id = 4;
INSERT INTO fraud.quarantine (decision_id, relation, "row") VALUES (100, 'payments', '{}');
DELETE FROM fraud.quarantine;
TRUNCATE fraud.quarantine;
-- A release that fails leaves the row held.
ALTER TABLE payments ADD CHECK (id <> 4);
SELECT fraud_release(4);
SELECT status FROM fraud.quarantine WHERE decision_id = 4;

-- Other triggers of the table: what they insert is decided about, before and after our row's own guard.
CREATE TABLE transfers (id int, card text, note text);
SELECT fraud_guard('transfers', model => '', on_block => 'quarantine', options => '{"entities": {"card": "card"}}');
CREATE FUNCTION insert_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() = 1 THEN
    INSERT INTO transfers VALUES (NEW.id + 100, 'c-666', TG_NAME);
  END IF;
  RETURN NEW;
END $$;
INSERT INTO transfers VALUES (1, 'c-666', 'held');
CREATE TRIGGER a_before BEFORE INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION insert_more();
CREATE TRIGGER z_before BEFORE INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION insert_more();
CREATE TRIGGER z_after AFTER INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION insert_more();
SELECT fraud_release(min(decision_id)) FROM fraud.quarantine WHERE relation = 'transfers'::regclass;
TABLE transfers;
SELECT "row", status FROM fraud.quarantine WHERE relation = 'transfers'::regclass ORDER BY decision_id;
DROP TRIGGER a_before ON transfers;
DROP TRIGGER z_before ON transfers;
DROP TRIGGER z_after ON transfers;

-- A table that has changed: new columns have their defaults, lost ones are not lost silently.
INSERT INTO transfers VALUES (2, 'c-666', 'new column'), (3, 'c-666', 'lost column');
ALTER TABLE transfers ADD COLUMN later int DEFAULT 42;
SELECT fraud_release(decision_id) FROM fraud.quarantine WHERE "row" ->> 'note' = 'new column';
TABLE transfers;
ALTER TABLE transfers RENAME COLUMN note TO remark;
SELECT fraud_release(decision_id) FROM fraud.quarantine WHERE "row" ->> 'note' = 'lost column';
-- A trigger that keeps the row out.
ALTER TABLE transfers RENAME COLUMN remark TO note;
CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep_out BEFORE INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION keep_out();
SELECT fraud_release(decision_id) FROM fraud.quarantine WHERE "row" ->> 'note' = 'lost column';
DROP TRIGGER keep_out ON transfers;
-- After it, nothing passes its guard.
INSERT INTO transfers VALUES (4, 'c-666', 'held');
SELECT count(*) FROM transfers WHERE id = 4;

-- A table that is gone: its rows can be discarded.
CREATE TABLE dropped (id int);
SELECT fraud_guard('dropped', model => '', on_block => 'quarantine'), fraud_rule('dropped', 'all', 'true', 'block');
INSERT INTO dropped VALUES (1);
SELECT decision_id AS held FROM fraud.quarantine WHERE relation = 'dropped'::regclass \gset
DROP TABLE dropped;
\set VERBOSITY sqlstate
SELECT fraud_release(:held);
\set VERBOSITY default
SELECT fraud_discard(:held)::oid > 0 AS discarded;

-- As the caller: who may release needs INSERT on the table.
CREATE ROLE regress_quarantine_analyst;
GRANT USAGE ON SCHEMA fraud TO regress_quarantine_analyst;
GRANT SELECT, UPDATE ON fraud.quarantine TO regress_quarantine_analyst;
SET ROLE regress_quarantine_analyst;
SELECT fraud_release(1);
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraud_release, fraud_discard TO regress_quarantine_analyst;
SELECT decision_id AS held FROM fraud.quarantine WHERE "row" ->> 'note' = 'lost column' \gset
SET ROLE regress_quarantine_analyst;
SELECT fraud_release(:held);
RESET ROLE;
GRANT INSERT ON transfers TO regress_quarantine_analyst;
SET ROLE regress_quarantine_analyst;
SELECT fraud_release(:held);
RESET ROLE;
SELECT resolved_by FROM fraud.quarantine WHERE decision_id = :held;
DROP OWNED BY regress_quarantine_analyst;
DROP ROLE regress_quarantine_analyst;

\echo a row that jsonb cannot hold is rejected, and that is on record
CREATE TABLE documents (id int, document json);
SELECT fraud_guard('documents', model => '', on_block => 'quarantine', key => 'id');
SELECT fraud_rule('documents', 'all', 'id > 0', 'block'), fraud_rule('documents', 'some', 'id = 0', 'review');
INSERT INTO documents VALUES (1, '{"a": "\u0000"}');
INSERT INTO documents VALUES (2, '{"a": 1e1000000}');
INSERT INTO documents VALUES (3, '{"a": "\ud800"}');
INSERT INTO documents VALUES (4, '{"a": 1}');
INSERT INTO documents VALUES (0, '{"a": "\u0000"}');
SELECT fraud_guard('documents', model => '', key => 'id');
INSERT INTO documents VALUES (5, '{"a": "\u0000"}');
SELECT d.key, d.decision, d.outcome, d."row", q.status, (SELECT bool_and(r.equal) FROM fraud_replay(d.decision_id) AS r) AS equal
FROM fraud.decision d LEFT JOIN fraud.quarantine q USING (decision_id) WHERE d.relation = 'documents'::regclass ORDER BY decision_id;
