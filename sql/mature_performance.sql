-- mature_performance: how good a version really was, by fraud.label, on rows old enough (docs/labels.md).

CREATE FUNCTION fraud.label_delay_fit(delays float8[], ages float8[]) RETURNS float8[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS '$libdir/fraud_detect', 'fraud_label_delay_fit';
COMMENT ON FUNCTION fraud.label_delay_fit(float8[], float8[]) IS
'how soon frauds become known, from the delay and the age of each known one (Lynden-Bell''s estimate for right-truncated '
'samples): pairs of a delay and the share of frauds with at most that delay, descending; NULL for NULL, 22023 for a delay above its age';

CREATE FUNCTION fraud.label_delay_known(steps float8[], age float8) RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_label_delay_known';
COMMENT ON FUNCTION fraud.label_delay_known(float8[], float8) IS
'share of the frauds of an age that are known, by what fraud.label_delay_fit gave; NULL where nothing was fitted, and for NULL';

CREATE FUNCTION fraud.require_length(name text, length interval, shortest interval) RETURNS interval
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF length IS NULL THEN
    RAISE EXCEPTION '% must not be null', name USING ERRCODE = 'null_value_not_allowed';
  ELSIF length < shortest THEN
    RAISE EXCEPTION '% must be % at least, not %', name, shortest, length USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN fraud.microseconds(length) / 1000000.0 * '1 second'::interval;
END
$$;
COMMENT ON FUNCTION fraud.require_length(text, interval, interval) IS
'a length of time where a day has 24 hours and a month 30 days; 22004 for NULL, 22023 below the least one';

-- Which columns tell key and time of rows, and which table's labels are theirs: of a view of features
-- the set knows it.
CREATE FUNCTION fraud.labelled_source(source regclass,
  INOUT key text, INOUT event_time text, INOUT relation regclass)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  view_name text := (SELECT c.relname FROM pg_class c
    WHERE c.oid = source AND c.relnamespace = 'fraud_features'::regnamespace);
BEGIN
  IF view_name IS NOT NULL THEN
    SELECT coalesce(labelled_source.key, s.key), coalesce(labelled_source.event_time, s.event_time)
      INTO key, event_time FROM fraud.feature_set s WHERE s.name = view_name;
  END IF;
  relation := coalesce(relation, fraud.feature_source(view_name), source);
  IF source IS NULL THEN
    RAISE EXCEPTION 'source must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF key IS NULL OR event_time IS NULL THEN
    RAISE EXCEPTION '% must be given', CASE WHEN key IS NULL THEN 'key' ELSE 'event_time' END
      USING ERRCODE = 'null_value_not_allowed',
      HINT = 'Name the column, or evaluate the view of a set of features that has it.';
  END IF;
  PERFORM fraud.require_column(source, key, 'the argument "key"'),
    fraud.require_column(source, event_time, 'the argument "event_time"');
END
$$;
COMMENT ON FUNCTION fraud.labelled_source(regclass, text, text, regclass) IS
'key, event time and labelled table of a source, those of its set where it is a view of features; 22004 where one is missing, 42703';

CREATE FUNCTION @extschema@.fraud_mature_performance(
  model text,
  source regclass,
  key text DEFAULT NULL,
  event_time text DEFAULT NULL,
  maturity interval DEFAULT '60 days',
  every interval DEFAULT '7 days',
  relation regclass DEFAULT NULL,
  sources text[] DEFAULT '{chargeback}',
  version int DEFAULT NULL,
  as_of timestamptz DEFAULT pg_catalog.now())
RETURNS TABLE (period timestamptz, rows bigint, mature bigint, frauds bigint, mature_frauds bigint,
  share_of_frauds_known float8, auc float8, average_precision float8, precision_at_recall_90 float8,
  log_loss float8, brier float8)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000000 ROWS 30
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  labelled record;
BEGIN
  maturity := fraud.require_length('maturity', maturity, '0');
  every := fraud.require_length('every', every, '1 second');
  SELECT * INTO labelled FROM fraud.labelled_source(source, key, event_time, relation);
  RETURN QUERY EXECUTE format($sql$
    WITH event AS (
      SELECT date_bin($1, s.time, '2000-01-03 00:00+00') AS period, s.score, coalesce(l.is_fraud, false) AS is_fraud,
        s.time + $2 <= $3 AS mature, extract(epoch FROM $3 - s.time)::float8 AS age,
        extract(epoch FROM l.known_at - s.time)::float8 AS delay
      FROM (SELECT "fraud_detect row".%1$I::text AS key, "fraud_detect row".%2$I::timestamptz AS time,
              @extschema@.fraud_score("fraud_detect row", $4, $5) AS score
            FROM %3$s AS "fraud_detect row") AS s
        LEFT JOIN @extschema@.fraud_labels($6, $7, $3) AS l USING (key)
      WHERE isfinite(s.time) AND s.time <= $3
    ), delay AS (
      SELECT fraud.label_delay_fit(array_agg(delay), array_agg(age)) AS steps FROM event WHERE is_fraud
    )
    SELECT e.period, count(*), count(*) FILTER (WHERE e.mature), count(*) FILTER (WHERE e.is_fraud),
      count(*) FILTER (WHERE e.is_fraud AND e.mature), avg(fraud.label_delay_known(d.steps, e.age)),
      @extschema@.fraud_auc(e.score, e.is_fraud) FILTER (WHERE e.mature),
      @extschema@.fraud_average_precision(e.score, e.is_fraud) FILTER (WHERE e.mature),
      @extschema@.fraud_precision_at_recall(e.score, e.is_fraud, 0.9) FILTER (WHERE e.mature),
      @extschema@.fraud_log_loss(e.score, e.is_fraud) FILTER (WHERE e.mature),
      @extschema@.fraud_brier(e.score, e.is_fraud) FILTER (WHERE e.mature)
    FROM event AS e CROSS JOIN delay AS d GROUP BY e.period ORDER BY e.period
    $sql$, labelled.key, labelled.event_time, source)
    USING every, maturity, as_of, model, version, labelled.relation, sources;
END
$$;
COMMENT ON FUNCTION @extschema@.fraud_mature_performance(text, regclass, text, text, interval, interval,
  regclass, text[], int, timestamptz) IS
'how good a version was on the rows of a table or view, by what fraud.label says as of an instant: for each period of '
'event time (of length every; weeks begin on Monday, UTC) how many rows there are and are mature (older than maturity), how '
'many frauds are known, which share of the frauds of the rows'' ages is known (estimated from the delays of the known ones; '
'NULL without any), and metrics of the mature rows, on which a row without a label counts as legitimate. They are those of '
'fraud_evaluate, NULL where the rows do not define them. key and event_time name columns and relation the labelled table: '
'for a view of fraud_features those of its set, and relation is else the source. Read as the caller. 22004 for a NULL where '
'there is no default, 22023 for a wrong length or source of labels, 42703, 42501, and what fraud_score raises';
