-- features: sets of features with one definition for a whole table and for a single row.
--
-- The definition is the view fraud_features.<name>, nothing else: PostgreSQL keeps the
-- columns and functions in it by identity, so that it follows renames and goes through
-- dump and restore. A query of the view computes all rows (fraud.window_features); for
-- a single row the same expressions are taken out of the view (src/scoring/features_view.c).
-- fraud.feature_set says which definition a name stands for: another one under the same
-- name has another uuid, and versions of models remember theirs.

CREATE SCHEMA fraud_features;
GRANT USAGE ON SCHEMA fraud_features TO PUBLIC;
COMMENT ON SCHEMA fraud_features IS
'fraud_detect: one view for each set of features (fraud_define_features)';

CREATE TABLE fraud.feature_set (
  name text COLLATE pg_catalog."C" PRIMARY KEY
    CHECK (name <> '' AND pg_catalog.octet_length(name) <= 63),
  definition uuid NOT NULL UNIQUE DEFAULT pg_catalog.gen_random_uuid(),
  source text NOT NULL,
  event_time text NOT NULL,
  key text,
  features jsonb NOT NULL,
  series jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by text NOT NULL DEFAULT CURRENT_USER
);
COMMENT ON TABLE fraud.feature_set IS
'sets of features as they were asked for; the view of that name in fraud_features is what counts';
COMMENT ON COLUMN fraud.feature_set.definition IS
'identity of the definition: versions of models remember it';
COMMENT ON COLUMN fraud.feature_set.source IS 'the table, as it was called then';
COMMENT ON COLUMN fraud.feature_set.series IS
'labels and delays for which fraud.feature_rate has rows';

CREATE TABLE fraud.feature_rate (
  definition uuid NOT NULL,
  series int NOT NULL,
  known_from timestamp NOT NULL,
  rows bigint NOT NULL,
  frauds bigint NOT NULL,
  PRIMARY KEY (definition, series, known_from)
);
COMMENT ON TABLE fraud.feature_rate IS
'what was known of all rows of a source at the beginning of a day: rows whose delay was over, and '
'frauds among them that were known; rates with a prior are shrunk towards it';
COMMENT ON COLUMN fraud.feature_rate.known_from IS
'for rows from this instant on (UTC where the event time is a timestamptz)';

