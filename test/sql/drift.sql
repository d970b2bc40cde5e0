-- Drift aggregates: golden values, whatever the plan; NULL, NaN, infinity, empty sides; what Evidently misses.
\set VERBOSITY terse
CREATE FUNCTION agrees(value float8, golden float8) RETURNS bool
LANGUAGE sql IMMUTABLE
AS $$ SELECT abs(value - golden) <= 1e-9 * abs(golden) $$;

-- Evidently's definitions: test/golden/drift.py.
CREATE VIEW pair AS
SELECT (i * 7919 % 1000) / 1000.0::float8 AS v, false AS c FROM generate_series(1, 1000) AS i
UNION ALL SELECT ((i * 7919 % 1000) / 1000.0::float8) ^ 1.2, true FROM generate_series(1, 1000) AS i;
SELECT agrees(fraud_ks(v, c), 0.067) AS ks, agrees(fraud_ks_pvalue(v, c), .022438659451142425) AS ks_pvalue,
  agrees(fraud_wasserstein(v, c, 'evidently'), .15745894431755067) AS wasserstein,
  agrees(fraud_psi(v, c, 'evidently'), .02922907134444626) AS psi,
  agrees(fraud_jensen_shannon(v, c, 'evidently'), .060313242226786856) AS js,
  agrees(fraud_kl(v, c, 'evidently'), .014100985520703517) AS kl,
  agrees(fraud_hellinger(v, c, 'evidently'), .06037905665491663) AS hellinger,
  agrees(fraud_cramer_von_mises_pvalue(v, c), .0007407910752021962) AS cvm,
  agrees(fraud_energy(v, c), .07001633759729023) AS energy
FROM pair;
CREATE TABLE category AS
SELECT v, c FROM (VALUES ('a', false, 500), ('b', false, 300), ('c', false, 200),
                         ('a', true, 450), ('b', true, 330), ('c', true, 220)) AS t(v, c, n), generate_series(1, n);
SELECT agrees(fraud_psi(v, c), .01003353477310756) AS psi, agrees(fraud_psi(v, c, 'evidently'), .01003353477310756) AS psi_evidently,
  agrees(fraud_jensen_shannon(v, c), .035407090650222864) AS js,
  agrees(fraud_chi_square_pvalue(v, c, 'evidently'), .006737946999085468) AS goodness_of_fit,
  agrees(fraud_chi_square(v, c), 5.012531328320802) AS chi_square, agrees(fraud_chi_square_pvalue(v, c), 0.08157228949885938) AS contingency,
  agrees(fraud_cramers_v(v, c), sqrt(5.012531328320802 / 2000)) AS cramers_v
FROM category;
-- SciPy's definitions, with ties, and few rows: test/golden/drift.py.
CREATE VIEW tied AS
SELECT i * 7919 % 11 AS v, false AS c FROM generate_series(1, 300) AS i
UNION ALL SELECT (i * 104729 % 11) ^ 2 / 11, true FROM generate_series(1, 500) AS i;
\set ks 0.278
\set ks_p 3.0662339120290233e-13
\set wasserstein 1.8599999999999999
\set energy 0.8907842419220077
\set cvm 6.689928333333327
\set cvm_p 8.023648412347484e-11
\set ad 42.77283327607785
\set ad_p 0.001
SELECT agrees(fraud_ks(v, c), :ks) AS ks, agrees(fraud_ks_pvalue(v, c), :ks_p) AS ks_pvalue,
  agrees(fraud_wasserstein(v, c), :wasserstein) AS wasserstein, agrees(fraud_energy(v, c), :energy) AS energy,
  agrees(fraud_cramer_von_mises(v, c), :cvm) AS cvm, abs(fraud_cramer_von_mises_pvalue(v, c) - :cvm_p) < 1e-9 AS cvm_pvalue,
  agrees(fraud_anderson_darling(v, c), :ad) AS ad, agrees(fraud_anderson_darling_pvalue(v, c), :ad_p) AS ad_pvalue
FROM tied;

-- Deciles of the reference, counted in SQL.
CREATE TABLE many AS
SELECT i, (i::bigint * 7919 % 200003)::float8 / 200003 * CASE WHEN i % 2 = 0 THEN 1 ELSE 1.05 END AS v, i % 2 = 1 AS c,
  chr(97 + (i::bigint * 7919 % 200003 / 20001)::int - CASE WHEN i % 14 = 1 THEN 1 ELSE 0 END) AS t
