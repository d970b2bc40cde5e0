-- What a parallel worker hands over goes through a temporary file that is the leader's, and is gone afterwards,
-- however the query ended.
CREATE TABLE amount AS
SELECT i % 4 AS part, (i::bigint * 7919 % 100003)::float8 / 7 AS value, i % 3 = 1 AS is_current, i FROM generate_series(1, 200000) AS i;
CREATE TABLE amount_in_parts (LIKE amount) PARTITION BY LIST (part);
CREATE TABLE amount_0 PARTITION OF amount_in_parts FOR VALUES IN (0, 1);
CREATE TABLE amount_1 PARTITION OF amount_in_parts FOR VALUES IN (2, 3);
INSERT INTO amount_in_parts SELECT * FROM amount;
ANALYZE amount, amount_in_parts;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE hand_over_space LOCATION '';
-- The directories of this session's files, and where there are such files: how many depends on how workers share the rows.
CREATE FUNCTION directories() RETURNS SETOF text LANGUAGE sql PARALLEL SAFE AS $$
  WITH place AS (
    SELECT 'base/pgsql_tmp' AS path
    UNION ALL
    SELECT format('pg_tblspc/%s/%s/pgsql_tmp', space, version)
    FROM pg_ls_dir('pg_tblspc') AS space, pg_ls_dir('pg_tblspc/' || space) AS version)
  SELECT path || '/' || set FROM place, pg_ls_dir(path, true, false) AS set
  WHERE set = format('pgsql_tmp%s.4294963189.fileset', pg_backend_pid())
$$;
CREATE FUNCTION files() RETURNS text LANGUAGE sql PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(DISTINCT CASE WHEN path LIKE 'base%' THEN 'default' ELSE 'elsewhere' END, ', '), 'none')
  FROM directories() AS path, pg_ls_dir(path)
$$;
CREATE FUNCTION left_over() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM directories()';
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
-- Blocks of few bytes beside such of many: values next to each other, and far apart.
CREATE TABLE uneven AS
SELECT 1024 + i / 2000 + CASE WHEN i / 2000 % 2 = 0 THEN i % 2000 * 2::float8 ^ -42 ELSE (i % 2000 + sin(i)) / 2002 END AS value, i % 3 = 1 AS is_current
FROM (SELECT i::bigint * 7919 % 400009 AS i FROM generate_series(1, 400000) AS i) AS shuffled;
ANALYZE uneven;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE expected AS
SELECT fraud_psi(value, is_current) AS psi, fraud_ks(value, is_current) AS ks, fraud_energy(value, is_current) AS energy FROM amount;
CREATE TABLE expected_of_uneven AS SELECT fraud_profile(u)::text AS profile, fraud_psi(value, is_current) AS psi FROM uneven AS u;
CREATE TABLE expected_profile AS SELECT fraud_profile(a)::text AS profile FROM amount AS a;

SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;

-- One file for each worker and state: PSI, KS and energy share one. It is there until the group ends.
CREATE TEMP VIEW found AS
SELECT fraud_psi(value, is_current) AS psi, fraud_ks(value, is_current) AS ks, fraud_energy(value, is_current) AS energy, files() AS files
FROM amount;
SELECT plan_of('SELECT * FROM found');
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same, files FROM found;
-- Within a transaction, too.
BEGIN;
SELECT psi > 0 AS psi FROM found;
SELECT files();
COMMIT;
SELECT left_over();
SELECT plan_of('SELECT fraud_profile(a)::text AS profile, files() AS files FROM amount AS a');
SELECT profile = (SELECT profile FROM expected_profile) AS same, files
FROM (SELECT fraud_profile(a)::text AS profile, files() AS files FROM amount AS a) AS f;
SELECT left_over();

SELECT profile = (SELECT profile FROM expected_of_uneven) AS same_profile, psi = (SELECT psi FROM expected_of_uneven) AS same_psi
FROM (SELECT fraud_profile(u)::text AS profile, fraud_psi(value, is_current) AS psi FROM uneven AS u) AS f;

