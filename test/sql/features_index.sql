-- Events of a row are read straight from an index where the planner's plan is no more than that (features_index.c),
-- and by the executor otherwise. Both ways give what the view gives, whatever the index holds and VACUUM has seen.
\set VERBOSITY terse
\set ON_ERROR_STOP on
CREATE DOMAIN card_token AS varchar(20);
CREATE TABLE paid (id int, at timestamptz, day date, token card_token, label name, shop int, amount numeric(12, 2), cents bigint, is_fraud bool,
    till int);
INSERT INTO paid SELECT i, '2026-01-01 00:00+00'::timestamptz + i * '7 minutes'::interval, '2026-01-01'::date + i / 205, 'card ' || i * 37 % 401,
    'label ' || i % 399, NULLIF(i * 13 % 397, 5), NULLIF(i % 1009, 7) / 4.0, NULLIF(i % 211, 3), i % 50 = 0, i % 7 FROM generate_series(1, 20000) AS i;
-- No time at all is no event, as are times without end.
INSERT INTO paid SELECT i, CASE i % 3 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' END::timestamptz, CASE i % 3 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' END::date,
    'card ' || i % 401, 'label ' || i % 399, i % 397, 1000, 1000, false, i % 7 FROM generate_series(20001, 21000) AS i;

-- One column has gone again, before those that are added in the end.
ALTER TABLE paid ADD COLUMN gone text;
UPDATE paid SET gone = repeat('g', id % 200) WHERE id % 3 = 0;
ALTER TABLE paid DROP COLUMN gone;

