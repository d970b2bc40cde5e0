-- engine: the paths that evaluate forests give the same bits; what a session holds.
SET client_min_messages = warning;
SELECT path, available FROM fraud_engine() WHERE path IN ('scalar', 'nodes');
SELECT count(*) AS paths, count(*) FILTER (WHERE in_use) AS in_use,
       bool_and(available) FILTER (WHERE in_use) AS usable FROM fraud_engine();

CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 1000) / 10.0 AS amount, i * 31 % 7 AS quantity,
       nullif(i * 13 % 11, 3) AS visits, (ARRAY['chip', 'online', 'atm'])[1 + i * 17 % 3] AS channel,
       (i * 7919 % 1000) / 10.0 + i * 31 % 7 * 9 + i * 10473 % 97 > 170 AS is_fraud
FROM generate_series(1, 2000) i;
SELECT fraud_train('m', 'payment', exclude => '{id}', algorithm => a,
                   params => '{"rounds": 12, "early_stopping_rounds": 0}') IS NOT NULL AS trained
FROM unnest('{xgboost,xgboost_leafwise}'::text[]) a;

-- Every path this machine has, one row at a time and in blocks.
CREATE TABLE margin (path text, version int, in_blocks bool, sum numeric, hash bigint);
DO $$
DECLARE
  engine_path text;
  block_scan text;
BEGIN
  FOR engine_path IN SELECT path FROM fraud_engine() WHERE available UNION SELECT 'auto' LOOP
    PERFORM set_config('fraud_detect.engine_path', engine_path, false);
    FOREACH block_scan IN ARRAY '{on,off}'::text[] LOOP
      PERFORM set_config('fraud_detect.block_scan', block_scan, false);
      FOR v IN 1 .. 2 LOOP
        EXECUTE format($q$INSERT INTO margin
          SELECT %L, %s, %L, sum(fraud_margin(p, 'm', %2$s)::numeric),
                 sum(hashfloat4(fraud_margin(p, 'm', %2$s))) FROM payment p$q$,
          engine_path, v, block_scan);
      END LOOP;
    END LOOP;
  END LOOP;
END
$$;
SELECT version, count(*) >= 6 AS all_there, count(DISTINCT (sum, hash)) AS results
FROM margin GROUP BY version ORDER BY version;

-- The setting counts from the next statement on, and the model is verified again.
SET fraud_detect.engine_path = 'scalar';
SELECT fraud_margin(p, 'm', 1) IS NOT NULL AS scored FROM payment p LIMIT 1;
SELECT model, version, path, trees, features, bytes > 0 AS has_size, uses > 0 AS used, in_use
FROM fraud.model_cache LIMIT 1;
SET fraud_detect.engine_path = 'nodes';
SELECT fraud_margin(p, 'm', 1) IS NOT NULL AS scored FROM payment p LIMIT 1;
SELECT model, version, path FROM fraud.model_cache LIMIT 1;
SELECT path FROM fraud_engine() WHERE in_use;
SET fraud_detect.engine_path = 'sse';
RESET fraud_detect.engine_path;

-- The last ones used stay; with no memory allowed, none does.
SET fraud_detect.model_cache_size = 0;
SELECT fraud_margin(p, 'm', 2) IS NOT NULL AS scored FROM payment p LIMIT 1;
SELECT count(*) FROM fraud.model_cache;
RESET fraud_detect.model_cache_size;
SELECT fraud_margin(p, 'm', 2) IS NOT NULL AS scored FROM payment p LIMIT 1;
SELECT ident FROM pg_backend_memory_contexts WHERE name = 'fraud_detect model';

-- fraud_score_table: columns of the source by name, score and margin, for any source.
SELECT count(*), bool_and(s.score = fraud_score(p, 'm') AND s.margin = fraud_margin(p, 'm')) AS same
FROM fraud_score_table('payment', 'm') AS s (margin float4, id int, score float8) JOIN payment p USING (id);
SELECT count(*), count(visits) AS visits, min(channel) AS channel, max(score) <= 1 AS probabilities
FROM fraud_score_table('SELECT * FROM payment WHERE id <= 65', 'm', 2)
  AS s (channel text, visits int, score float8);
SELECT count(*) FROM fraud_score_table('SELECT * FROM payment WHERE false', 'm') AS s (score float8);
CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE query;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;
SELECT error_of('SELECT * FROM fraud_score_table(' || call) FROM unnest(ARRAY[
  $$'payment', 'm') AS s (nothing int)$$,
  $$'payment', 'm') AS s (id bigint)$$,
  $$'payment', 'm') AS s (score numeric)$$,
  $$'SELECT *, 1.25::numeric(5,2) AS x FROM payment', 'm') AS s (x numeric(5,1))$$,
  $$'SELECT *, 1.25 AS x FROM payment', 'm') AS s (x numeric(5,1))$$,
  $$'SELECT *, 1.25::numeric(5,2) AS x FROM payment', 'm') AS s (x numeric)$$,
  $$NULL) AS s (score float8)$$,
  $$'payment', 'nobody') AS s (score float8)$$,
  $$'payment', 'm', 0) AS s (score float8)$$,
  $$'DELETE FROM payment', 'm') AS s (score float8)$$,
  $$'SELECT id FROM payment', 'm') AS s (id int)$$]) call;
