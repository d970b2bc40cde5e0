-- Rows that come from other sessions' SQL, by dblink and by postgres_fdw, and into tables whose policies apply to their owner, too.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE TABLE pay (id int, card text, amount numeric);
SELECT fraud_guard('pay', model => '', key => 'id', options => '{"entities": {"card": "card"}}');
SELECT fraud_rule('pay', 'large', 'amount > 1000', 'block');
CREATE TABLE kept (id int, card text, amount numeric);
SELECT fraud_guard('kept', model => '', key => 'id', on_block => 'quarantine');
SELECT fraud_rule('kept', 'large', 'amount > 1000', 'block');
CREATE VIEW recorded AS SELECT relation, key, decision, outcome, decided_by FROM fraud.decision ORDER BY decision_id;

\echo dblink: what was rejected is on record, the transaction here goes on
SELECT format('host=%s port=%s dbname=%s user=postgres', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'),
    current_database()) AS here \gset
SELECT dblink_connect('afar', :'here');
BEGIN;
SELECT dblink_exec('afar', 'INSERT INTO pay VALUES (1, ''c-1'', 10)');
SELECT dblink_exec('afar', 'INSERT INTO pay VALUES (2, ''c-1'', 2000)', false);
SELECT split_part(dblink_error_message('afar'), ':', 1) AS message;
SELECT dblink_exec('afar', 'INSERT INTO kept VALUES (3, ''c-1'', 2000)');
SELECT * FROM dblink('afar', 'INSERT INTO pay VALUES (4, ''c-1'', 20) RETURNING id, amount') AS inserted (id int, amount numeric);
COMMIT;
DO $$ BEGIN PERFORM dblink_exec('afar', 'INSERT INTO pay VALUES (5, ''c-1'', 3000)'); EXCEPTION WHEN SQLSTATE 'FD001' THEN RAISE WARNING 'rejected'; END $$;
SELECT dblink_disconnect('afar');
TABLE recorded;
SELECT id FROM pay ORDER BY id;

\echo postgres_fdw: the rejection ends both transactions, and is on record
SELECT split_part(current_setting('unix_socket_directories'), ',', 1) AS host, current_setting('port') AS port, current_database() AS name \gset
CREATE SERVER afar FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname :'name');
CREATE USER MAPPING FOR CURRENT_USER SERVER afar OPTIONS (user 'postgres');
CREATE FOREIGN TABLE far_pay (id int, card text, amount numeric) SERVER afar OPTIONS (table_name 'pay', batch_size '10');
CREATE FOREIGN TABLE far_kept (id int, card text, amount numeric) SERVER afar OPTIONS (table_name 'kept');
SELECT fraud_guard('far_pay', model => '');
INSERT INTO far_pay VALUES (11, 'c-1', 10), (12, 'c-1', 20);
INSERT INTO far_pay VALUES (13, 'c-1', 10), (14, 'c-1', 4000);
BEGIN;
INSERT INTO far_pay VALUES (15, 'c-1', 30);
INSERT INTO far_pay VALUES (16, 'c-1', 5000);
COMMIT;
INSERT INTO far_kept VALUES (17, 'c-1', 6000), (18, 'c-1', 60);
SELECT id FROM far_pay ORDER BY id;
SELECT id FROM far_kept ORDER BY id;
SELECT key, decision, outcome FROM recorded WHERE key::int > 10;
SELECT "row" ->> 'id' AS id, status FROM fraud.quarantine ORDER BY decision_id;

\echo FORCE ROW LEVEL SECURITY: history is what the policy shows the owner, whoever inserts; a row that the policy refuses leaves no decision
CREATE ROLE guard_afar_owner;
CREATE ROLE guard_afar_payer;
GRANT CREATE ON SCHEMA public, fraud_features TO guard_afar_owner;
GRANT USAGE ON SCHEMA fraud, fraud_features TO guard_afar_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, fraud TO guard_afar_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA fraud TO guard_afar_owner;
GRANT INSERT ON fraud.policy, fraud.feature_set TO guard_afar_owner;
SET ROLE guard_afar_owner;
CREATE TABLE tenants (id int, tenant text, card text, at timestamptz, is_fraud bool);
CREATE INDEX ON tenants (card, at);
INSERT INTO tenants SELECT i, CASE i % 3 WHEN 0 THEN 'mine' ELSE 'theirs' END, 'c-' || i % 2, '2026-01-01'::timestamptz + i * interval '1 hour', i % 5 = 0
    FROM generate_series(1, 60) AS i;
SELECT FROM fraud_define_features('seen_cards', 'tenants', 'at', '[{"name": "n", "per": "card", "aggregate": "count", "window": "30 days"}]');
RESET ROLE;
SELECT FROM fraud_train('tenants', 'SELECT n, is_fraud FROM fraud_features.seen_cards', params => '{"rounds": 2}');
SET ROLE guard_afar_owner;
SELECT fraud_guard('tenants', 'tenants', review_at => 1, block_at => 1, key => 'id', options => '{"event_time": "at", "entities": {"card": "card"}}');
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants FOR SELECT USING (tenant = 'mine');
CREATE POLICY paying ON tenants FOR INSERT WITH CHECK (tenant <> 'nobody');
GRANT INSERT ON tenants TO guard_afar_payer;
SELECT count(*) FROM tenants WHERE card = 'c-1';
INSERT INTO tenants VALUES (101, 'mine', 'c-1', '2026-01-10', false), (102, 'theirs', 'c-1', '2026-01-11', false), (103, 'mine', 'c-1', '2026-01-12', false);
INSERT INTO tenants VALUES (104, 'nobody', 'c-1', '2026-01-13', false);
SET ROLE guard_afar_payer;
INSERT INTO tenants VALUES (105, 'theirs', 'c-1', '2026-01-14', false);
RESET ROLE;
INSERT INTO tenants VALUES (106, 'theirs', 'c-1', '2026-01-15', false);
SELECT key, features, outcome, error IS NULL AS no_error, decided_by FROM fraud.decision WHERE relation = 'tenants'::regclass ORDER BY decision_id;

DROP SERVER afar CASCADE;
DROP EXTENSION dblink, postgres_fdw;
DROP OWNED BY guard_afar_owner, guard_afar_payer CASCADE;
DROP ROLE guard_afar_owner, guard_afar_payer;
