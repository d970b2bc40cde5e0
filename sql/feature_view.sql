-- feature_view: from checked features to their view, and what else belongs to a set.

-- What a rate is shrunk towards depends on these and on nothing else.
CREATE FUNCTION fraud.feature_series(feature jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN jsonb_strip_nulls(jsonb_build_object('label', feature -> 'label_column', 'delay', feature -> 'delay',
  'label_time', feature -> 'label_time_column', 'label_sources', feature -> 'label_sources'));
COMMENT ON FUNCTION fraud.feature_series(jsonb) IS
'label, delay, label time and label sources of a checked fraud_rate; NULL for NULL';

CREATE FUNCTION fraud.window_operands(features jsonb, per jsonb)
RETURNS TABLE (place int, sql text, role text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (row_number() OVER (ORDER BY min(f.ordinality), o.role, o.sql))::int - 1, o.sql, o.role
  FROM jsonb_array_elements(features) WITH ORDINALITY AS f,
    LATERAL (VALUES
      (f.value ->> 'value', CASE f.value ->> 'aggregate' WHEN 'distinct' THEN 'code' ELSE 'number' END),
      (f.value ->> 'filter', 'filter'),
      (f.value ->> 'label', 'label'),
      (f.value ->> 'label_time', 'time'),
      (f.value ->> 'changes', 'changes')) AS o (sql, role)
  WHERE f.value -> 'per' = window_operands.per AND o.sql IS NOT NULL
  GROUP BY o.sql, o.role
$$;
COMMENT ON FUNCTION fraud.window_operands(jsonb, jsonb) IS
'what the checked window features of one entity read of a row, each once, in order';

CREATE FUNCTION fraud.window_description(definition uuid, features jsonb, series jsonb, per jsonb)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH operand AS MATERIALIZED (SELECT * FROM fraud.window_operands(features, per)),
  feature AS (
    SELECT f.ordinality, f.value
      - '{kind,per,value,filter,label,label_time,label_column,label_time_column,label_sources,changes}'::text[]
      || (SELECT coalesce(jsonb_object_agg(CASE o.role
            WHEN 'number' THEN 'value' WHEN 'code' THEN 'value' WHEN 'time' THEN 'label_time'
            ELSE o.role END, o.place), '{}')
          FROM operand o
          WHERE o.sql = f.value ->> 'value'
              AND o.role = CASE f.value ->> 'aggregate' WHEN 'distinct' THEN 'code' ELSE 'number' END
            OR o.sql = f.value ->> 'filter' AND o.role = 'filter'
            OR o.sql = f.value ->> 'label' AND o.role = 'label'
            OR o.sql = f.value ->> 'label_time' AND o.role = 'time'
            OR o.sql = f.value ->> 'changes' AND o.role = 'changes')
      || CASE WHEN (f.value ->> 'prior')::numeric > 0 THEN
          jsonb_build_object('series', (SELECT s.ordinality FROM jsonb_array_elements(series) WITH ORDINALITY AS s
            WHERE s.value = fraud.feature_series(f.value)))
          ELSE '{}' END AS described
    FROM jsonb_array_elements(features) WITH ORDINALITY AS f
    WHERE f.value -> 'per' = window_description.per
  )
  SELECT jsonb_build_object('definition', definition,
    'arguments', (SELECT coalesce(jsonb_agg(role ORDER BY place), '[]') FROM operand),
    'features', jsonb_agg(described ORDER BY ordinality))
  FROM feature
$$;
COMMENT ON FUNCTION fraud.window_description(uuid, jsonb, jsonb, jsonb) IS
'the first argument of fraud.window_features for the checked features of one entity';

-- A call of the window function, as a column of the inner query. IS NOT NULL would look into composites.
CREATE FUNCTION fraud.window_call(definition uuid, event_time text, features jsonb, series jsonb, per jsonb)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('fraud.window_features(%L::pg_catalog.jsonb, s.%I, %s%s) '
      'OVER (PARTITION BY %s ORDER BY s.%I ROWS UNBOUNDED PRECEDING)',
    fraud.window_description(definition, features, series, per), event_time,
    string_agg(format('s.%I IS DISTINCT FROM NULL', p.value #>> '{}'), ' AND ' ORDER BY p.ordinality),
    (SELECT string_agg(', ' || o.sql, '' ORDER BY o.place) FROM fraud.window_operands(features, per) AS o),
    string_agg(format('s.%I', p.value #>> '{}'), ', ' ORDER BY p.ordinality), event_time)
  FROM jsonb_array_elements(per) WITH ORDINALITY AS p
$$;
COMMENT ON FUNCTION fraud.window_call(uuid, text, jsonb, jsonb, jsonb) IS
'the call of fraud.window_features for the checked features of one entity, as SQL over s';

-- All columns of the source as they are, then the features in their order.
CREATE FUNCTION fraud.feature_view_query(definition uuid, source regclass, event_time text, features jsonb,
  series jsonb)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH source_column AS (
    SELECT a.attnum, a.attname FROM pg_attribute a
    WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
  ), feature AS (
    SELECT f.value AS f, f.ordinality FROM jsonb_array_elements(features) WITH ORDINALITY AS f
  ), entity AS (
    SELECT f -> 'per' AS per, row_number() OVER (ORDER BY min(ordinality)) AS place
    FROM feature WHERE f ->> 'kind' = 'window' GROUP BY f -> 'per'
  ), inner_column AS (
    SELECT 1 AS section, attnum::bigint AS place, format('s.%I', attname) AS sql FROM source_column
    UNION ALL
    SELECT 2, ordinality, format('%s AS %I', f ->> 'sql', f ->> 'name') FROM feature WHERE f ->> 'kind' = 'expression'
    UNION ALL
    SELECT 3, place, format('%s AS %I', fraud.window_call(definition, event_time, features, series, per),
      'fraud_detect window ' || place) FROM entity
  ), outer_column AS (
    SELECT 1 AS section, attnum::bigint AS place, format('f.%I', attname) AS sql FROM source_column
    UNION ALL
    SELECT 2, ordinality, CASE f ->> 'kind'
      WHEN 'column' THEN format('f.%I AS %I', f ->> 'column', f ->> 'name')
      WHEN 'expression' THEN format('f.%I', f ->> 'name')
      ELSE format('fraud.window_value(f.%I, %s) AS %I', 'fraud_detect window ' || e.place,
        row_number() OVER (PARTITION BY f -> 'per' ORDER BY ordinality), f ->> 'name') END
    FROM feature LEFT JOIN entity e ON e.per = f -> 'per'
    WHERE f ->> 'kind' <> 'column' OR f ->> 'column' <> f ->> 'name'
  )
  SELECT format('SELECT %s FROM (SELECT %s FROM %s AS s) AS f',
    (SELECT string_agg(sql, ', ' ORDER BY section, place) FROM outer_column),
    (SELECT string_agg(sql, ', ' ORDER BY section, place) FROM inner_column), source)
$$;
COMMENT ON FUNCTION fraud.feature_view_query(uuid, regclass, text, jsonb, jsonb) IS
'the query of the view of checked features';

-- The view reads its source's columns, and nothing else.
CREATE FUNCTION fraud.feature_source(name text) RETURNS regclass
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT DISTINCT d.refobjid::regclass
  FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
  WHERE r.ev_class = to_regclass(format('fraud_features.%I', name))
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class AND d.refobjsubid > 0);
COMMENT ON FUNCTION fraud.feature_source(text) IS
'the table that a set of features is defined over, whatever it is called now; NULL where there is no view, and for NULL';

-- Rates of all rows

CREATE FUNCTION fraud.label_periods(changes timestamptz[]) RETURNS nummultirange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT range_agg(numrange(extract(epoch FROM changes[i] AT TIME ZONE 'UTC' - '2000-01-01'::timestamp),
    extract(epoch FROM changes[i + 1] AT TIME ZONE 'UTC' - '2000-01-01'::timestamp), '(]'))
  FROM generate_series(1, cardinality(changes), 2) AS i);
COMMENT ON FUNCTION fraud.label_periods(timestamptz[]) IS
'when a row was known as fraud, in seconds since 2000-01-01 UTC, by its fraud.label_changes; NULL for NULL';

-- As SQL over the view, in seconds since 2000-01-01: a fraud is known after a time, not at it.
CREATE FUNCTION fraud.known_as_fraud(feature_set fraud.feature_set, series jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws(' + ',
  CASE WHEN series ? 'label' THEN
    format($sql$nummultirange(CASE WHEN to_jsonb(v.%1$I) IN ('1', 'true') AND %2$s THEN numrange(%3$s, NULL, '(]') ELSE 'empty' END)$sql$,
      series ->> 'label',
      coalesce('isfinite(v.' || quote_ident(series ->> 'label_time') || ')', 'true'),
      coalesce('extract(epoch FROM v.' || quote_ident(series ->> 'label_time') || '::timestamp - ''2000-01-01'')',
        'NULL')) END,
  CASE WHEN series ? 'label_sources' THEN
    format($sql$coalesce(fraud.label_periods(fraud.label_changes(%L, v.%I::text, %L)), '{}')$sql$,
      fraud.feature_source(feature_set.name), feature_set.key,
      ARRAY(SELECT jsonb_array_elements_text(series -> 'label_sources'))) END);
COMMENT ON FUNCTION fraud.known_as_fraud(fraud.feature_set, jsonb) IS
'when a row of a set''s view was known as fraud, by the label and the label sources of a series, as SQL over v';

-- Written once and never changed: what a row gets from them later is what it got then. So a set
-- that has rates gets those of the next midnight only, which no row has used yet.
CREATE FUNCTION fraud.insert_feature_rates(name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  feature_set fraud.feature_set;
  one record;
  latest timestamp;
  next_midnight timestamp := CURRENT_DATE + 1;
  inserted bigint;
  total bigint := 0;
BEGIN
  SELECT * INTO STRICT feature_set FROM fraud.feature_set s WHERE s.name = insert_feature_rates.name;
  FOR one IN SELECT * FROM jsonb_array_elements(feature_set.series) WITH ORDINALITY AS s LOOP
    SELECT max(r.known_from) INTO latest FROM fraud.feature_rate r
      WHERE r.definition = feature_set.definition AND r.series = one.ordinality;
    -- Read through the view, whose columns keep their names. Days are counted from 2000-01-01; a row
    -- counts from the first midnight when its delay is over, a fraud from the first one after it is known.
    EXECUTE format($sql$
      WITH event AS (
        SELECT extract(epoch FROM v.%1$I::timestamp - '2000-01-01') + $4 AS counts, %3$s AS fraud
        FROM fraud_features.%4$I AS v WHERE isfinite(v.%1$I) AND %2$s
      ), change AS (
        SELECT ceil(counts / 86400)::int AS day, 1 AS rows, 0 AS frauds FROM event
        UNION ALL
        SELECT greatest(ceil(counts / 86400), floor(bound / 86400) + 1)::int, 0, turn
        FROM event, unnest(fraud) AS known,
          LATERAL (VALUES (lower(known), 1), (upper(known), -1)) AS t (bound, turn)
        WHERE turn = 1 OR bound IS NOT NULL
        UNION ALL
        SELECT $5::date - '2000-01-01'::date, 0, 0
      ), known AS (
        SELECT '2000-01-01'::timestamp + day * '24 hours'::interval AS known_from,
          sum(sum(rows)) OVER days AS rows, sum(sum(frauds)) OVER days AS frauds
        FROM change GROUP BY day WINDOW days AS (ORDER BY day)
      )
      INSERT INTO fraud.feature_rate (definition, series, known_from, rows, frauds)
      SELECT $1, $2, known_from, rows, frauds FROM known
      WHERE CASE WHEN $3 IS NULL THEN known_from <= greatest($5,
            (SELECT max(counts) - $4 FROM event) * '1 second'::interval + '2000-01-01'::timestamp)
        ELSE known_from = $5 AND known_from > $3 END
      $sql$, feature_set.event_time,
      CASE WHEN one.value ? 'label_sources' THEN 'true' ELSE format('to_jsonb(v.%I) <> ''"NaN"''', one.value ->> 'label') END,
      fraud.known_as_fraud(feature_set, one.value), name)
      USING feature_set.definition, one.ordinality::int, latest, (one.value ->> 'delay')::numeric / 1000000,
        next_midnight;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    total := total + inserted;
  END LOOP;
  RETURN total;
END
$$;
REVOKE ALL ON FUNCTION fraud.insert_feature_rates(text) FROM PUBLIC;
COMMENT ON FUNCTION fraud.insert_feature_rates(text) IS
'adds what fraud.feature_rate lacks of a set: every day of the past for a new one, else the next midnight; '
'returns the number of rows';
