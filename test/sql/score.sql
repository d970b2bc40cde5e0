-- score: one row type after another, edge values, and what cannot be scored.
SET timezone = 'UTC';

CREATE TYPE channel AS ENUM ('chip', 'contactless', 'online', 'atm');
CREATE TABLE payment (
  id int PRIMARY KEY,
  amount numeric(12,2),
  channel channel,
  tx_time timestamptz,
  known bool,
  quantity int,
  is_fraud bool
);
INSERT INTO payment
SELECT i, (i * 7919 % 10007) / 100.0, (enum_range(NULL::channel))[1 + i * 31 % 4],
       '2026-01-01'::timestamptz + i * interval '47 minutes', i % 3 = 0, i * 13 % 9,
       i * 7919 % 10007 / 100 + i * 31 % 4 * 15 + i * 13 % 9 * 5 + i % 3 + i * 10473 % 97 > 190
FROM generate_series(1, 1200) i;

SELECT count(*) FROM fraud_train('card', 'payment', exclude => '{id}',
                                 params => '{"rounds": 5, "early_stopping_rounds": 0}');
SELECT count(*) FROM fraud_train('card', 'payment', exclude => '{id}',
                                 params => '{"rounds": 6, "early_stopping_rounds": 0}');

-- The value of a feature by name, in a vector of features.
CREATE FUNCTION feature(vector float4[], name text) RETURNS float4 LANGUAGE sql STABLE AS $$
  SELECT vector[position]
  FROM fraud.model_version v, jsonb_array_elements(signature -> 'features')
    WITH ORDINALITY AS f (feature, position)
  WHERE v.version = 1 AND feature ->> 'name' = feature.name
$$;

-- A score is a probability; equal rows have equal scores, other versions other ones.
SELECT count(*), count(fraud_score(p)), bool_and(fraud_score(p) BETWEEN 0 AND 1) AS probabilities,
       count(DISTINCT fraud_margin(p)) > 5 AS differ
FROM payment p;
SELECT bool_and(fraud_score(p) = fraud_score(p, 'card', 1)) AS champion_is_1,
       bool_or(fraud_margin(p) <> fraud_margin(p, version => 2)) AS version_2_differs
FROM payment p;
SELECT pg_typeof(fraud_score(p)), pg_typeof(fraud_margin(p)), pg_typeof(fraud_feature_vector(p))
FROM payment p LIMIT 1;

-- Rows of any type are bound by name.
CREATE TABLE expected AS SELECT id, fraud_margin(p) AS margin FROM payment p;

SELECT 'subquery, other order, more columns' AS row_type, count(*),
       bool_and(fraud_margin(r) = margin)
FROM (SELECT 'x' AS note, quantity, tx_time, known, channel, id, amount FROM payment) r
JOIN expected USING (id);

CREATE TYPE payment_row AS (
  amount float8, quantity int8, known bool, channel text, tx_time timestamptz);
SELECT 'composite' AS row_type, count(*),
       bool_and(fraud_margin((amount, quantity, known, channel, tx_time)::payment_row) = margin)
FROM payment JOIN expected USING (id);

CREATE DOMAIN payment_domain AS payment_row CHECK ((VALUE).amount >= 0);
SELECT 'domain over a composite' AS row_type, count(*),
       bool_and(fraud_margin((amount, quantity, known, channel, tx_time)::payment_domain) = margin)
FROM payment JOIN expected USING (id);

CREATE DOMAIN amount_domain AS numeric(12,2);
CREATE DOMAIN narrow_domain AS amount_domain CHECK (VALUE >= 0);
SELECT 'domains as columns' AS row_type, count(*), bool_and(fraud_margin(r) = margin)
FROM (SELECT id, amount::narrow_domain AS amount, channel::varchar(20), tx_time, known,
             quantity::int2
      FROM payment) r
JOIN expected USING (id);

CREATE TABLE stored (id int, p payment_row);
INSERT INTO stored SELECT id, (amount, quantity, known, channel, tx_time)::payment_row FROM payment;
SELECT 'composite column' AS row_type, count(*), bool_and(fraud_margin(p) = margin)
FROM stored JOIN expected USING (id);

