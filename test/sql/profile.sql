-- fraud.profile: what it holds, the same whatever the plan; merge; comparison with a baseline; bad input.
\set VERBOSITY terse
CREATE TABLE payment AS
SELECT i, i <= 30000 AS early, (i::bigint * 7919 % 40009)::float8 / 100 AS amount, CASE WHEN i % 10 > 0 THEN i * 31 % 7 END AS items,
  (i::bigint * 104729 % 5003)::numeric / 7 + CASE WHEN i > 30000 THEN 200 ELSE 0 END AS distance,
  (ARRAY['chip', 'online', 'atm', NULL])[1 + i % 4] AS channel, i % 3 = 0 AS declined,
  CASE WHEN i % 50 = 0 THEN 'NaN'::float4 ELSE i % 11 END AS rate, now() AS at
FROM generate_series(1, 40000) AS i;
ANALYZE payment;
SELECT regexp_replace(fraud_profile(p)::text, '(e-?\d+|\.\d+)', '', 'g') AS profile
FROM (SELECT channel, items, declined, rate, at FROM payment) AS p;
SELECT fraud_profile(p) FROM payment p WHERE false;
SELECT fraud_profile(p) FROM (SELECT NULL::float8 AS x, 'it''s "a\b"' AS t FROM generate_series(1, 3)) AS p;

-- Quantile bins are exact: each edge is a value, with the rows up to it.
SET max_parallel_workers_per_gather = 0;
CREATE TABLE baseline AS SELECT fraud_profile(p) AS p FROM (SELECT amount, items, distance, channel, declined, rate FROM payment WHERE early) AS p;
CREATE VIEW bin AS
SELECT n, w[2 * n - 1]::float8 AS edge, w[2 * n]::bigint AS rows
FROM (SELECT string_to_array(substring(p::text FROM 'number "amount"(?: \S+){6} ([^\n]+)'), ' ') AS w FROM baseline) AS b, generate_series(1, 256) AS n;
SELECT count(*) AS bins, sum(rows) AS rows, min(rows), max(rows) FROM bin;
SELECT bool_and((SELECT count(*) FROM payment WHERE early AND amount <= edge) = upto) AS exact
FROM (SELECT edge, sum(rows) OVER (ORDER BY n) AS upto FROM bin) AS b WHERE edge < 50;
SELECT length(p::text) < 6 * 32768 AS small, p::text = p::text::fraud.profile::text AS same FROM baseline;

-- The same profile in any order, spilled, in parallel.
CREATE FUNCTION profile_of(rows text) RETURNS text
LANGUAGE plpgsql
AS $$ DECLARE p text; BEGIN EXECUTE 'SELECT md5(fraud_profile(r)::text) || md5(fraud_profile_against(r, (SELECT p FROM baseline))::text) FROM (' || rows || ') AS r' INTO p; RETURN p; END $$;
SET work_mem = '64MB';
CREATE TABLE expected AS SELECT profile_of('SELECT * FROM payment') AS p;
SELECT p = profile_of('SELECT * FROM payment ORDER BY amount DESC') AS ordered FROM expected;
SET work_mem = '64kB';
SELECT p = profile_of('SELECT * FROM payment') AS spilled FROM expected;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT p = profile_of('SELECT * FROM payment') AS parallel_spilled FROM expected;
SET parallel_leader_participation = off;
SELECT p = profile_of('SELECT * FROM payment') AS by_workers_only FROM expected;
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;
RESET work_mem;

-- Counts of merged profiles are exact where bins are shared (moments are rounded), in any order.
CREATE FUNCTION counts_of(p fraud.profile) RETURNS text
LANGUAGE sql
AS $$ SELECT regexp_replace(p::text, '(number "\w+" \d+ \d+) \S+ \S+', '\1', 'g') $$;
SELECT counts_of(fraud_profile_merge(part)) = counts_of((SELECT fraud_profile_against(p, (SELECT p FROM baseline)) FROM payment p)) AS exact
FROM (SELECT fraud_profile_against(p, (SELECT p FROM baseline)) AS part FROM payment p GROUP BY i % 7) AS x;
SELECT md5(fraud_profile_merge(part ORDER BY i)::text) = md5(fraud_profile_merge(part ORDER BY i DESC)::text) AS any_order
FROM (SELECT i / 7000 AS i, fraud_profile(p) AS part FROM payment p GROUP BY i / 7000) AS x;
-- Within 1 % of the rows where they are not.
CREATE TABLE merged AS
SELECT fraud_profile_merge(part) AS p FROM (SELECT fraud_profile(p) AS part FROM (SELECT amount, early, i FROM payment) AS p GROUP BY i / 1500) AS x;
SELECT count(*) > 200 AS bins, bool_and(abs(upto - (SELECT count(*) FROM payment WHERE amount <= edge)) < 400) AS within
FROM (SELECT w[2 * n - 1]::float8 AS edge, sum(w[2 * n]::bigint) OVER (ORDER BY n) AS upto
      FROM (SELECT string_to_array(substring(p::text FROM 'number "amount"(?: \S+){6} ([^\n]+)'), ' ') AS w FROM merged) AS b, generate_series(1, array_length(w, 1) / 2) AS n) AS x;
SELECT fraud_profile_merge(NULL::fraud.profile) IS NULL AS nothing;

