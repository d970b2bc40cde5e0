-- block_scan: statements that score all rows of a scan do so in blocks, with the same results.
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE TABLE payment (
  id int PRIMARY KEY, dropped text, amount numeric(12,2), channel text, quantity int, known bool,
  score float8, is_fraud bool);
INSERT INTO payment (id, dropped, amount, channel, quantity, known, is_fraud)
SELECT i, 'x', nullif((i * 7919 % 10007) / 100.0, 50), (ARRAY['chip', 'online', 'atm'])[1 + i * 31 % 3],
       i * 13 % 9, CASE WHEN i % 7 > 0 THEN i % 3 = 0 END,
       i * 7919 % 10007 / 100 + i * 31 % 4 * 15 + i * 13 % 9 * 5 + i * 10473 % 97 > 180
FROM generate_series(1, 1000) i;
ALTER TABLE payment DROP COLUMN dropped;
ANALYZE payment;
SELECT fraud_train(name, 'SELECT * FROM payment', exclude => '{id,score}',
                   params => '{"rounds": 20, "early_stopping_rounds": 0}') IS NOT NULL AS trained
FROM unnest('{card,other}'::text[]) name;
SET fraud_detect.model = 'card';

-- What the rows have, one by one: no plan that is a cursor's is changed.
CREATE TABLE expected (id int PRIMARY KEY, score float8, margin float4);
DO $$
DECLARE
  p payment;
BEGIN
  FOR p IN SELECT * FROM payment LOOP
    INSERT INTO expected VALUES (p.id, fraud_score(p), fraud_margin(p));
  END LOOP;
END
$$;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
CREATE FUNCTION in_blocks(query text) RETURNS bool LANGUAGE sql AS $$
  SELECT bool_or(line LIKE '%Custom Scan (FraudScore)%') FROM plan(query) line
$$;

-- Target lists, conditions, aggregates; equal calls are made once, cheap conditions stay below.
EXPLAIN (COSTS OFF, VERBOSE)
SELECT id, round(fraud_score(p)::numeric, 3), fraud_score(p) > 0.5 FROM payment p
WHERE fraud_score(p) > 0.1 AND amount > 20;
EXPLAIN (COSTS OFF, VERBOSE)
SELECT channel, avg(fraud_score(p)), max(fraud_margin(p) + 1) FROM payment p GROUP BY channel;
SELECT count(*), bool_and(fraud_score(p) = e.score AND fraud_margin(p) = e.margin) AS same
FROM payment p JOIN expected e USING (id);
SELECT count(*), bool_and(s.score = e.score AND s.margin = e.margin) AS same
FROM (SELECT id, fraud_score(p) AS score, fraud_margin(p) AS margin FROM payment p OFFSET 0) s
JOIN expected e USING (id);
SELECT (SELECT sum(fraud_margin(p)::numeric) FROM payment p WHERE fraud_score(p) > 0.1)
     = (SELECT sum(margin::numeric) FROM expected WHERE score > 0.1) AS same;

-- Whole rows, system columns, other models and versions beside each other.
SELECT count(*), bool_and(s.score = e.score AND s.p = now.p AND s.place = now.place) AS same
FROM (SELECT p, fraud_score(p) AS score, ctid AS place FROM payment p OFFSET 0) s
JOIN expected e ON (s.p).id = e.id
JOIN (SELECT id, p, ctid AS place FROM payment p) now ON now.id = e.id;
SELECT count(*), bool_and(a = e.score AND b = e.score AND c = e.margin) AS same
FROM (SELECT id, fraud_score(p) AS a, fraud_score(p, 'other', 1) AS b, fraud_margin(p, 'card') AS c
      FROM payment p OFFSET 0) s JOIN expected e USING (id);

-- Statements that write.
UPDATE payment p SET score = fraud_score(p) WHERE quantity < 6;
DELETE FROM payment p USING expected e WHERE p.id = e.id AND e.id > 990 AND fraud_score(p) = e.score;
SELECT count(*), bool_and(p.score = e.score) AS same FROM payment p JOIN expected e USING (id)
WHERE quantity < 6;
CREATE TABLE scored AS SELECT id, fraud_score(p) AS s FROM payment p;
INSERT INTO scored SELECT id, fraud_score(p) FROM payment p;
SELECT count(*), bool_and(s = score) AS same FROM scored JOIN expected USING (id);
SELECT in_blocks('UPDATE payment p SET score = fraud_score(p)') AS update,
       in_blocks('DELETE FROM payment p WHERE fraud_score(p) > 0.9') AS delete,
       in_blocks('CREATE TABLE x AS SELECT fraud_score(p) FROM payment p') AS create_table,
       in_blocks('INSERT INTO scored SELECT id, fraud_score(p) FROM payment p') AS insert;