CREATE TABLE altered (gone text, id int, amount text, channel channel, known bool);
INSERT INTO altered SELECT 'x', id, amount::text, channel, known FROM payment;
ALTER TABLE altered DROP COLUMN gone;
ALTER TABLE altered ALTER COLUMN amount TYPE numeric USING amount::numeric;
ALTER TABLE altered ADD COLUMN quantity int DEFAULT 3;
ALTER TABLE altered ADD COLUMN tx_time timestamptz DEFAULT '2026-02-03 04:05:06+00';
SELECT 'dropped and added columns' AS row_type, count(*),
       bool_and(feature(fraud_feature_vector(a), 'quantity') = 3) AS quantity_by_default,
       bool_and(feature(fraud_feature_vector(a), 'tx_time:hour') = (4 + 306 / 3600.0)::float4)
         AS hour,
       bool_and(feature(fraud_feature_vector(a), 'amount') = payment.amount::float4) AS amount
FROM altered a JOIN payment USING (id);

CREATE TABLE parent (amount numeric, id int) PARTITION BY RANGE (id);
ALTER TABLE parent ADD COLUMN channel channel, ADD COLUMN tx_time timestamptz,
  ADD COLUMN known bool, ADD COLUMN quantity int;
CREATE TABLE child_1 (
  quantity int, known bool, tx_time timestamptz, channel channel, id int, amount numeric);
ALTER TABLE parent ATTACH PARTITION child_1 FOR VALUES FROM (0) TO (600);
CREATE TABLE child_2 PARTITION OF parent DEFAULT;
INSERT INTO parent SELECT amount, id, channel, tx_time, known, quantity FROM payment;
SELECT 'partitions' AS row_type, count(*), bool_and(fraud_margin(p) = margin)
FROM parent p JOIN expected USING (id);
SELECT 'one partition' AS row_type, count(*), bool_and(fraud_margin(p) = margin)
FROM child_1 p JOIN expected USING (id);

SELECT 'two row types in one call' AS row_type, count(*), bool_and(fraud_margin(r) = margin)
FROM (SELECT id, p AS record FROM payment p) a JOIN expected USING (id),
     LATERAL (SELECT CASE WHEN id % 2 = 0 THEN a.record
                     ELSE (SELECT q FROM payment q WHERE q.id = a.id) END AS r) b;

DO $$
DECLARE
  r record;
  different int := 0;
  row_type payment;
BEGIN
  -- A variable of PL/pgSQL is an expanded record.
  FOR r IN SELECT p.amount, p.channel, p.known, p.quantity, p.tx_time, e.margin
           FROM payment p JOIN expected e USING (id) LOOP
    IF fraud_margin(r) <> r.margin THEN different := different + 1; END IF;
  END LOOP;
  FOR row_type IN SELECT * FROM payment LOOP
    IF fraud_margin(row_type) <> (SELECT margin FROM expected WHERE id = row_type.id)
    THEN different := different + 1; END IF;
  END LOOP;
  RAISE NOTICE 'records of PL/pgSQL: % different', different;
END
$$;

-- A long value goes through TOAST, compressed or not, in a table or in a composite.
CREATE TABLE long_value AS
SELECT n AS id, repeat(CASE n WHEN 1 THEN 'x' ELSE md5(n::text) END, 10000) AS channel,
       1.5 AS amount, now() AS tx_time, true AS known, 1 AS quantity
FROM generate_series(1, 3) n;
ALTER TABLE long_value ALTER COLUMN channel SET STORAGE EXTERNAL;
INSERT INTO long_value SELECT 4, channel, 1.5, now(), true, 1 FROM long_value WHERE id = 2;
SELECT count(*), count(fraud_score(v)), count(DISTINCT fraud_score(v)),
       count(DISTINCT feature(fraud_feature_vector(v), 'channel')) AS codes
FROM long_value v;

-- What the forest is given.
SELECT feature(fraud_feature_vector(r), 'known') AS known,
       feature(fraud_feature_vector(r), 'tx_time:hour') AS hour,
       feature(fraud_feature_vector(r), 'tx_time:weekday') AS weekday
FROM (SELECT 1.0 AS amount, 'chip' AS channel, v.*, 1 AS quantity
      FROM (VALUES (true, '2026-01-05 00:00+00'::timestamptz),
                   (false, '2026-01-11 23:59:59.999999+00'), (NULL, '1999-12-31 23:30+00'),
                   (NULL, '1999-12-31 23:30-05'), (NULL, 'infinity'), (NULL, '-infinity'),
                   (NULL, NULL)) v (known, tx_time)) r;
SELECT feature(fraud_feature_vector(r), 'tx_time:hour') AS hour,
       feature(fraud_feature_vector(r), 'tx_time:weekday') AS weekday
FROM (SELECT 1.0 AS amount, 'chip' AS channel, v.tx_time, true AS known, 1 AS quantity
      FROM (VALUES ('2026-01-05 00:00'::timestamp), ('4713-01-01 06:00 BC'),
                   ('294276-12-31 18:45')) v (tx_time)) r;