-- EXPLAIN knows of what is written, of which PSI reads a part, and of the time.
CREATE FUNCTION temporary_blocks(query text) RETURNS TABLE (written boolean, read text, timed boolean) LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
  RETURN QUERY
  SELECT (p->>'Temp Written Blocks')::int > 0,
    CASE WHEN (p->>'Temp Read Blocks')::int BETWEEN 1 AND (p->>'Temp Written Blocks')::int * 3 / 4 THEN 'a part'
      WHEN (p->>'Temp Read Blocks')::int > (p->>'Temp Written Blocks')::int * 3 / 4 THEN 'most' END,
    (p->>'Temp I/O Write Time')::float8 > 0 AND (p->>'Temp I/O Read Time')::float8 > 0
  FROM CAST(plan->0->'Plan' AS json) AS p;
END $$;
SET track_io_timing = on;
SELECT * FROM temporary_blocks('SELECT fraud_psi(value, is_current) FROM amount');
SELECT * FROM temporary_blocks('SELECT fraud_ks(value, is_current) FROM amount');
RESET track_io_timing;

-- In a temporary tablespace; each worker takes it.
SET temp_tablespaces = hand_over_space;
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same, files FROM found;
SELECT files();
RESET temp_tablespaces;

-- What was spilled before is in the same file, and stays where it is.
SET work_mem = '128kB';
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same, files FROM found;
RESET work_mem;

-- The leader's own part.
SET parallel_leader_participation = on;
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same FROM found;
SET parallel_leader_participation = off;

-- Few bytes go with the message: few values, or many rows of few values.
SELECT fraud_psi(round(value / 1000), is_current) > 0 AS psi, files() FROM amount;
SELECT fraud_psi(value, is_current) > 0 AS psi, files() FROM amount WHERE i <= 1000;
-- So does all where temporary files are limited; what was spilled is in a file anyway.
SET temp_file_limit = '100MB';
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same, files FROM found;
SET work_mem = '128kB';
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same, files FROM found;
SET temp_file_limit = '64kB';
\set VERBOSITY sqlstate
SELECT psi FROM found;
\set VERBOSITY default
RESET temp_file_limit;
RESET work_mem;
SELECT left_over();

-- Many groups, sorted and hashed; a group's files end with it.
SET enable_hashagg = off;
CREATE TEMP VIEW groups AS SELECT part, fraud_psi(value, is_current) AS psi, files() AS files FROM amount GROUP BY part;
SELECT plan_of('SELECT * FROM groups');
SELECT g.part, g.psi = (SELECT fraud_psi(value, is_current) FROM amount_in_parts WHERE part = g.part) AS same FROM groups AS g ORDER BY 1;
-- The groups that nobody asks for are deleted with the transaction, also where no other was a file.
SELECT part FROM groups LIMIT 1;
SELECT left_over();
SELECT plan_of('SELECT i > 50 AS part, fraud_psi(value, is_current) IS NOT NULL AS psi FROM amount GROUP BY 1 LIMIT 1');
SELECT i > 50 AS part, fraud_psi(value, is_current) IS NOT NULL AS psi FROM amount GROUP BY 1 LIMIT 1;
SELECT left_over();
SET temp_tablespaces = hand_over_space;
SELECT i > 50 AS part, fraud_psi(value, is_current) IS NOT NULL AS psi FROM amount GROUP BY 1 LIMIT 1;
SELECT left_over();
RESET temp_tablespaces;
SELECT part, psi IS NULL FROM (SELECT part, fraud_psi(value, is_current) FILTER (WHERE part = 1) AS psi FROM amount GROUP BY part) AS g LIMIT 1;
SELECT left_over();
RESET enable_hashagg;
SET enable_sort = off;
SELECT count(*), count(psi) FROM groups;
SELECT left_over();
RESET enable_sort;