-- Index scans, LIMIT, rescans with another parameter, initplans, correlated subqueries.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT fraud_score(p) FROM payment p WHERE id = 5;
SELECT fraud_score(p) = (SELECT score FROM expected WHERE id = 5) AS same FROM payment p WHERE id = 5;
RESET enable_seqscan;
SELECT count(*) FROM (SELECT fraud_score(p) FROM payment p LIMIT 9) s;
-- One row is read for one that is wanted, not a block of them: the next ones may be far, or fail.
SET enable_seqscan = off;
SELECT fraud_score(p) > 0 AS scored FROM payment p WHERE id > 0 AND 1 / (id - 2) < 0 ORDER BY id LIMIT 1;
SELECT 'found' AS found WHERE EXISTS (
  SELECT FROM payment p WHERE id > 0 AND 1 / (id - 2) < 0 AND fraud_score(p) > 0 ORDER BY id);
RESET enable_seqscan;
SELECT count(*), bool_and(s.score = e.score) AS same
FROM expected e, LATERAL (SELECT id, fraud_score(p) AS score FROM payment p WHERE p.id = e.id OFFSET 0) s;
SELECT count(*), bool_and(s = e.score) AS same FROM (
  SELECT e.*, (SELECT fraud_score(p) FROM payment p WHERE p.id = e.id) AS s
  FROM expected e WHERE id <= 990) e;
SELECT (SELECT count(*) FROM payment p
        WHERE fraud_score(p) > (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY score) FROM expected))
     = (SELECT count(*) FROM expected WHERE id <= 990 AND
          score > (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY score) FROM expected)) AS same;
SELECT fraud_score(p) = e.score AS same FROM payment p JOIN expected e USING (id)
ORDER BY fraud_margin(p) DESC, id LIMIT 3;

-- Prepared statements: the model is a parameter, or what the setting says when they run.
PREPARE by_name(text, int) AS
SELECT count(*) = (SELECT count(*) FROM expected WHERE score > 0.1 AND id <= 990) AS same
FROM payment p WHERE fraud_score(p, $1, $2) > 0.1;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_name('other', 1);
EXECUTE by_name(NULL, NULL);
EXECUTE by_name('card', 0);
EXECUTE by_name('nobody', 1);
RESET plan_cache_mode;
PREPARE by_setting AS
SELECT count(*) = (SELECT count(*) FROM expected WHERE score > 0.1 AND id <= 990) AS same
FROM payment p WHERE fraud_score(p) > 0.1;
EXECUTE by_setting;
SET fraud_detect.model = 'nobody';
EXECUTE by_setting;
SET fraud_detect.model = 'card';

-- Partitions and inheritance: a child's columns are found by name.
CREATE TABLE part (known bool, id int, quantity int, channel text, amount numeric(12,2))
  PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (500);
CREATE TABLE part_2 (amount numeric(12,2), gone int, channel text, id int, known bool, quantity int);
ALTER TABLE part_2 DROP COLUMN gone;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (500) TO (2000);
INSERT INTO part (known, id, quantity, channel, amount)
SELECT known, id, quantity, channel, amount FROM payment;
EXPLAIN (COSTS OFF) SELECT id, fraud_score(p) FROM part p WHERE fraud_score(p) > 0.9;
SELECT count(*), bool_and(s.score = e.score) AS same
FROM (SELECT id, fraud_score(p) AS score, tableoid FROM part p OFFSET 0) s JOIN expected e USING (id);
SELECT avg(fraud_margin(p)) IS NOT NULL AS aggregated FROM part p;

-- In workers.
ALTER TABLE payment SET (parallel_workers = 2);
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT sum(fraud_margin(p)::numeric) FROM payment p;
SELECT (SELECT sum(fraud_margin(p)::numeric) FROM payment p)
     = (SELECT sum(margin::numeric) FROM expected WHERE id <= 990) AS same;
RESET parallel_leader_participation;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;

-- What would not be evaluated for every row is left to the calls; so are cursors, volatile
-- conditions, and the inner side of a merge join, which is gone back in.
SELECT query, in_blocks(query) FROM unnest(ARRAY[
  $$SELECT CASE WHEN amount > 10 THEN fraud_score(p) END FROM payment p$$,
  $$SELECT coalesce(score, fraud_score(p)) FROM payment p$$,
  $$SELECT id FROM payment p WHERE amount > 10 OR fraud_score(p) > 0.5$$,
  $$SELECT sum(fraud_score(p)) FILTER (WHERE amount > 10) FROM payment p$$,
  $$SELECT fraud_score(p) FROM payment p WHERE random() < 2$$,
  $$SELECT fraud_score(p, p.channel) FROM payment p$$,
  $$SELECT fraud_score(p) FROM (SELECT 'x' AS note, * FROM payment) p$$,
  $$DECLARE c CURSOR FOR SELECT fraud_score(p) FROM payment p$$,
  $$SELECT id FROM payment p WHERE amount > 10$$]) query;
SELECT (SELECT count(*) FROM payment p WHERE amount > 10 OR fraud_score(p) > 0.5)
     = (SELECT count(*) FROM payment p JOIN expected e USING (id) WHERE amount > 10 OR e.score > 0.5) AS same;