BEGIN;
SET LOCAL timezone = 'Asia/Kathmandu';
SELECT bool_and(fraud_margin(p) = margin) AS independent_of_timezone
FROM payment p JOIN expected USING (id);
ROLLBACK;

-- An unseen category is the code after the last one, whatever its text; NULL is missing.
SELECT DISTINCT feature(fraud_feature_vector(r), 'channel') = 4 AS unseen
FROM (SELECT 1.0 AS amount, channel, now() AS tx_time, true AS known, 1 AS quantity
      FROM (VALUES ('pigeon'), (''), ('ATM'), ('atm '), (E'\u00e9')) v (channel)) r;
SELECT feature(fraud_feature_vector(r), 'channel') < 4 AS seen
FROM (SELECT 1.0 AS amount, 'atm'::char(10) AS channel, now() AS tx_time, true AS known,
             1 AS quantity) r;
SELECT fraud_score(r) IS NOT NULL AS scored, feature(fraud_feature_vector(r), 'channel') AS channel
FROM (SELECT NULL::numeric AS amount, NULL::text AS channel, NULL::timestamptz AS tx_time,
             NULL::bool AS known, NULL::int AS quantity) r;

-- A number is what number::float8::float4 is, and an infinity where that overflows.
CREATE FUNCTION as_float4(number numeric) RETURNS float4 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN number::float8::float4;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN abs(number) > 1 THEN sign(number) * 'Infinity'::float4
              WHEN number < 0 THEN '-0'::float4 ELSE '0'::float4 END;
END
$$;
CREATE TABLE number (amount numeric);
INSERT INTO number
  -- Any count of digits, any magnitude.
  SELECT (CASE i % 2 WHEN 0 THEN 1 ELSE -1 END)
         * ((('x' || substr(md5(i::text), 1, 12))::bit(48)::bigint::numeric
             * ('x' || substr(md5(i::text), 13, 12))::bit(48)::bigint) % 10::numeric ^ (1 + i % 29))
         * ('1e' || (i * 37 % 110 - 60))::numeric
  FROM generate_series(1, 5000) i
  -- One to four digits of base 10000, wherever the point is.
  UNION ALL
  SELECT s * n * ('1e' || 4 * w)::numeric
  FROM unnest('{1, 9999, 10002, 99999999, 100000001, 123456789012, 999999999999, 1234567890123456,
                9999000000000001}'::numeric[]) n, generate_series(-14, 12) w, unnest('{1, -1}'::int[]) s
  -- Half-way between two float4, and next to it by less than a float8 can tell.
  UNION ALL
  SELECT (16777217 + 2 * (i * 7919 % 8388000))::numeric * 2::numeric ^ e + d::numeric
  FROM generate_series(1, 100) i, unnest('{0, 1, 7, 30}'::int[]) e,
       unnest('{0, 1e-10, -1e-10, 1e-30, -1e-30}'::text[]) d
  -- The ends of float4 and of numeric.
  UNION ALL
  SELECT n::numeric
  FROM unnest('{0, 0.00, NaN, Infinity, -Infinity, 3.4028234663852886e38, 9.99e39, 1e40, -1e1000,
                340282356779733661637539395458142568447, 340282356779733661637539395458142568448,
                1e-45, 7.1e-46, 7.0e-46, -7.0e-46, 1e-52, -1e-1000, 1e130000, 1e-16000, 16777217,
                9007199254740993, 0.1, 12345678901234567890.5, 99999999999999999999}'::text[]) n;
SELECT count(*) > 6000 AS many,
       count(*) FILTER (WHERE float4send(got) <> float4send(should)) AS wrong
FROM (SELECT feature(fraud_feature_vector(r), 'amount') AS got, as_float4(r.amount) AS should
      FROM (SELECT amount, 'chip' AS channel, now() AS tx_time, true AS known, 1 AS quantity
            FROM number) r) s;
SELECT feature(fraud_feature_vector(r), 'amount') AS float8
FROM (SELECT amount, 'chip' AS channel, now() AS tx_time, true AS known, 1 AS quantity
      FROM unnest('{NaN, Infinity, -Infinity, 1e39, -1e308, 1e-46, 3.4028235e38}'::float8[])
           AS amount) r;
SELECT feature(fraud_feature_vector(r), 'amount') = amount::float8::float4 AS int8
FROM (SELECT amount, 'chip' AS channel, now() AS tx_time, true AS known, 1 AS quantity
      FROM unnest('{9223372036854775807, -9223372036854775808, 9007199791611905}'::int8[])
           AS amount) r;