-- skew(name, index): features compared and different when this is the only index and holds entries of rows that have gone.
CREATE FUNCTION skew(name text, indexed text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    DROP INDEX IF EXISTS paid_history;
    EXECUTE 'CREATE INDEX paid_history ON paid ' || indexed;
    UPDATE paid SET amount = amount + 1, cents = cents + 1 WHERE id % 5 = 0;
    DELETE FROM paid WHERE id % 499 = 1;
    INSERT INTO paid SELECT id + 1, at, day, token, label, shop, amount, cents, is_fraud, till FROM paid WHERE id % 499 = 0;
    ANALYZE paid;
    SELECT format('%s values, %s different', sum(compared), sum(different)) INTO found FROM fraud_skew_check(name, 60);
    RETURN found;
END $$;

CREATE FUNCTION define(name text, per text, event_time text, value text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(fraud_define_features(name, 'paid', event_time, format('[
        {"name": "n", "per": %1$s, "aggregate": "count", "window": "10 days"}, {"name": "s", "per": %1$s, "aggregate": "sum", "value": %2$s, "window": "30 days"},
        {"name": "m", "per": %1$s, "aggregate": "max", "value": %2$s, "window": "3 days", "delay": "1 day"}]', per, value)::jsonb)::text)
$$;
SET client_min_messages = error;
SELECT define('by_token', '"token"', 'at', '"amount"'), define('by_shop', '"shop"', 'at', '"cents"'), define('by_both', '["token", "shop"]', 'at', '"amount"'),
    define('by_label', '"label"', 'at', '"amount"'), define('by_day', '"shop"', 'day', '"amount"'), define('of_expression', '"shop"', 'at', '"amount * 2"'), define('by_till', '"till"', 'at', '"amount"');
-- Nothing is known to be visible to all yet.
SELECT name, indexed, skew(name, indexed) FROM (VALUES
    ('by_token', '(token, at) INCLUDE (amount)'), ('by_token', '(token, at)'), ('by_token', '(token, at DESC) INCLUDE (amount)'),
    ('by_token', '(at, token, amount)'), ('by_token', '(token, at, amount) WHERE amount IS NOT NULL'),
    ('by_shop', '(shop, at) INCLUDE (cents)'), ('by_shop', '(shop DESC, at DESC, cents)'), ('by_both', '(token, shop, at) INCLUDE (amount)'),
    ('by_label', '(label, at) INCLUDE (amount)'), ('by_label', '(label, at)'), ('by_day', '(shop, day) INCLUDE (amount)'),
    ('of_expression', '(shop, at) INCLUDE (amount)'), ('by_day', '(shop, day DESC)'), ('by_till', '(till, at) INCLUDE (amount)'), ('by_till', '(till, at)'),
    ('by_till', '(till, at NULLS FIRST)')) AS tried (name, indexed);
-- The same where VACUUM has been, and in part where it has not.
VACUUM paid;
SELECT skew('by_token', '(token, at) INCLUDE (amount)');
SELECT skew('by_token', '(token, at) INCLUDE (amount)'), skew('by_shop', '(shop, at) INCLUDE (cents)');
-- Pages are other ones after the table is written anew, and fewer after it is emptied.
VACUUM FULL paid;
SELECT skew('by_till', '(till, at)'), skew('by_till', '(till, at) INCLUDE (amount)');
CREATE TEMP TABLE kept AS SELECT * FROM paid WHERE id % 2 = 0;
TRUNCATE paid;
INSERT INTO paid SELECT * FROM kept ORDER BY id DESC;
DROP TABLE kept;
SELECT skew('by_till', '(till, at)'), skew('by_till', '(till, at) INCLUDE (amount)');
-- What this transaction has inserted counts, what another subtransaction has rolled back does not.
BEGIN;
INSERT INTO paid SELECT id + 100000, at + '1 minute', day, token, label, shop, amount, cents, is_fraud, till FROM paid WHERE id BETWEEN 19001 AND 20000;
SAVEPOINT gone;
DELETE FROM paid WHERE id % 3 = 0;
ROLLBACK TO gone;
SELECT skew('by_token', '(token, at) INCLUDE (amount)');
COMMIT;
-- Columns that are NULL, have a length and an alignment of their own, or were added after the rows: all before what is wanted.
ALTER TABLE paid ADD COLUMN flag bool, ADD COLUMN kind "char", ADD COLUMN code char(3), ADD COLUMN small smallint, ADD COLUMN place point,
    ADD COLUMN fee numeric(8, 3) DEFAULT 1.5, ADD COLUMN note text, ADD COLUMN at_last timestamptz, ADD COLUMN share bigint DEFAULT 25;
SELECT define('by_fee', '"till"', 'at', '"fee"'), define('by_share', '"till"', 'at', '"share"');
SELECT skew('by_fee', '(till, at)');
SELECT skew('by_share', '(till, at)');
UPDATE paid SET flag = NULLIF(id % 3, 0) = 1, kind = chr(64 + NULLIF(id % 5, 1))::"char", code = left('abc', NULLIF(id % 4, 0)), small = NULLIF(id % 7, 3),
    place = CASE WHEN id % 11 < 8 THEN point(id, 1) END, fee = NULLIF(id % 13, 4) / 8.0, note = repeat('n', NULLIF(id % 300, 9)),
    at_last = CASE WHEN id % 3 > 0 THEN at END, share = NULLIF(id % 17, 2) WHERE id % 8 > 0;
SELECT skew('by_fee', '(till, at)');
SELECT skew('by_share', '(till, at)');
-- Policies are the executor's.
CREATE ROLE features_index_reader;
GRANT SELECT ON paid TO features_index_reader;
GRANT EXECUTE ON FUNCTION fraud_skew_check TO features_index_reader;
GRANT USAGE ON SCHEMA fraud, fraud_features TO features_index_reader;
GRANT SELECT ON fraud.feature_set, fraud_features.by_token TO features_index_reader;
ALTER TABLE paid ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON paid FOR SELECT USING (id % 2 = 0);
SET ROLE features_index_reader;
SELECT format('%s values, %s different', sum(compared), sum(different)) FROM fraud_skew_check('by_token', 60);
RESET ROLE;
ALTER TABLE paid DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON paid FROM features_index_reader;
GRANT SELECT (id, at, token) ON paid TO features_index_reader;
\set ON_ERROR_STOP off
SET ROLE features_index_reader;
SELECT count(*) FROM fraud_skew_check('by_token', 60);
RESET ROLE;
\set ON_ERROR_STOP on

SELECT count(fraud_drop_features(name)::text) FROM fraud.feature_set;
DROP TABLE paid;
DROP DOMAIN card_token;
DROP FUNCTION skew, define;
DROP OWNED BY features_index_reader;
DROP ROLE features_index_reader;