SET enable_hashjoin = off;
SET enable_nestloop = off;
CREATE TABLE twice AS SELECT 1 + i / 2 AS id FROM generate_series(1, 20) i;
SELECT count(*), bool_and(p.s = e.score) AS same
FROM twice t JOIN (SELECT id, fraud_score(p) AS s FROM payment p) p USING (id) JOIN expected e USING (id);
-- Also where a one-time condition stands in between.
SET enable_material = off;
SET enable_sort = off;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE INDEX payment_quantity ON payment (quantity);
CREATE INDEX twice_id ON twice (id);
EXPLAIN (COSTS OFF)
SELECT t.id FROM twice t
  FULL JOIN (SELECT * FROM payment p WHERE now() > '-infinity' AND fraud_score(p) >= 0) p ON p.quantity = t.id;
SELECT count(p.id) AS matches, count(*) AS of FROM twice t
  FULL JOIN (SELECT * FROM payment p WHERE now() > '-infinity' AND fraud_score(p) >= 0) p ON p.quantity = t.id;
RESET enable_bitmapscan;
RESET enable_seqscan;
RESET enable_sort;
RESET enable_material;
SELECT count(p.id) AS matches, count(*) AS of FROM twice t FULL JOIN payment p ON p.quantity = t.id;
RESET enable_nestloop;
RESET enable_hashjoin;

-- A second model scores the rows that the first one leaves, and no others.
SELECT fraud_score(p, 'nobody') FROM payment p WHERE fraud_score(p) > 2;
SELECT id FROM payment p WHERE fraud_score(p) > 2 AND fraud_margin(p, 'nobody') > 0;
SELECT count(fraud_score(p, 'nobody')) FROM payment p WHERE fraud_score(p) > 2;
EXPLAIN (COSTS OFF, VERBOSE)
SELECT fraud_margin(p), fraud_score(p, 'other') FROM payment p WHERE fraud_score(p) > 0.1;
SELECT count(*) > 100 AS many, bool_and(s.margin = e.margin AND s.other = e.score) AS same
FROM (SELECT id, fraud_margin(p) AS margin, fraud_score(p, 'other') AS other FROM payment p
      WHERE fraud_score(p) > 0.1 OFFSET 0) s JOIN expected e USING (id);

-- Whole rows have their large values in them: a block does not hold 64 such rows.
CREATE TABLE document AS SELECT p.*, '' AS text FROM payment p WHERE id <= 200;
ALTER TABLE document ALTER text SET STORAGE EXTERNAL;
UPDATE document SET text = repeat(md5(id::text), 10000);
CREATE FUNCTION memory() RETURNS bigint LANGUAGE sql AS $$
  SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts
$$;
SELECT in_blocks('SELECT d, fraud_score(d), memory() FROM document d') AS in_blocks;
SELECT count(*), count(d), bool_and(score = (SELECT score FROM expected e WHERE e.id = (d).id)) AS same,
       max(used) - min(used) < 8000000 AS bounded
FROM (SELECT d, fraud_score(d) AS score, memory() AS used FROM document d OFFSET 0) s;

-- Errors and privileges are those of the calls; no row, no error.
SELECT fraud_score(p, 'nobody') FROM payment p;
SELECT fraud_score(p, 'nobody') FROM payment p WHERE false;
SELECT fraud_score(p, 'nobody') FROM payment p WHERE id < 0;
SELECT fraud_score(p, version => 0) FROM payment p;
SELECT fraud_score(p, version => 7) FROM payment p;
SELECT fraud_score(e) FROM expected e;
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_block_scan;
GRANT SELECT ON payment TO regress_block_scan;
GRANT CREATE ON SCHEMA public TO regress_block_scan;
SET ROLE regress_block_scan;
SELECT sum(fraud_score(p)) FROM payment p;
RESET ROLE;
GRANT SELECT ON fraud.model_version TO regress_block_scan;
SET ROLE regress_block_scan;
SELECT count(fraud_score(p)) FROM payment p;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION fraud_score FROM PUBLIC;
SET ROLE regress_block_scan;
SELECT count(fraud_score(p)) FROM payment p;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraud_score TO PUBLIC;

-- Row-level security: its conditions come first, whatever they are.
CREATE POLICY even ON payment TO regress_block_scan USING (id % 2 = 0);
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION tell(id int, s float8) RETURNS bool LANGUAGE plpgsql COST 0.01 AS $$
BEGIN
  IF id % 2 = 1 THEN RAISE 'row % seen', id; END IF;
  RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION tell TO regress_block_scan;
SET ROLE regress_block_scan;
SELECT count(*) FROM payment p WHERE tell(id, fraud_score(p));
SELECT in_blocks('SELECT fraud_score(p) FROM payment p') AS in_blocks;
RESET ROLE;
DROP OWNED BY regress_block_scan;
DROP ROLE regress_block_scan;

-- Off: the calls are the plan's own.
SET fraud_detect.block_scan = off;
EXPLAIN (COSTS OFF) SELECT fraud_score(p) FROM payment p;
RESET fraud_detect.block_scan;