SELECT count(fraud_score(r)) AS scored
FROM (SELECT amount, 'chip' AS channel, now() AS tx_time, true AS known, 1 AS quantity
      FROM number) r;

-- NULL records have no score, before anything is looked up.
SELECT fraud_score(NULL::payment), fraud_margin(NULL::payment, 'no such model'),
       fraud_feature_vector(NULL::payment);
SELECT p.id, fraud_score(p) FROM (VALUES (1)) v (id) LEFT JOIN payment p ON p.id = -v.id;

-- Which model and version.
SELECT count(*) FROM fraud_train('other', 'payment', exclude => '{id}', params => '{"rounds": 7}');
SELECT fraud_score(p) FROM payment p LIMIT 1;
SELECT fraud_score(p, 'crad') FROM payment p LIMIT 1;
SELECT fraud_score(p, 'card', 3) FROM payment p LIMIT 1;
SELECT fraud_score(p, 'card', 0) FROM payment p LIMIT 1;
SELECT fraud_score(p, 'card', -2147483648) FROM payment p LIMIT 1;
SELECT fraud_score(p, '''; DROP TABLE payment; --') FROM payment p LIMIT 1;
SET fraud_detect.model = 'card';
SELECT bool_and(fraud_margin(p) = margin) AS by_setting FROM payment p JOIN expected USING (id);
SELECT bool_and(fraud_margin(p, CASE WHEN id % 2 = 0 THEN 'card' END,
                             CASE WHEN id % 3 = 0 THEN 1 + id % 2 END)
                = CASE WHEN id % 3 = 0 AND id % 2 = 1 THEN fraud_margin(p, 'card', 2)
                       ELSE margin END)
       AS by_row
FROM payment p JOIN expected USING (id);
SELECT count(DISTINCT fraud_margin(p, m, v)) BETWEEN 2 AND 6 AS more_models_than_a_call_keeps
FROM payment p, unnest('{card, card, other, other, card, NULL}'::text[],
                       '{1, 2, 1, NULL, NULL, 2}'::int[]) a (m, v)
WHERE id = 1;

-- Rows that cannot be bound.
SELECT fraud_score(r)
FROM (SELECT amount AS "Amount", channel, tx_time, known, quantity FROM payment) r;
SELECT fraud_score(r)
FROM (SELECT amount, channel, tx_time, known, quantity, 1 AS amount FROM payment) r;
SELECT fraud_score(r) FROM (SELECT amount::text, channel, tx_time, known, quantity FROM payment) r;
SELECT fraud_score(r) FROM (SELECT amount, channel, tx_time::date, known, quantity FROM payment) r;
SELECT fraud_score(r) FROM (SELECT amount, channel, tx_time, known::int, quantity FROM payment) r;
SELECT fraud_score(r)
FROM (SELECT amount, ARRAY[channel] AS channel, tx_time, known, quantity FROM payment) r;
SELECT fraud_score(ROW(1, 2, 3));
SELECT fraud_score(ROW());
ALTER TABLE payment RENAME COLUMN quantity TO items;
SELECT fraud_score(p) FROM payment p;
ALTER TABLE payment RENAME COLUMN items TO quantity;
SELECT bool_and(fraud_margin(p) = margin) AS as_before FROM payment p JOIN expected USING (id);

-- Cheap conditions come first, and large scans are parallel.
EXPLAIN (COSTS OFF)
SELECT id FROM payment p WHERE fraud_score(p) > 0.9 AND amount > 50 AND known;
ALTER TABLE payment SET (parallel_workers = 2);
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 10;
EXPLAIN (COSTS OFF) SELECT count(*) FROM payment p WHERE fraud_score(p) > 0.9;
SET parallel_leader_participation = off;
SELECT sum(fraud_margin(p)::numeric) = (SELECT sum(margin::numeric) FROM expected)
         AS same_in_workers
FROM payment p;
RESET parallel_leader_participation;

-- Privileges: SELECT on fraud.model_version is what scoring takes.
CREATE ROLE regress_fraud_scorer;
GRANT SELECT ON payment TO regress_fraud_scorer;
SET ROLE regress_fraud_scorer;
SELECT fraud_score(p) FROM payment p LIMIT 1;
RESET ROLE;
GRANT SELECT ON fraud.model_version TO regress_fraud_scorer;
SET ROLE regress_fraud_scorer;
SELECT count(fraud_score(p)) FROM payment p;
RESET ROLE;
DROP OWNED BY regress_fraud_scorer;
DROP ROLE regress_fraud_scorer;
