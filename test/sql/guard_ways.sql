-- Ways into a guarded table other than a plain INSERT, and those that lead past its guard: what is decided on, and
-- what docs/guard.md says is not.
\set SHOW_CONTEXT never
CREATE TABLE pay (id int, amount numeric, note text) PARTITION BY RANGE (amount);
CREATE TABLE pay_low PARTITION OF pay FOR VALUES FROM (0) TO (100);
CREATE TABLE pay_high PARTITION OF pay FOR VALUES FROM (100) TO (1000000);
ALTER TABLE pay_low ADD PRIMARY KEY (id);
SELECT fraud_guard('pay', model => '', key => 'id');
SELECT fraud_rule('pay', 'large', 'amount > 1000', 'block');
CREATE VIEW seen AS SELECT key, decision, outcome FROM fraud.decision ORDER BY decision_id DESC LIMIT 1;

\echo views, rules, partitions, MERGE
CREATE VIEW pays AS SELECT * FROM pay;
INSERT INTO pays VALUES (1, 2000);
CREATE TABLE inbox (id int, amount numeric);
CREATE RULE forward AS ON INSERT TO inbox DO INSTEAD INSERT INTO pay VALUES (NEW.id, NEW.amount);
INSERT INTO inbox VALUES (2, 2000);
INSERT INTO pay_high VALUES (3, 2000);
MERGE INTO pay USING (VALUES (4, 2000)) AS v (id, amount) ON pay.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.amount);
WITH moved AS (DELETE FROM pay RETURNING *) INSERT INTO pay VALUES (5, 2000);
SELECT count(*), min(key), max(key) FROM fraud.decision WHERE outcome = 'rejected';
SELECT count(*) FROM pay;

\echo an UPDATE that moves a row to another partition inserts it there, one that does not is not decided on
INSERT INTO pay VALUES (6, 50);
UPDATE pay SET amount = 2000 WHERE id = 6;
TABLE seen;
UPDATE pay SET amount = 500 WHERE id = 6;
TABLE seen;
UPDATE pay SET amount = 2000 WHERE id = 6;
INSERT INTO pay_low VALUES (7, 50);
INSERT INTO pay_low VALUES (7, 50) ON CONFLICT (id) DO UPDATE SET note = 'updated';
SELECT id, amount, note FROM pay ORDER BY id;
SELECT key, decision FROM fraud.decision WHERE outcome = 'inserted' ORDER BY decision_id;

\echo rows that come with a partition are there already; children by inheritance have no guard
CREATE TABLE pay_more (id int, amount numeric, note text);
INSERT INTO pay_more VALUES (8, 2000000);
ALTER TABLE pay ATTACH PARTITION pay_more FOR VALUES FROM (1000000) TO (9000000);
INSERT INTO pay_more VALUES (9, 2000000);
CREATE TABLE plain (id int, amount numeric);
SELECT fraud_guard('plain', model => '', key => 'id');
SELECT fraud_rule('plain', 'large', 'amount > 1000', 'block');
CREATE TABLE child () INHERITS (plain);
INSERT INTO child VALUES (10, 2000);
SELECT id FROM plain;

\echo COPY FREEZE
BEGIN;
TRUNCATE ONLY plain;
COPY plain FROM PROGRAM 'echo 21,10; echo 22,20' WITH (FREEZE, FORMAT csv);
COMMIT;
BEGIN;
TRUNCATE ONLY plain;
COPY plain FROM PROGRAM 'echo 23,10; echo 24,2000' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT key, decision, outcome FROM fraud.decision WHERE key::int > 20 ORDER BY decision_id;

\echo savepoints, exceptions, two statements: a rejection stays on record, and so does nothing else
BEGIN;
INSERT INTO plain VALUES (11, 10);
SAVEPOINT s;
INSERT INTO plain VALUES (12, 2000);
ROLLBACK TO s;
SAVEPOINT s;
INSERT INTO plain VALUES (13, 10);
ROLLBACK TO s;
DO $$ BEGIN INSERT INTO public.plain VALUES (14, 10), (15, 2000); EXCEPTION WHEN SQLSTATE 'FD001' THEN NULL; END $$;
COMMIT;
SELECT p.id, d.key, d.outcome FROM fraud.decision d FULL JOIN ONLY plain p ON p.id::text = d.key
WHERE d.relation = 'plain'::regclass ORDER BY decision_id;

\echo a guard that was disabled is one again when it is asked for; that of a partition, too
ALTER TABLE plain DISABLE TRIGGER fraud_guard;
INSERT INTO plain VALUES (16, 2000);
SELECT name FROM fraud.rule WHERE relation = 'plain'::regclass;
SELECT fraud.disabled_guards('plain');
SELECT fraud_guard('plain', model => '', key => 'id');
INSERT INTO plain VALUES (17, 2000);
SELECT name FROM fraud.rule WHERE relation = 'plain'::regclass;
ALTER TABLE plain ENABLE REPLICA TRIGGER fraud_guard;
SELECT fraud_guard('plain', model => '', key => 'id');
INSERT INTO plain VALUES (18, 2000);
ALTER TABLE pay_high DISABLE TRIGGER ALL;
SELECT fraud.disabled_guards('pay');
SELECT fraud_guard('pay', model => '', key => 'id');
INSERT INTO pay VALUES (19, 2000);
ALTER TABLE plain ENABLE ALWAYS TRIGGER fraud_guard;
SELECT fraud_guard('plain', model => '', key => 'id');
SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'plain'::regclass;