-- A message that comes twice: from a sort that is read again, and from a hash table.
CREATE TABLE two AS SELECT generate_series(1, 2) AS i;
ANALYZE two;
SET enable_material = off;
SET enable_gathermerge = off;
SET work_mem = '64kB';
\set query 'SELECT two.i, g.part FROM two LEFT JOIN (SELECT part, fraud_psi(value, is_current) AS psi FROM amount GROUP BY part) AS g ON g.psi * two.i > -1 ORDER BY 1, 2'
SELECT plan_of(:'query');
BEGIN;
:query;
SELECT files();
COMMIT;
RESET enable_material;
RESET enable_gathermerge;
RESET work_mem;
SELECT left_over();
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
SET max_parallel_workers_per_gather = 0;
SET enable_partitionwise_aggregate = on;
\set query 'SELECT i, (SELECT count(*) FROM (SELECT value > 1000 AS part, fraud_psi(value, is_current) AS psi FROM amount_in_parts GROUP BY 1 OFFSET 0) AS g WHERE g.psi > -i) FROM two'
SELECT plan_of(:'query');
:query;
SET work_mem = '128kB';
:query;
RESET work_mem;

-- Parts of one process are a message, spilled or not. A worker that has such parts is no leader.
CREATE TEMP VIEW in_parts AS SELECT fraud_psi(value, is_current) AS psi, files() AS files FROM amount_in_parts;
SELECT plan_of('SELECT * FROM in_parts');
SELECT psi = (SELECT psi FROM expected) AS same, files FROM in_parts;
SET work_mem = '128kB';
SELECT psi = (SELECT psi FROM expected) AS same, files FROM in_parts;
RESET work_mem;
SET parallel_setup_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION psi_of(part int) RETURNS float8 LANGUAGE plpgsql PARALLEL SAFE COST 100000 AS $$
BEGIN
  RETURN (SELECT fraud_psi(a.value, a.is_current) FROM amount_in_parts AS a WHERE a.part IS DISTINCT FROM psi_of.part);
END $$;
ALTER TABLE two SET (parallel_workers = 2);
SELECT plan_of('SELECT i, psi_of(-i) FROM two');
SELECT i, psi_of(-i) = (SELECT psi FROM expected) AS same FROM two;
-- The leader's own part, asked for again when its workers would start anew.
SET parallel_leader_participation = on;
SET max_parallel_workers = 0;
SET enable_material = off;
ALTER TABLE two SET (parallel_workers = 0);
ALTER TABLE amount_0 SET (parallel_workers = 0);
ALTER TABLE amount_1 SET (parallel_workers = 0);
\set query 'SELECT i, (SELECT count(*) FROM (SELECT value > 1000 AS part, fraud_psi(value, is_current) AS psi FROM amount_in_parts GROUP BY 1 ORDER BY 1 OFFSET 0) AS g WHERE g.psi > -i) FROM two'
SELECT plan_of(:'query');
BEGIN;
:query;
SELECT files();
COMMIT;
RESET parallel_leader_participation;
RESET max_parallel_workers;
RESET enable_material;
RESET enable_partitionwise_aggregate;
SET parallel_leader_participation = off;
SELECT left_over();

-- Errors: of the leader when it has read, of a worker that has handed over a group, and within a subtransaction.
SELECT 1 / (psi * 0)::int FROM found;
SELECT left_over();
SET enable_hashagg = off;
SELECT part, fraud_auc(CASE WHEN part = 3 THEN 'NaN' ELSE value END, is_current) FROM amount GROUP BY part ORDER BY part;
SELECT left_over();
BEGIN;
DO $$
BEGIN
  PERFORM fraud_auc(CASE WHEN part = 3 THEN 'NaN' ELSE value END, is_current) FROM amount GROUP BY part ORDER BY part;
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE NOTICE 'caught';
END $$;
SELECT (psi, ks, energy) = (SELECT psi, ks, energy FROM expected) AS same FROM found;
COMMIT;
SELECT left_over();
RESET enable_hashagg;

-- A leader that has not loaded the library, which only its workers use, would not look for files.
ALTER TABLE two SET (parallel_workers = 2);
\c
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET enable_partitionwise_aggregate = on;
SELECT plan_of('SELECT i, psi_of(-i) FROM two');
SELECT i, psi_of(-i) > 0 AS psi FROM two;
SELECT left_over();

DROP TABLESPACE hand_over_space;