-- Drift against the baseline: what changed comes first; PSI is that of the aggregate where bins are.
CREATE TABLE today AS SELECT fraud_profile_against(p, (SELECT p FROM baseline)) AS p FROM payment p WHERE NOT early;
SELECT feature, kind, method, round(value::numeric, 4) AS value, threshold, round(p_value::numeric, 4) AS p_value, drifted, importance
FROM fraud_drift((SELECT p FROM baseline), (SELECT p FROM today));
SELECT feature, abs(value - psi) <= 0.003 AS as_the_aggregate
FROM fraud_drift((SELECT p FROM baseline), (SELECT p FROM today))
JOIN (SELECT 'amount' AS feature, fraud_psi(amount, NOT early) AS psi FROM payment
      UNION ALL SELECT 'distance', fraud_psi(distance, NOT early) FROM payment
      UNION ALL SELECT 'items', fraud_psi(items, NOT early) FROM payment
      UNION ALL SELECT 'channel', fraud_psi(channel, NOT early) FROM payment) AS a USING (feature) ORDER BY 1;
SELECT count(*) AS none_against_itself FROM fraud_drift((SELECT p FROM baseline), (SELECT p FROM baseline)) WHERE value <> 0 OR drifted OR p_value < 1;
SELECT feature, drifted, p_value IS NULL AS bins_differ
FROM fraud_drift((SELECT p FROM baseline), (SELECT fraud_profile(p) FROM payment p WHERE NOT early), method => 'jensen_shannon') LIMIT 2;
-- Missing values are drift.
SELECT feature, drifted FROM fraud_drift((SELECT p FROM baseline),
  (SELECT fraud_profile_against(p, (SELECT p FROM baseline)) FROM (SELECT NULL::float8 AS amount, items, distance, channel, declined, rate FROM payment WHERE early) AS p)) WHERE drifted;
SELECT count(*) FROM fraud_drift(NULL, (SELECT p FROM baseline));

-- More than 200 values: the most frequent have a count, the rest share one. Long texts count by their beginning.
SELECT substring(fraud_profile(p)::text FROM '\d+ \d+ \d+ \d+ "') AS many FROM (SELECT (i * 31 % 997)::text AS t FROM generate_series(1, 2000) AS i) AS p;
SELECT fraud_profile(p) FROM (SELECT repeat('é', 40) || i AS t FROM generate_series(1, 3) AS i) AS p;

-- Bad input.
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT ''::fraud.profile;
SELECT 'fraud_profile 2 0'::fraud.profile;
\echo :LAST_ERROR_SQLSTATE
SELECT 'fraud_profile 1 1'::fraud.profile;
SELECT 'fraud_profile 1 1 number "x" 5 0 1 1 0 2 1 2 2 2'::fraud.profile;
SELECT 'fraud_profile 1 1 number "x" 4 0 1 1 0 2 2 2 1 2'::fraud.profile;
SELECT 'fraud_profile 1 1 number "x" 4 0 NaN 1 0 2 1 2 2 2'::fraud.profile;
SELECT 'fraud_profile 1 1 number "x" 99999999999999999999 0 1 1 0 2 1 2 2 2'::fraud.profile;
SELECT 'fraud_profile 1 1 text "x" 4 0 2 0 "b" 2 "a" 2'::fraud.profile;
SELECT 'fraud_profile 1 1 text "x" 4 0 2 1 "a" 2 "b" 2'::fraud.profile;
SELECT 'fraud_profile 1 2 text "x" 0 0 0 0 text "x" 0 0 0 0'::fraud.profile;
SELECT 'fraud_profile 1 1 text "x" 0 0 0 0 and more'::fraud.profile;
SELECT left(p::text, 500)::fraud.profile FROM baseline;
SELECT fraud_profile(p) FROM (SELECT now() AS at) AS p;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift((SELECT p FROM baseline), (SELECT fraud_profile(p) FROM (SELECT amount FROM payment) AS p));
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift((SELECT p FROM baseline), (SELECT p FROM baseline), method => 'ks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fraud_drift('fraud_profile 1 1 text "x" 0 0 0 0'::fraud.profile, 'fraud_profile 1 1 text "x" 0 0 0 0');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile_against(p, (SELECT p FROM baseline)) FROM (SELECT amount FROM payment) AS p;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile_against(p, 'fraud_profile 1 1 text "amount" 0 0 0 0') FROM payment AS p;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile_against(p, NULL) FROM payment AS p;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile_against(r, b.p) FROM payment AS r, (SELECT p FROM baseline UNION ALL SELECT p FROM today) AS b;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile_merge(b.p) FROM (SELECT p FROM baseline UNION ALL SELECT p FROM merged) AS b;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile(r) FROM (VALUES (ROW(1, 'a')), (ROW(1.5, 'b'))) AS t(r);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_profile(r) FROM (SELECT 1 AS x, 2 AS x) AS r;
\echo :LAST_ERROR_SQLSTATE
-- Profiles without rows, of many bins, and of counts that no sum holds.
SELECT fraud_profile_merge(p) FROM (
  SELECT format('fraud_profile 1 1 number "a" 0 0 0 0 0 700 %s', string_agg(format('%s 0', i * 10 + k), ' ' ORDER BY i))::fraud.profile AS p
  FROM generate_series(1, 700) AS i, generate_series(1, 9) AS k GROUP BY k) AS many;
SELECT fraud_profile_merge('fraud_profile 1 1 number "a" 1000000000000000000 0 0 0 0 1 1 1000000000000000000') FROM generate_series(1, 20);
\echo :LAST_ERROR_SQLSTATE
-- Interpolation within a bin whose width times its count is beyond a float8.
SELECT fraud_profile_merge(p)::text::fraud.profile FROM (VALUES
  ('fraud_profile 1 1 number "a" 300 0 0 0 -8e307 2 9e307 2 1e308 298'::fraud.profile),
  ('fraud_profile 1 1 number "a" 300 0 0 0 -8e307 2 8e307 2 1.1e308 298')) AS v (p);
