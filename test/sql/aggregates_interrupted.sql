-- Aggregates that sort many rows in the end can be interrupted there: after a third of the query's time, most of
-- which is the final function's, it stops within another third.
\set VERBOSITY terse
SET max_parallel_workers_per_gather = 0;
CREATE TABLE scored AS
SELECT (i::bigint * 7919 % 1000003)::float8 / 1000003 AS a, (i::bigint * 104729 % 1000003)::float8 / 1000003 AS b, i % 7 = 0 AS label
FROM generate_series(1, 1000000) AS i;
ANALYZE scored;

\set query 'SELECT fraud_compare_auc(a, b, label) FROM scored'
:query \g /dev/null
SELECT clock_timestamp() AS begun \gset
:query \g /dev/null
SELECT ceil(extract(epoch FROM clock_timestamp() - :'begun') * 1000 / 3) AS third \gset
SET statement_timeout = :third;
SELECT clock_timestamp() AS begun \gset
:query \g /dev/null
RESET statement_timeout;
SELECT extract(epoch FROM clock_timestamp() - :'begun') * 1000 < 2 * :third AS soon;

\set query 'SELECT fraud_best_threshold(a, label, 10, 1) FROM scored'
:query \g /dev/null
SELECT clock_timestamp() AS begun \gset
:query \g /dev/null
SELECT ceil(extract(epoch FROM clock_timestamp() - :'begun') * 1000 / 3) AS third \gset
SET statement_timeout = :third;
SELECT clock_timestamp() AS begun \gset
:query \g /dev/null
RESET statement_timeout;
SELECT extract(epoch FROM clock_timestamp() - :'begun') * 1000 < 2 * :third AS soon;
