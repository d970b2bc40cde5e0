-- Detectors of change: states in a table, resumable, transactional.
CREATE TABLE outcome AS
SELECT i, (hashint4(i)::bigint + 2147483648) / 4294967296.0 AS u FROM generate_series(1, 6000) AS i;
CREATE VIEW stream AS
SELECT i, CASE WHEN i <= 3000 THEN 0.2 ELSE 0.4 END + (u::float8 - 0.5) * 0.3 AS score,
  (u < CASE WHEN i <= 3000 THEN 0.05 ELSE 0.15 END)::int::float8 AS wrong FROM outcome;
SELECT fraud_create_detector('score', 'adwin');
SELECT fraud_create_detector('score_page', 'page_hinkley', threshold => 20);
SELECT fraud_create_detector('wrong', 'ddm');
SELECT detector, method, seen, changes, last_change, warning, mean FROM fraud.detector ORDER BY detector;

-- The change is found soon after it came, by each.
SELECT seen, cardinality(changes) > 0 AS changed, changes[1] BETWEEN 3001 AND 3200 AS soon, warning, round(mean::numeric, 1) AS mean
FROM fraud_detect_change('score', ARRAY(SELECT score FROM stream ORDER BY i));
SELECT seen, cardinality(changes) AS changes, changes[1] BETWEEN 3001 AND 3400 AS soon, round(mean::numeric, 1) AS mean
FROM fraud_detect_change('score_page', ARRAY(SELECT score FROM stream ORDER BY i));
SELECT seen, (SELECT count(*) FROM unnest(changes) AS c WHERE c BETWEEN 3001 AND 3300) AS soon
FROM fraud_detect_change('wrong', ARRAY(SELECT wrong FROM stream ORDER BY i));

-- In any portions the same state; NULL is left out; nothing stays of what is rolled back.
SELECT method, fraud_create_detector('parts_' || method, method, threshold => CASE method WHEN 'page_hinkley' THEN 20 END)
FROM fraud.detector WHERE detector NOT LIKE 'parts%' ORDER BY method;
CREATE TABLE call AS SELECT i / 77 AS part, array_agg(score ORDER BY i) || NULL::float8 AS scores, array_agg(wrong ORDER BY i) AS wrongs FROM stream GROUP BY 1;
DO $$
DECLARE c call;
BEGIN
  FOR c IN SELECT * FROM call ORDER BY part LOOP
    PERFORM fraud_detect_change('parts_adwin', c.scores);
    PERFORM fraud_detect_change('parts_page_hinkley', c.scores);
    PERFORM fraud_detect_change('parts_ddm', c.wrongs);
    BEGIN
      PERFORM fraud_detect_change('parts_adwin', '{0.9, 0.9}'::float8[]);
      RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END
$$;
SELECT a.method, a.state = b.state AS same_state, a.changes = b.changes AND a.last_change = b.last_change AS same_changes, a.seen = b.seen AS same_seen
FROM fraud.detector a JOIN fraud.detector b ON b.detector = 'parts_' || a.method AND b.detector <> a.detector ORDER BY a.method;
SELECT seen, changes, warning FROM fraud_detect_change('parts_adwin', '{}');
SELECT max(length(state)) < 1000 AS small FROM fraud.detector;

-- Errors, with their SQLSTATE.
\set SHOW_CONTEXT never
SELECT fraud_create_detector('score', 'ddm');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT fraud_create_detector(NULL, 'ddm');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT fraud_create_detector('x', 'cusum');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_create_detector('x', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_create_detector('x', 'adwin', 1.5);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_create_detector('x', 'ddm', delta => 0.1);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_create_detector('x', 'page_hinkley', threshold => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_detect_change('nosuch', '{1}');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_detect_change('wrong', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_detect_change('wrong', '{1, 0, 0.5}');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_detect_change('score', '{NaN}');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud_detect_change('score_page', '{Infinity}');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud.detector_add('\x00', '{1}');
\echo :LAST_ERROR_SQLSTATE
SELECT fraud.detector_add(substring(state FOR length(state) - 1), '{1}') FROM fraud.detector WHERE detector = 'score';
\echo :LAST_ERROR_SQLSTATE
SELECT seen FROM fraud.detector WHERE detector = 'wrong';
SELECT fraud_drop_detector('wrong');
SELECT fraud_drop_detector('wrong');
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_fraud_detector;
SET ROLE regress_fraud_detector;
SELECT fraud_detect_change('score', '{0.5}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP ROLE regress_fraud_detector;
