-- What an administrator does to the tables that decisions are stored in: indexes, columns and constraints of one's own,
-- storage that a rollback takes back. Rejected rows' decisions have all their index entries, or are not there at all.
\set SHOW_CONTEXT never
CREATE EXTENSION amcheck;
CREATE TABLE payments (id int, card text, note text);
SELECT fraud_list_add('stolen', 'card', 'c-666', 'block');
SELECT fraud_guard('payments', model => '', key => 'id', options => '{"entities": {"card": "card"}}');

-- Indexes that lack an entry of a row, or the like.
CREATE FUNCTION pg_temp.damage(index regclass) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM bt_index_parent_check(index, true, true);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM;
END $$;
CREATE VIEW pg_temp.damaged AS
SELECT i.indexrelid::regclass, pg_temp.damage(i.indexrelid)
FROM pg_class c JOIN pg_index i ON i.indrelid IN (c.oid, c.reltoastrelid)
WHERE c.relnamespace = 'fraud'::regnamespace AND c.relname LIKE 'decision%' AND pg_temp.damage(i.indexrelid) IS NOT NULL;
CREATE VIEW pg_temp.kept AS SELECT key, outcome FROM fraud.decision ORDER BY decision_id;

-- An index that cannot have the row: neither the row nor a decision.
INSERT INTO payments VALUES (1, 'c-666');
CREATE INDEX by_expression ON fraud.decision_default ((10 / (length(key) - 2)));
CREATE INDEX behind_it ON fraud.decision_default (key);
INSERT INTO payments VALUES (12, 'c-666');
INSERT INTO payments VALUES (123, 'c-666');
DROP INDEX fraud.by_expression;
CREATE INDEX by_predicate ON fraud.decision_default (key) WHERE 10 / (length(key) - 2) > 0;
INSERT INTO payments VALUES (12, 'c-666');
DROP INDEX fraud.by_predicate;
CREATE UNIQUE INDEX unique_key ON fraud.decision_default (key);
INSERT INTO payments VALUES (1, 'c-666');
INSERT INTO payments VALUES (2, 'c-666');
DROP INDEX fraud.unique_key;
CREATE INDEX by_note ON fraud.decision_default (("row" ->> 'note'));
\set VERBOSITY terse
INSERT INTO payments SELECT 3, 'c-666', string_agg(md5(i::text), '') FROM generate_series(1, 200) AS i;
\set VERBOSITY default
INSERT INTO payments SELECT 4, 'c-666', string_agg(md5(i::text), '') FROM generate_series(1, 80) AS i;
DROP INDEX fraud.by_note, fraud.behind_it;
ALTER TABLE fraud.decision_default ADD CONSTRAINT one_at_a_time EXCLUDE (key WITH =) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO payments VALUES (5, 'c-666');
ALTER TABLE fraud.decision_default DROP CONSTRAINT one_at_a_time;
SELECT * FROM pg_temp.kept;
SELECT * FROM pg_temp.damaged;

-- Storage that a rollback takes back: the client is told.
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE regress_decision_storage LOCATION '';
BEGIN;
ALTER INDEX fraud.decision_default_decision_id_idx SET TABLESPACE regress_decision_storage;
INSERT INTO payments VALUES (11, 'c-666');
ROLLBACK;
BEGIN;
REINDEX INDEX fraud.decision_default_decision_id_idx;
INSERT INTO payments VALUES (12, 'c-666');
ROLLBACK;
BEGIN;
DROP INDEX fraud.decision_default_decision_id_idx;
INSERT INTO payments VALUES (13, 'c-666');
ROLLBACK;
BEGIN;
DO $$ BEGIN
  EXECUTE (SELECT 'REINDEX TABLE ' || c.reltoastrelid::regclass FROM pg_class c WHERE c.oid = 'fraud.decision_default'::regclass);
END $$;
INSERT INTO payments SELECT 14, 'c-666', string_agg(md5(i::text), '') FROM generate_series(1, 1000) AS i;
ROLLBACK;
BEGIN;
CLUSTER fraud.decision_default USING decision_default_decision_id_idx;
INSERT INTO payments VALUES (15, 'c-666');
ROLLBACK;
BEGIN;
LOCK TABLE fraud.decision_default IN SHARE MODE;
INSERT INTO payments VALUES (16, 'c-666');
ROLLBACK;
DROP TABLESPACE regress_decision_storage;
-- As soon as it is a savepoint's that was rolled back, or committed, it does not matter.
BEGIN;
SAVEPOINT s;
REINDEX INDEX fraud.decision_default_decision_id_idx;
ROLLBACK TO s;
INSERT INTO payments VALUES (17, 'c-666');
ROLLBACK;
REINDEX INDEX fraud.decision_default_decision_id_idx;
INSERT INTO payments VALUES (18, 'c-666');
SELECT * FROM pg_temp.kept WHERE length(key) = 2;
SELECT * FROM pg_temp.damaged;

-- Columns of one's own have their defaults, in the partitions of coming months, too. Constraints count.
ALTER TABLE fraud.decision ADD COLUMN region text NOT NULL DEFAULT 'eu', ADD COLUMN day date GENERATED ALWAYS AS
  ((decided_at AT TIME ZONE 'UTC')::date) STORED, ADD CONSTRAINT not_17 CHECK (key <> '17') NOT VALID;
INSERT INTO payments VALUES (21, 'c-666');
INSERT INTO payments VALUES (22, 'c-1');
\set VERBOSITY terse
INSERT INTO payments VALUES (17, 'c-666');
\set VERBOSITY default
SELECT key, outcome, region, day = (decided_at AT TIME ZONE 'UTC')::date AS day FROM fraud.decision ORDER BY decision_id DESC LIMIT 2;
ALTER TABLE fraud.decision DROP CONSTRAINT not_17;
SELECT count(*) FROM fraud_decision_partitions(2) WHERE rows_moved > 5;
INSERT INTO payments VALUES (23, 'c-666');
SELECT tableoid = 'fraud.decision_default'::regclass AS default_partition, key, outcome, region, day = (decided_at AT TIME ZONE 'UTC')::date AS day
FROM fraud.decision ORDER BY decision_id DESC LIMIT 3;
ALTER TABLE fraud.decision ALTER COLUMN region DROP DEFAULT;
\set VERBOSITY sqlstate
INSERT INTO payments VALUES (24, 'c-666');
\set VERBOSITY default
ALTER TABLE fraud.decision DROP COLUMN region, DROP COLUMN day;
INSERT INTO payments VALUES (25, 'c-666');
SELECT key, outcome FROM fraud.decision ORDER BY decision_id DESC LIMIT 1;
SELECT * FROM pg_temp.damaged;
ALTER TABLE fraud.quarantine ADD COLUMN team text NOT NULL DEFAULT 'night';
SELECT fraud_guard('payments', model => '', key => 'id', on_block => 'quarantine', options => '{"entities": {"card": "card"}}');
INSERT INTO payments VALUES (31, 'c-666');
SELECT "row" ->> 'id' AS id, team, status FROM fraud.quarantine;
