-- What a reading of events leaves behind (features_index.c, recent_pages.c): pages that count as used, hits in the
-- statistics, entries of dead rows marked so, and no memory for plans that are gone.
\set VERBOSITY terse
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION pg_buffercache;
CREATE TABLE paid (id int, card int, at timestamptz, amount int) WITH (autovacuum_enabled = off);
INSERT INTO paid SELECT i, i % 40, '2026-01-01'::timestamptz + i * '1 minute'::interval, i % 91 FROM generate_series(1, 8000) AS i;
CREATE INDEX paid_history ON paid (card, at) INCLUDE (amount);
SELECT FROM fraud_define_features('f', 'paid', 'at', '[
    {"name": "n", "per": "card", "aggregate": "count", "window": "100 days"}, {"name": "s", "per": "card", "aggregate": "sum", "value": "amount", "window": "100 days"}]');
SELECT FROM fraud_train('m', 'SELECT n, s, amount > 45 AS is_fraud FROM fraud_features.f', params => '{"rounds": 2}');
ANALYZE paid;
CREATE FUNCTION score_last(of_card int) RETURNS float8 STABLE LANGUAGE sql AS 'SELECT fraud_score(p, ''m'') FROM paid AS p WHERE card = of_card ORDER BY at DESC LIMIT 1';
CREATE FUNCTION blocks(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) ' || query INTO plan;
    RETURN plan #>> '{0,Plan,Shared Hit Blocks}';
END $$;

-- Rows that nobody can see any more cost one reading, not each: what the index says of them and their pages are cleaned by it.
SELECT score_last(7) IS NOT NULL AS scored;
SELECT blocks('SELECT score_last(7)') AS before \gset
DO 'BEGIN FOR i IN 1 .. 20 LOOP UPDATE paid SET amount = amount + 1 WHERE card = 7; COMMIT; END LOOP; END';
SELECT blocks('SELECT score_last(7)') AS dirty \gset
-- What other sessions do may keep rows from being dead for everybody, for a while.
CREATE PROCEDURE sweep(most bigint) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + interval '1 minute';
BEGIN
    WHILE blocks('SELECT score_last(7)') > most AND clock_timestamp() < until LOOP
        COMMIT;
    END LOOP;
END $$;
CALL sweep(2 * :before);
SELECT :dirty > 5 * :before AS many_dead, blocks('SELECT score_last(7)') < 2 * :before AS swept;

-- Of an early row, the entries up to its time are cleaned, and those of later rows not looked at.
CREATE FUNCTION score_early() RETURNS float8 STABLE LANGUAGE sql AS
    $$SELECT fraud_score((0, 11, '2026-01-01'::timestamptz + 820 * '1 minute'::interval, 3)::paid, 'm')$$;
SELECT score_early() IS NOT NULL AS scored;
SELECT blocks('SELECT score_early()') AS before \gset
DO 'BEGIN FOR i IN 1 .. 20 LOOP UPDATE paid SET amount = amount + 1 WHERE id IN (11, 51); COMMIT; END LOOP; END';
SELECT score_early() IS NOT NULL AS scored;
SELECT blocks('SELECT score_early()') - :before < 55 AS only_early;

-- A dead row among others of its key cannot be marked: it is not swept each time.
CREATE TABLE daily (card int, day date, amount int) WITH (autovacuum_enabled = off);
INSERT INTO daily SELECT i % 10, '2026-01-01'::date + i / 2000, i % 91 FROM generate_series(1, 20000) AS i;
CREATE INDEX ON daily (card, day);
SELECT FROM fraud_define_features('d', 'daily', 'day', '[{"name": "s", "per": "card", "aggregate": "sum", "value": "amount", "window": "5 days"}]');
SELECT FROM fraud_train('d', 'SELECT s, amount > 45 AS is_fraud FROM fraud_features.d', params => '{"rounds": 2}');
ANALYZE daily;
CREATE FUNCTION score_day() RETURNS bigint LANGUAGE sql AS
    $$SELECT sum(blocks('SELECT fraud_score((3, ''2026-01-10'', 5)::daily, ''d'')')) FROM generate_series(1, 20)$$;
SELECT score_day() > 0 AS scored;
SELECT score_day() AS before \gset
DELETE FROM daily WHERE ctid = (SELECT min(ctid) FROM daily WHERE card = 3 AND day = '2026-01-08');
SELECT score_day() < 1.03 * :before AS not_each_time;

-- Pages that are read again and again count as used as any, and hits are counted for the table as any.
VACUUM FULL paid;
SELECT sum(score_last(9)) IS NOT NULL AS scored FROM generate_series(1, 10);
SELECT min(usagecount), max(usagecount) FROM pg_buffercache
    WHERE relfilenode = pg_relation_filenode('paid') AND relforknumber = 0 AND reldatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND relblocknumber IN (SELECT (ctid::text::point)[0]::bigint FROM paid WHERE card = 9);
SELECT pg_stat_force_next_flush();
SELECT pg_stat_get_blocks_fetched('paid'::regclass) AS fetched, pg_stat_get_blocks_hit('paid'::regclass) AS hit \gset
SELECT sum(score_last(9)) IS NOT NULL AS scored FROM generate_series(1, 10);
SELECT pg_stat_force_next_flush();
SELECT pg_stat_get_blocks_fetched('paid'::regclass) - :fetched > 10 * 200 AS fetched, pg_stat_get_blocks_hit('paid'::regclass) - :hit > 10 * 200 AS hit;

-- What is known of a plan goes with it.
SELECT score_last(9) IS NOT NULL AS scored;
SELECT sum(total_bytes) AS before FROM pg_backend_memory_contexts WHERE name = 'fraud_detect index of events' \gset
DO 'DECLARE scored float8; BEGIN FOR i IN 1 .. 200 LOOP EXECUTE ''ANALYZE paid''; EXECUTE ''SELECT score_last(9)'' INTO scored; END LOOP; END';
SELECT sum(total_bytes) - :before AS more FROM pg_backend_memory_contexts WHERE name = 'fraud_detect index of events';

SELECT FROM fraud_drop_model('m');
SELECT FROM fraud_drop_model('d');
SELECT FROM fraud_drop_features('d');
SELECT FROM fraud_drop_features('f');
DROP TABLE paid, daily;
DROP FUNCTION score_last, score_early, score_day, blocks;
DROP PROCEDURE sweep;
DROP EXTENSION pg_buffercache;