SELECT pg_catalog.pg_extension_config_dump('fraud.feature_set', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.feature_rate', '');

-- Sessions keep definitions and rates with the features that they made ready.
CREATE TRIGGER feature_set_changed AFTER UPDATE OR DELETE OR TRUNCATE ON fraud.feature_set
  FOR EACH STATEMENT EXECUTE FUNCTION fraud.registry_changed();
ALTER TABLE fraud.feature_set ENABLE ALWAYS TRIGGER feature_set_changed;
CREATE TRIGGER feature_rate_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON fraud.feature_rate
  FOR EACH STATEMENT EXECUTE FUNCTION fraud.registry_changed();
ALTER TABLE fraud.feature_rate ENABLE ALWAYS TRIGGER feature_rate_changed;

CREATE FUNCTION fraud.window_features(description jsonb, VARIADIC arguments "any")
RETURNS float8[]
LANGUAGE c STABLE PARALLEL SAFE COST 100 WINDOW
AS '$libdir/fraud_detect', 'fraud_window_features';
COMMENT ON FUNCTION fraud.window_features(jsonb, "any") IS
'window function of the views in fraud_features: the described features of one entity, whose rows come in the '
'order of time; NaN where a value is missing. 22023 for a label that is neither 0 nor 1, FD009 for a description '
'that is not valid, 42501 without SELECT on fraud.feature_rate where a prior is used';

CREATE FUNCTION fraud.window_value(vector float8[], place int) RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_window_value';
COMMENT ON FUNCTION fraud.window_value(float8[], int) IS
'one of the values of fraud.window_features; NULL for NaN and for NULL, 2202E for a place that is not there';

CREATE FUNCTION fraud.feature_expression(source regclass, expression text,
  OUT sql text, OUT type regtype, OUT class text, OUT hashable bool)
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_feature_expression';
COMMENT ON FUNCTION fraud.feature_expression(regclass, text) IS
'an expression over the columns of a table, checked, as SQL with the table named s; parts of a timestamptz are '
'taken in UTC. 42P17 for one that is not immutable, 42601, 42703 and others as the parser has them; NULL for NULL';

-- Lengths of time

CREATE FUNCTION fraud.microseconds(length interval) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN ((extract(year FROM length) * 12 + extract(month FROM length)) * 30
        + extract(day FROM length)) * 86400000000
  + extract(hour FROM length) * 3600000000 + extract(minute FROM length) * 60000000
  + extract(microseconds FROM length);
COMMENT ON FUNCTION fraud.microseconds(interval) IS
'a length of time where a day has 24 hours and a month 30 days; NULL for NULL, 22003 beyond bigint';

CREATE FUNCTION fraud.feature_length(feature text, member text, value jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET intervalstyle = postgres
AS $$
DECLARE
  length bigint;
BEGIN
  IF value IS NULL OR jsonb_typeof(value) = 'null' THEN
    RETURN NULL;
  END IF;
  BEGIN
    IF jsonb_typeof(value) = 'string' AND isfinite((value #>> '{}')::interval) THEN
      length := fraud.microseconds((value #>> '{}')::interval);
    END IF;
  EXCEPTION WHEN data_exception THEN
    length := NULL;
  END;
  IF length IS NULL OR length < 0 OR length > 1152921504606846976 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('%s of feature "%s" is not a length of time: %s', member, feature, value),
      HINT = 'Write it as an interval, for instance "7 days".';
  END IF;
  RETURN length;
END
$$;
COMMENT ON FUNCTION fraud.feature_length(text, text, jsonb) IS
'microseconds of a window or delay; 22023 for what is not a finite interval from 0 on; NULL for NULL';

-- One feature, checked

CREATE FUNCTION fraud.feature_operand(source regclass, operand text, feature text, member text,
  OUT sql text, OUT type regtype, OUT class text, OUT hashable bool)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  column_name name := (SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = source AND a.attname = operand AND a.attnum > 0 AND NOT a.attisdropped);
  hint text;
BEGIN
  IF operand IS NULL THEN
    RETURN;
  END IF;
  SELECT * INTO sql, type, class, hashable
    FROM fraud.feature_expression(source, coalesce(quote_ident(column_name), operand));
EXCEPTION WHEN OTHERS THEN
  -- The parser's message and code, and which feature it is about.
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  hint := CASE SQLSTATE
    WHEN '42703' THEN format('Features are computed from columns of %s, not from other features.', source)
    WHEN '42883' THEN 'Functions, operators and types outside of pg_catalog need their schema.'
    ELSE nullif(hint, '') END;
  RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = SQLERRM,
    DETAIL = format('This is about "%s" of feature "%s".', member, feature),
    HINT = coalesce(hint, 'An expression is over the columns of one row, without queries and aggregates.');
END
$$;
COMMENT ON FUNCTION fraud.feature_operand(regclass, text, text, text) IS
'the column of that name, else the expression, as fraud.feature_expression gives it; NULL for NULL';

CREATE FUNCTION fraud.require_column(source regclass, wanted text, member text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names text[] := ARRAY(SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum);
BEGIN
  IF wanted IS NULL OR wanted = ANY (names) THEN
    RETURN wanted;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'undefined_column',
    MESSAGE = format('%s has no column "%s"', source, wanted),
    DETAIL = format('It is named in %s.', member),
    HINT = fraud.name_hint(wanted, names, format('Its columns are %s.', fraud.name_list(names)));
END
$$;
COMMENT ON FUNCTION fraud.require_column(regclass, text, text) IS
'the name itself; 42703 where the table has no such column; NULL for NULL';

CREATE FUNCTION fraud.refuse_feature(feature text, message text,
  hint text DEFAULT 'docs/features.md describes what a feature can have.',
  code text DEFAULT 'invalid_parameter_value') RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = format('feature "%s" %s', feature, message),
    HINT = hint;
END
$$;
COMMENT ON FUNCTION fraud.refuse_feature(text, text, text, text) IS
'raises an error about a feature, 22023 unless another code is given';

CREATE FUNCTION fraud.check_feature_members(feature jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := feature ->> 'name';
  known text[] := CASE
    WHEN feature ? 'column' THEN '{name,column}'
    WHEN feature ? 'expression' THEN '{name,expression}'
    WHEN feature ->> 'aggregate' = 'fraud_rate' THEN
      '{name,per,aggregate,filter,label,label_time,label_sources,window,delay,prior}'
    ELSE '{name,per,aggregate,value,filter,window,delay,include_current}' END;
  member text;
  aggregates text[] := '{count,sum,avg,min,max,stddev,distinct,since_last,ratio_to_avg,first_seen,fraud_rate}';
BEGIN
  IF NOT feature ?| '{column,expression,aggregate}' THEN
    PERFORM fraud.refuse_feature(name, 'has none of "column", "expression" and "aggregate"');
  END IF;
  FOR member IN SELECT m FROM jsonb_object_keys(feature) AS m WHERE m <> ALL (known) ORDER BY m LOOP
    PERFORM fraud.refuse_feature(name, format('cannot have "%s"', member),
      fraud.name_hint(member, known, format('It can have %s.', fraud.name_list(known))));
  END LOOP;
  FOR member IN SELECT m FROM unnest('{column,expression,aggregate,value,filter,label,label_time}'::text[]) AS m
    WHERE feature ? m AND jsonb_typeof(feature -> m) <> 'string' LOOP
    PERFORM fraud.refuse_feature(name, format('has a "%s" that is not a text', member));
  END LOOP;
  IF feature ? 'aggregate' AND feature ->> 'aggregate' <> ALL (aggregates) THEN
    PERFORM fraud.refuse_feature(name,
      format('has an unknown aggregate "%s"', feature ->> 'aggregate'),
      fraud.name_hint(feature ->> 'aggregate', aggregates, 'There are ' || array_to_string(aggregates, ', ') || '.'));
  END IF;
  IF feature ? 'include_current' AND jsonb_typeof(feature -> 'include_current') <> 'boolean' THEN
    PERFORM fraud.refuse_feature(name, 'has an "include_current" that is not true or false');
  END IF;
  IF feature ? 'prior' AND (jsonb_typeof(feature -> 'prior') <> 'number'
      OR (feature ->> 'prior')::numeric NOT BETWEEN 0 AND 1e15) THEN
    PERFORM fraud.refuse_feature(name, 'has a "prior" that is not a number from 0 on');
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_feature_members(jsonb) IS
'22023 where a feature has members that it cannot have, or of the wrong type';

CREATE FUNCTION fraud.entity_columns(source regclass, feature jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := feature ->> 'name';
  per text[];
BEGIN
  per := CASE jsonb_typeof(feature -> 'per')
    WHEN 'string' THEN ARRAY[feature ->> 'per']
    WHEN 'array' THEN ARRAY(SELECT p.value #>> '{}' FROM jsonb_array_elements(feature -> 'per') AS p)
    END;
  IF coalesce(cardinality(per), 0) = 0 OR array_position(per, NULL) IS NOT NULL
      OR cardinality(per) > 8 THEN
    PERFORM fraud.refuse_feature(name, 'needs in "per" a column or a list of up to 8 columns');
  END IF;
  PERFORM fraud.require_column(source, p, format('"per" of feature "%s"', name)) FROM unnest(per) AS p;
  -- A pair that was not seen before: the value is one more column of the entity.
  IF feature ->> 'aggregate' = 'first_seen' AND feature ? 'value' THEN
    per := per || fraud.require_column(source, feature ->> 'value', format('"value" of feature "%s"', name));
  END IF;
  RETURN ARRAY(SELECT p FROM unnest(per) WITH ORDINALITY AS u (p, i) GROUP BY p ORDER BY min(i));
END
$$;
COMMENT ON FUNCTION fraud.entity_columns(regclass, jsonb) IS
'the columns whose values make the entity of a window feature, each once; 42703, 22023';

CREATE FUNCTION fraud.check_window(feature jsonb, window_length bigint, delay bigint) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := feature ->> 'name';
  aggregate text := feature ->> 'aggregate';
  only_latest bool := aggregate IN ('since_last', 'first_seen');
BEGIN
  IF window_length = 0 OR (window_length IS NULL AND NOT only_latest) THEN
    PERFORM fraud.refuse_feature(name, 'needs a window longer than nothing',
      'Write for instance "window": "7 days".');
  END IF;
  IF only_latest AND delay > 0 THEN
    PERFORM fraud.refuse_feature(name, format('is a %s and cannot have a delay', aggregate));
  END IF;
  IF (feature ->> 'include_current')::bool AND (only_latest OR delay > 0) THEN
    PERFORM fraud.refuse_feature(name, 'cannot include the current row',
      'A window with a delay ends before it, and since_last and first_seen are about earlier rows.');
  END IF;
  IF feature ? 'value' AND aggregate = 'since_last' THEN
    PERFORM fraud.refuse_feature(name, 'cannot have a "value"',
      'With a "filter" it is the time since the last row that passes.');
  ELSIF NOT feature ? 'value' AND aggregate NOT IN ('count', 'since_last', 'first_seen', 'fraud_rate') THEN
    PERFORM fraud.refuse_feature(name, format('needs a "value" to take the %s of', aggregate));
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_window(jsonb, bigint, bigint) IS
'22023 where window, delay and value of a feature do not go with its aggregate';

CREATE FUNCTION fraud.check_operand_type(feature text, aggregate text, type regtype, fits bool) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF fits IS FALSE THEN
    PERFORM fraud.refuse_feature(feature, format('cannot use a value of type %s for "%s"', type, aggregate),
      'Cast the value to a type that fits.', 'datatype_mismatch');
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_operand_type(text, text, regtype, bool) IS
'42804 unless a value''s type fits what is done with it';

-- What a fraud_rate needs beside a window: a column that tells, fraud.label, or both.
CREATE FUNCTION fraud.check_feature_label(feature jsonb, delay bigint, key text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := feature ->> 'name';
  by_column bool := feature ? 'label';
  by_events bool := feature ? 'label_sources';
BEGIN
  IF NOT by_column AND NOT by_events THEN
    PERFORM fraud.refuse_feature(name, 'needs a "label" or "label_sources"');
  ELSIF delay IS NULL OR (delay = 0 AND by_column AND NOT feature ? 'label_time') THEN
    PERFORM fraud.refuse_feature(name, 'uses a label and needs a delay',
      'Write for instance "delay": "7 days": as long as it takes until a fraud is known.');
  ELSIF feature ? 'label_time' AND NOT by_column THEN
    PERFORM fraud.refuse_feature(name, 'has a "label_time" without a "label"');
  ELSIF by_events AND by_column AND NOT feature ? 'label_time' THEN
    PERFORM fraud.refuse_feature(name, 'has "label_sources" beside a "label" and needs a "label_time"',
      'Of both it has to be known when they told of a fraud.');
  ELSIF by_events AND key IS NULL THEN
    PERFORM fraud.refuse_feature(name, 'has "label_sources" and needs a key',
      'Give fraud_define_features as key the column that fraud_label is called with.');
  ELSIF by_events AND (jsonb_typeof(feature -> 'label_sources') <> 'array' OR feature -> 'label_sources' = '[]'
      OR NOT feature -> 'label_sources' <@ to_jsonb(fraud.label_sources())) THEN
    PERFORM fraud.refuse_feature(name, 'needs in "label_sources" a list of sources of labels',
      format('Sources are %s.', fraud.name_list(fraud.label_sources())));
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_feature_label(jsonb, bigint, text) IS
'22023 where a fraud_rate lacks what it needs to know of frauds, and since when they are known';

CREATE FUNCTION fraud.normal_label(source regclass, feature jsonb, delay bigint, key text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := feature ->> 'name';
  label text := fraud.require_column(source, feature ->> 'label', format('"label" of feature "%s"', name));
  label_time text := fraud.require_column(source, feature ->> 'label_time', format('"label_time" of feature "%s"', name));
  operand record;
BEGIN
  IF feature ->> 'aggregate' <> 'fraud_rate' THEN
    RETURN '{}';
  END IF;
  IF label IS NOT NULL THEN
    label_time := coalesce(label_time, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = source
      AND a.attname = 'label_time' AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)));
  END IF;
  PERFORM fraud.check_feature_label(
    feature || jsonb_strip_nulls(jsonb_build_object('label_time', label_time)), delay, key);
  SELECT * INTO operand FROM fraud.feature_operand(source, label, name, 'label');
  PERFORM fraud.check_operand_type(name, 'fraud_rate', operand.type, operand.class IN ('number', 'boolean'));
  SELECT * INTO operand FROM fraud.feature_operand(source, label_time, name, 'label_time');
  PERFORM fraud.check_operand_type(name, 'label_time', operand.type, operand.class = 'timestamp');
  SELECT * INTO operand FROM fraud.feature_operand(source,
    CASE WHEN feature ? 'label_sources' THEN quote_ident(key) || '::text' END, name, 'label_sources');
  RETURN jsonb_build_object('label', 's.' || quote_ident(label), 'label_column', label,
    'label_time', 's.' || quote_ident(label_time), 'label_time_column', label_time,
    'label_sources', feature -> 'label_sources',
    'changes', CASE WHEN feature ? 'label_sources' THEN format('fraud.label_changes(%L::pg_catalog.regclass, %s, %L::pg_catalog.text[])',
      source, operand.sql, ARRAY(SELECT jsonb_array_elements_text(feature -> 'label_sources'))) END);
END
$$;
COMMENT ON FUNCTION fraud.normal_label(regclass, jsonb, bigint, text) IS
'the label of a fraud_rate and the time it became known, and what fraud.label says, checked; {} for other aggregates';

CREATE FUNCTION fraud.normal_window_feature(source regclass, feature jsonb, key text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := feature ->> 'name';
  aggregate text := feature ->> 'aggregate';
  per text[] := fraud.entity_columns(source, feature);
  window_length bigint := fraud.feature_length(name, 'window', feature -> 'window');
  delay bigint := fraud.feature_length(name, 'delay', feature -> 'delay');
  value record;
  filter record;
  condition text;
BEGIN
  PERFORM fraud.check_window(feature, window_length, delay);
  SELECT * INTO filter FROM fraud.feature_operand(source, feature ->> 'filter', name, 'filter');
  PERFORM fraud.check_operand_type(name, 'filter', filter.type, filter.class = 'boolean');
  condition := filter.sql;
  SELECT * INTO value FROM fraud.feature_operand(source,
    CASE WHEN aggregate <> 'first_seen' THEN feature ->> 'value' END, name, 'value');
  IF aggregate = 'distinct' THEN
    PERFORM fraud.check_operand_type(name, aggregate, value.type, value.hashable);
  ELSIF aggregate <> 'count' THEN
    PERFORM fraud.check_operand_type(name, aggregate, value.type, value.class IN ('number', 'boolean'));
  ELSIF value.sql IS NOT NULL THEN
    -- How many rows have a value, of whatever type.
    condition := concat_ws(' AND ', condition, format('(%s) IS NOT NULL', value.sql));
    value.sql := NULL;
  END IF;
  RETURN jsonb_strip_nulls(jsonb_build_object('name', name, 'kind', 'window', 'per', to_jsonb(per),
    'aggregate', aggregate, 'window', coalesce(window_length, 0), 'delay', coalesce(delay, 0),
    'current', coalesce((feature ->> 'include_current')::bool,
      aggregate NOT IN ('since_last', 'first_seen', 'fraud_rate', 'ratio_to_avg') AND coalesce(delay, 0) = 0),
    'value', value.sql, 'filter', condition, 'prior', coalesce((feature ->> 'prior')::numeric, 0))
    || fraud.normal_label(source, feature, delay, key));
END
$$;
COMMENT ON FUNCTION fraud.normal_window_feature(regclass, jsonb, text) IS
'a window feature, checked, with lengths in microseconds and operands as SQL over s';

CREATE FUNCTION fraud.normal_feature(source regclass, feature jsonb, key text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text := CASE WHEN jsonb_typeof(feature) = 'object' THEN feature ->> 'name' END;
  operand record;
BEGIN
  IF coalesce(name, '') = '' OR jsonb_typeof(feature -> 'name') <> 'string' OR octet_length(name) > 63 THEN
    RAISE EXCEPTION 'a feature needs a name of 1 to 63 bytes: %', left(feature::text, 100)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM fraud.check_feature_members(feature);
  IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = source AND a.attname = name
      AND a.attnum > 0 AND NOT a.attisdropped) AND feature ->> 'column' IS DISTINCT FROM name THEN
    PERFORM fraud.refuse_feature(name, format('has the name of a column of %s', source),
      'A feature that is that column has it as its "column".', 'duplicate_column');
  END IF;
  IF feature ? 'column' THEN
    PERFORM fraud.require_column(source, feature ->> 'column', format('feature "%s"', name));
    RETURN jsonb_build_object('name', name, 'kind', 'column', 'column', feature ->> 'column');
  ELSIF feature ? 'expression' THEN
    SELECT * INTO operand FROM fraud.feature_operand(source, feature ->> 'expression', name, 'expression');
    IF operand.class = 'unsupported' THEN
      PERFORM fraud.refuse_feature(name, format('is of type %s, which no model can use', operand.type),
        'Cast the expression to a number, a boolean, a text or a time.', 'datatype_mismatch');
    END IF;
    RETURN jsonb_build_object('name', name, 'kind', 'expression', 'sql', operand.sql);
  END IF;
  RETURN fraud.normal_window_feature(source, feature, key);
END
$$;
COMMENT ON FUNCTION fraud.normal_feature(regclass, jsonb, text) IS
'a feature of fraud_define_features, checked, with its operands as SQL over s; 22023, 42701, 42703, 42804';