FROM generate_series(1, 200000) AS i;
WITH edge AS MATERIALIZED (SELECT k, percentile_disc(k / 10.0) WITHIN GROUP (ORDER BY v) AS e FROM many, generate_series(1, 9) AS k WHERE NOT c GROUP BY k),
bin AS MATERIALIZED (SELECT (SELECT count(*) FROM edge WHERE e < v) AS b, c FROM many),
share AS (SELECT b, count(*) FILTER (WHERE NOT c) / 100000.0::float8 AS r, count(*) FILTER (WHERE c) / 100000.0::float8 AS k FROM bin GROUP BY b)
SELECT agrees((SELECT fraud_psi(v, c) FROM many), sum((r - k) * ln(r / k))) AS psi,
  agrees((SELECT fraud_kl(v, c) FROM many), sum(r * ln(r / k))) AS kl,
  agrees((SELECT fraud_hellinger(v, c) FROM many), sqrt(1 - sum(sqrt(r * k)))) AS hellinger,
  agrees((SELECT fraud_jensen_shannon(v, c) FROM many), sqrt(sum(r * ln(2 * r / (r + k)) + k * ln(2 * k / (r + k))) / 2)) AS js
FROM share;

-- The same bits in any order, in memory, spilled to files, in parallel, and from any split.
CREATE FUNCTION results(rows text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE result text;
BEGIN
  EXECUTE format($q$
    SELECT format('%%s %%s %%s %%s %%s %%s %%s %%s %%s %%s', fraud_ks(v, c), fraud_ks_pvalue(v, c), fraud_wasserstein(v, c),
        fraud_energy(v, c), fraud_cramer_von_mises(v, c), fraud_anderson_darling(v, c), fraud_psi(v, c), fraud_kl(v, c),
        fraud_jensen_shannon(v, c), fraud_hellinger(v, c))
      || format(' %%s %%s %%s %%s', fraud_chi_square(v, c), fraud_psi(v, c, 'evidently'), fraud_wasserstein(v, c, 'evidently'),
        fraud_hellinger(v, c, 'evidently'))
      || format(' %%s %%s %%s %%s', fraud_psi(t, c), fraud_jensen_shannon(t, c), fraud_chi_square_pvalue(t, c), fraud_kl(t, c, 'evidently'))
    FROM (%s) AS r$q$, rows) INTO result;
  RETURN result;
END
$$;
CREATE TABLE parts (LIKE many) PARTITION BY RANGE (i);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (30);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (30) TO (150000);
CREATE TABLE part_3 PARTITION OF parts FOR VALUES FROM (150000) TO (200001);
INSERT INTO parts SELECT * FROM many;
ANALYZE many, parts;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64MB';
CREATE TABLE expected AS SELECT results('SELECT * FROM many') AS r;
SELECT r = results('SELECT * FROM many ORDER BY v') AS ascending, r = results('SELECT * FROM many ORDER BY t, c, v DESC') AS by_text FROM expected;
SET work_mem = '64kB';
SELECT r = results('SELECT * FROM many') AS spilled, r = results('SELECT * FROM many ORDER BY c') AS spilled_by_side FROM expected;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT r = results('SELECT * FROM many') AS parallel_spilled FROM expected;
SET work_mem = '64MB';
SELECT r = results('SELECT * FROM many') AS parallel FROM expected;
SET parallel_leader_participation = off;
SELECT r = results('SELECT * FROM many') AS by_workers_only FROM expected;
RESET parallel_leader_participation;
SET enable_partitionwise_aggregate = on;
SELECT r = results('SELECT * FROM parts') AS of_parts FROM expected;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SELECT r = results('SELECT * FROM parts') AS of_parts_spilled FROM expected;
RESET work_mem;

-- Amounts of a heavy tail, half as large again: equal widths see nothing. One value of 1e7 is no drift.
CREATE VIEW heavy AS
SELECT exp(2 * sqrt(-2 * ln((i * 7919 % 5003 + 0.5) / 5003)) * cos(2 * pi() * (i * 104729 % 5009) / 5009)) * 50 * CASE WHEN c THEN 1.5 ELSE 1 END AS v, c
FROM generate_series(1, 5000) AS i, (VALUES (false), (true)) AS s(c);
SELECT fraud_psi(v, c) > 0.03 AS found, fraud_chi_square_pvalue(v, c) < 1e-6 AS significant, fraud_psi(v, c, 'evidently') < 0.1 AS missed FROM heavy;
SELECT abs((SELECT fraud_psi(v, c) FROM heavy) - (SELECT fraud_psi(v, c) FROM (TABLE heavy UNION ALL SELECT 1e7, true) AS x)) < 0.01 AS steady;

-- Missing values are drift where there are bins, and left out where there are none.
SELECT round(fraud_psi(v, c)::numeric, 4) AS psi, round(fraud_ks(v, c)::numeric, 4) AS ks, fraud_psi(v, c, 'evidently') AS evidently
FROM (SELECT CASE WHEN c AND i % 4 = 0 THEN NULL ELSE i % 7 END AS v, c FROM generate_series(1, 2800) AS i, (VALUES (false), (true)) AS s(c)) AS x;
SELECT fraud_psi('NaN'::float8, c) AS all_missing, fraud_ks('NaN'::float8, c) AS no_value FROM (VALUES (true), (false)) AS t(c);
SELECT round(fraud_psi(v, c)::numeric, 4) AS psi, round(fraud_chi_square(v, c)::numeric, 4) AS chi_square
FROM (VALUES ('a', false), ('b', false), (NULL, true), ('a', true), ('new', true)) AS t(v, c);
-- A reference of one value: what lies beside it on either side is seen.
SELECT fraud_psi(v, c) > 1 AS seen FROM (SELECT CASE WHEN c THEN -1 ELSE 0 END AS v, c FROM generate_series(1, 100), (VALUES (false), (true)) AS s(c)) AS x;
SELECT fraud_psi(v, c) > 1 AS seen FROM (SELECT CASE WHEN c THEN 1 ELSE 0 END AS v, c FROM generate_series(1, 100), (VALUES (false), (true)) AS s(c)) AS x;

-- Empty sides and no rows are NULL; rows without a side are left out.
SELECT fraud_ks(v, true) AS ks, fraud_psi(v, true) AS psi, fraud_wasserstein(v, false) AS wasserstein, fraud_psi(v::text, true) AS text,
  fraud_chi_square_pvalue(v, false) AS chi_square, fraud_psi(v, true, 'evidently') AS evidently, fraud_anderson_darling(v, NULL) AS ad FROM generate_series(1, 9) AS v;
SELECT fraud_ks(v, c), fraud_psi(v, c), fraud_cramers_v(t, c) FROM many WHERE false;
SELECT fraud_ks(v, c) FROM (VALUES (1, false), (2, NULL), (2, true)) AS t(v, c);
SELECT fraud_ks(7, c) AS ks, fraud_ks_pvalue(7, c) AS p, fraud_wasserstein(7, c) AS wasserstein, fraud_psi(7, c) AS psi, fraud_chi_square_pvalue(7, c) AS chi_p,
  fraud_cramer_von_mises_pvalue(7, c) AS cvm_p, fraud_anderson_darling(7, c) AS ad, fraud_psi(7, c, 'evidently') AS evidently FROM (VALUES (true), (false), (true)) AS t(c);

-- Groups, FILTER, DISTINCT, GROUPING SETS and moving windows: what the rows themselves give.
CREATE TABLE few AS SELECT i, i % 3 AS g, v, c, t FROM many WHERE i <= 600;
CREATE FUNCTION of_rows(rows text) RETURNS text
LANGUAGE plpgsql
AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT format(''%s %s %s %s'', fraud_ks(v, c), fraud_psi(v, c), fraud_psi(t, c), md5(fraud_profile(r)::text)) FROM ('
  || rows || ') AS r' INTO r; RETURN r; END $$;
CREATE FUNCTION as_text(ks float8, psi float8, text_psi float8, p fraud.profile) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT format('%s %s %s %s', ks, psi, text_psi, md5(p::text)) $$;
SELECT bool_and(r = of_rows('SELECT * FROM few WHERE true' || coalesce(' AND g = ' || g, '') || coalesce(' AND t = ' || quote_literal(t), ''))) AS grouping_sets
FROM (SELECT g, t, as_text(fraud_ks(v, c), fraud_psi(v, c), fraud_psi(t, c), fraud_profile(few)) AS r FROM few GROUP BY CUBE (g, t)) AS x;
SELECT as_text(fraud_ks(v, c) FILTER (WHERE g = 1), fraud_psi(v, c) FILTER (WHERE g = 1), fraud_psi(t, c) FILTER (WHERE g = 1),
  fraud_profile(few) FILTER (WHERE g = 1)) = of_rows('SELECT * FROM few WHERE g = 1') AS filter FROM few;
SELECT fraud_ks(DISTINCT i % 7 + g, c) = (SELECT fraud_ks(v, c) FROM (SELECT DISTINCT i % 7 + g AS v, c FROM few) AS d) AS numbers,
  fraud_psi(DISTINCT t || g, c) = (SELECT fraud_psi(t, c) FROM (SELECT DISTINCT t || g AS t, c FROM few) AS d) AS texts FROM few;
SELECT bool_and(r = of_rows(format('SELECT * FROM few WHERE i BETWEEN %s AND %s', i - 40, i))) AS moving_window
FROM (SELECT i, as_text(fraud_ks(v, c) OVER w, fraud_psi(v, c) OVER w, fraud_psi(t, c) OVER w, fraud_profile(few) OVER w) AS r
      FROM few WINDOW w AS (ORDER BY i ROWS 40 PRECEDING)) AS x WHERE i % 10 = 0;

-- Infinite values have an order and a bin, but no distance.
SELECT fraud_ks(v, c), round(fraud_psi(v, c)::numeric, 4) AS psi, fraud_psi(v, c, 'evidently') AS evidently
FROM (VALUES ('-inf'::float8, false), (1, false), (2, true), ('inf', true), (1, true)) AS t(v, c);

-- Errors.
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT fraud_wasserstein(v, c) FROM (VALUES (1, false), ('inf'::float8, true)) AS t(v, c);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_energy(v, c) FROM (VALUES ('-inf'::float8, false), (1, true)) AS t(v, c);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(v, c, 'deciles') FROM many;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(t, c, 'Evidently') FROM many;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(v, c, NULL) FROM many;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(t, c, NULL) FROM many;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(v, c, CASE WHEN i = 9 THEN 'quantile' ELSE 'evidently' END) FROM many;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(t, c, CASE WHEN i = 9 THEN 'quantile' ELSE 'evidently' END) FROM many;
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_psi(v, c, 'evidently') FROM (VALUES (1.7e308, false), (-1.7e308, true)) AS t(v, c);
SELECT fraud_hellinger(v, c, 'evidently') FROM (VALUES (1.7e308, false), (-1.7e308, true)) AS t(v, c);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_wasserstein(v, c) FROM (VALUES (1.7e308, false), (-1.7e308, true)) AS t(v, c);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_energy(v, c) FROM (VALUES (1.7e308, false), (-1.7e308, true)) AS t(v, c);
-- The deviation of the reference is too large for its square.
SELECT fraud_wasserstein(v, c), fraud_energy(v, c) > 0 AS energy FROM (VALUES (1e200, false), (3e200, false), (2e200, true)) AS t(v, c);
SELECT fraud_wasserstein(v, c, 'evidently') FROM (VALUES (1e200, false), (3e200, false), (2e200, true)) AS t(v, c);
SET fraud_detect.max_training_memory = '1MB';
SELECT fraud_psi(i::text, c) FROM many;
\echo :LAST_ERROR_SQLSTATE

-- One value on each side, which no test can tell from chance.
SELECT fraud_cramer_von_mises_pvalue(v, c) AS cvm_p FROM (VALUES (1::float8, true), (0, false)) AS t(v, c);

-- With much work_mem the values of groups and columns lie side by side in large pages: they are the same as without.
CREATE TEMP TABLE grouped AS
SELECT i % 12 AS g, sin(i) * i AS a, cos(i) * i AS b, i % 5 < 2 AS c FROM generate_series(1, 300000) AS i;
ANALYZE grouped;
CREATE FUNCTION statistics_of_groups() RETURNS TABLE (g int, psi float8[], ks float8[], profile text) LANGUAGE sql AS $$
  SELECT g, ARRAY[fraud_psi(a, c), fraud_psi(b, c)], ARRAY[fraud_ks(a, NOT c), fraud_ks(b, NOT c)], fraud_profile(t)::text
  FROM grouped AS t GROUP BY g
$$;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '4MB';
CREATE TEMP TABLE without_large_pages AS SELECT * FROM statistics_of_groups();
SET work_mem = '64MB';
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT g, fraud_psi(a, c) FROM grouped GROUP BY g;
SELECT count(*), count(*) FILTER (WHERE s = w) AS same FROM statistics_of_groups() AS s JOIN without_large_pages AS w USING (g);
SET enable_hashagg = off;
RESET enable_sort;
EXPLAIN (COSTS OFF) SELECT g, fraud_psi(a, c) FROM grouped GROUP BY g;
SELECT count(*), count(*) FILTER (WHERE s = w) AS same FROM statistics_of_groups() AS s JOIN without_large_pages AS w USING (g);
