-- feature_define: making, checking and dropping sets of features.

CREATE FUNCTION fraud.check_feature_source(source regclass) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  class pg_class;
BEGIN
  SELECT * INTO class FROM pg_class c WHERE c.oid = source;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the source of features does not exist' USING ERRCODE = 'undefined_table';
  ELSIF class.relkind NOT IN ('r', 'p', 'm') THEN
    RAISE EXCEPTION '% is not a table', source USING ERRCODE = 'wrong_object_type',
      HINT = 'Features of single rows are computed from a table''s history by its indexes.';
  ELSIF class.relpersistence = 't' THEN
    RAISE EXCEPTION '% is a temporary table', source USING ERRCODE = 'wrong_object_type',
      HINT = 'The view of its features would outlive it.';
  ELSIF NOT has_table_privilege(source, 'SELECT') THEN
    RAISE EXCEPTION 'permission denied for table %', source USING ERRCODE = 'insufficient_privilege',
      HINT = format('GRANT SELECT ON %s TO %I', source, current_user);
  ELSIF row_security_active(source) THEN
    RAISE EXCEPTION 'row-level security of % applies to role "%"', source, current_user
      USING ERRCODE = 'insufficient_privilege',
      DETAIL = 'Features of what a role sees only would be others for each role.',
      HINT = 'Let a role that sees all rows define features.';
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_feature_source(regclass) IS
'42809 for what is no table, 42501 without SELECT or under row-level security';

CREATE FUNCTION fraud.normal_features(source regclass, features jsonb, key text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  most constant int := 256;
  normal jsonb;
  twice text;
  internal name;
BEGIN
  IF jsonb_typeof(features) <> 'array' OR jsonb_array_length(features) = 0 THEN
    RAISE EXCEPTION 'features must be an array with a feature at least'
      USING ERRCODE = 'invalid_parameter_value';
  ELSIF jsonb_array_length(features) > most THEN
    RAISE EXCEPTION '% features are more than the % that a set can have', jsonb_array_length(features), most
      USING ERRCODE = 'program_limit_exceeded', HINT = 'Define several sets.';
  END IF;
  SELECT jsonb_agg(fraud.normal_feature(source, f.value, key) ORDER BY f.ordinality) INTO normal
    FROM jsonb_array_elements(features) WITH ORDINALITY AS f;
  SELECT f ->> 'name' INTO twice FROM jsonb_array_elements(normal) AS f GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1;
  IF FOUND THEN
    PERFORM fraud.refuse_feature(twice, 'is there twice', 'Give features different names.', 'duplicate_column');
  END IF;
  PERFORM fraud.refuse_feature(f ->> 'name', 'has the name of an internal column', 'Give it another name.')
    FROM jsonb_array_elements(normal) AS f WHERE f ->> 'name' LIKE 'fraud\_detect %';
  SELECT a.attname INTO internal FROM pg_attribute a
    WHERE a.attrelid = source AND a.attname LIKE 'fraud\_detect %' AND a.attnum > 0 AND NOT a.attisdropped LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'column "%" of % has the name of an internal column', internal, source
      USING ERRCODE = 'reserved_name', HINT = 'Give it another name.';
  END IF;
  RETURN normal;
END
$$;
COMMENT ON FUNCTION fraud.normal_features(regclass, jsonb, text) IS
'all features of a set, checked; 22023, 42701, 42939, 54000 and those of fraud.normal_feature';

CREATE FUNCTION fraud.check_operand_counts(features jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- A function has 100 arguments at most, three of which are not operands.
  most constant int := 97;
  entity record;
BEGIN
  FOR entity IN SELECT per, (SELECT count(*) FROM fraud.window_operands(features, per)) AS operands
      FROM (SELECT DISTINCT f -> 'per' AS per FROM jsonb_array_elements(features) AS f WHERE f ? 'per') AS e LOOP
    IF entity.operands > most THEN
      RAISE EXCEPTION 'features per % use % different values and filters, more than %',
        entity.per, entity.operands, most
        USING ERRCODE = 'program_limit_exceeded', HINT = 'Define several sets.';
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION fraud.check_operand_counts(jsonb) IS
'54000 where the features of one entity read more than one call of a function can be given';

-- INCLUDE with what the features of an entity read, where an index can hold all of it: plain columns of a
-- bounded length, no filters and no labels, which change later. Then events are read from the index alone.
CREATE FUNCTION fraud.feature_index_columns(source regclass, event_time text, features jsonb, per jsonb)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT ' INCLUDE (' || string_agg(DISTINCT quote_ident(a.attname), ', ')
    FILTER (WHERE a.attname <> event_time AND NOT per ? a.attname) || ')'
  FROM jsonb_array_elements(features) AS f
  LEFT JOIN pg_attribute a ON a.attrelid = source AND a.attname = f ->> 'value' AND a.attnum > 0 AND NOT a.attisdropped
    AND (a.attlen > 0 OR a.atttypid = 'numeric'::regtype)
  WHERE f -> 'per' = per
  HAVING bool_and((a.attnum IS NOT NULL OR NOT f ? 'value') AND NOT f ?| '{filter,label,label_sources}')
$$;
COMMENT ON FUNCTION fraud.feature_index_columns(regclass, text, jsonb, jsonb) IS
'the INCLUDE of an index from which all events of an entity can be read, or NULL';

-- A btree index that finds the latest events of an entity.
CREATE FUNCTION fraud.missing_feature_indexes(source regclass, event_time text, features jsonb)
RETURNS TABLE (statement text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('CREATE INDEX ON %s (%s, %I)%s', source,
    (SELECT string_agg(quote_ident(p.value #>> '{}'), ', ' ORDER BY p.ordinality)
     FROM jsonb_array_elements(e.per) WITH ORDINALITY AS p), event_time,
    fraud.feature_index_columns(source, event_time, features, e.per))
  FROM (SELECT f.value -> 'per' AS per, min(f.ordinality) AS place
        FROM jsonb_array_elements(features) WITH ORDINALITY AS f WHERE f.value ? 'per' GROUP BY 1) AS e
  WHERE NOT EXISTS (
    SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
    WHERE i.indrelid = source AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
      AND i.indnkeyatts > jsonb_array_length(e.per)
      AND (SELECT array_agg(a.attname::text ORDER BY a.attname COLLATE "C") FROM pg_attribute a
           WHERE a.attrelid = source
             AND a.attnum = ANY ((i.indkey::int2[])[0:jsonb_array_length(e.per) - 1]))
        = ARRAY(SELECT p #>> '{}' FROM jsonb_array_elements(e.per) AS p ORDER BY (p #>> '{}') COLLATE "C")
      AND (SELECT a.attname FROM pg_attribute a
           WHERE a.attrelid = source AND a.attnum = i.indkey[jsonb_array_length(e.per)]) = event_time)
  ORDER BY e.place
$$;
COMMENT ON FUNCTION fraud.missing_feature_indexes(regclass, text, jsonb) IS
'the statements that make the indexes by which features of single rows are computed, where there are none';

CREATE FUNCTION fraud.features_exist(name text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'a set of features "%" exists already', name USING ERRCODE = 'duplicate_object',
    HINT = format('SELECT fraud_drop_features(%L) drops it.', name);
END
$$;
COMMENT ON FUNCTION fraud.features_exist(text) IS 'raises 42710';

CREATE FUNCTION @extschema@.fraud_define_features(name text, source regclass, event_time text, features jsonb,
  key text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  normal jsonb;
  feature_set fraud.feature_set;
  missing text;
BEGIN
  IF name IS NULL OR source IS NULL OR event_time IS NULL OR features IS NULL THEN
    RAISE EXCEPTION 'name, source, event_time and features must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF name = '' OR octet_length(name) > 63 THEN
    RAISE EXCEPTION 'the name of a set of features must have 1 to 63 bytes' USING ERRCODE = 'invalid_parameter_value';
  ELSIF EXISTS (SELECT FROM fraud.feature_set s WHERE s.name = fraud_define_features.name) THEN
    PERFORM fraud.features_exist(name);
  END IF;
  -- Nobody changes the table between our look at it and the view.
  PERFORM fraud.check_feature_source(source);
  EXECUTE format('SELECT FROM %s LIMIT 0', source);
  PERFORM fraud.require_column(source, event_time, 'the argument "event_time"'),
    fraud.require_column(source, key, 'the argument "key"');
  IF (SELECT a.atttypid NOT IN ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)
      FROM pg_attribute a WHERE a.attrelid = source AND a.attname = event_time) THEN
    RAISE EXCEPTION 'event_time "%" is neither a timestamp nor a timestamptz nor a date', event_time
      USING ERRCODE = 'datatype_mismatch';
  END IF;
  normal := fraud.normal_features(source, features, key);
  PERFORM fraud.check_operand_counts(normal);

  INSERT INTO fraud.feature_set AS s (name, source, event_time, key, features, series)
    VALUES (name, source::text, event_time, key, features,
      (SELECT coalesce(jsonb_agg(DISTINCT fraud.feature_series(f)), '[]') FROM jsonb_array_elements(normal) AS f
       WHERE f ->> 'aggregate' = 'fraud_rate' AND (f ->> 'prior')::numeric > 0))
    ON CONFLICT ON CONSTRAINT feature_set_pkey DO NOTHING
    RETURNING s.* INTO feature_set;
  -- Another session has defined it in the meantime.
  IF feature_set.name IS NULL THEN
    PERFORM fraud.features_exist(name);
  END IF;
  EXECUTE format('CREATE VIEW fraud_features.%I WITH (security_invoker = true) AS %s', name,
    fraud.feature_view_query(feature_set.definition, source, event_time, normal, feature_set.series));
  EXECUTE format('COMMENT ON VIEW fraud_features.%I IS %L', name,
    format('features of %s as of each row''s %s, by fraud_define_features', source, event_time));
  PERFORM fraud.insert_feature_rates(name);

  SELECT string_agg(m.statement, E';\n') INTO missing FROM fraud.missing_feature_indexes(source, event_time, normal) AS m;
  IF missing IS NOT NULL THEN
    RAISE NOTICE 'features of single rows read all of % for lack of an index', source USING HINT = missing;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_define_features(text, regclass, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_define_features(text, regclass, text, jsonb, text) IS
'registers a set of features over a table and creates the view fraud_features.<name>: all columns of the table, and the '
'features as of each row''s event_time. Names indexes that are missing in a NOTICE. NULL is accepted for key only (22004). '
'Errors: 22023 for a feature that is not valid, 42703 and 42804 for a column that is not there or of the wrong type, '
'42601, 42883 and others of the parser for an expression, 42P17 for one that is not immutable, 42701 for a name that is '
'there twice, 42710 for a set that exists, 42809 for a source that is no table, 42501 without privileges or under '
'row-level security, 54000 for too many features';

CREATE FUNCTION @extschema@.fraud_drop_features(name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  feature_set fraud.feature_set;
  used_by text[];
BEGIN
  SELECT * INTO feature_set FROM fraud.feature_set s WHERE s.name = fraud_drop_features.name FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM fraud.no_such_features(name);
  END IF;
  -- First: it waits for a training that reads the view, whose version is then seen.
  IF to_regclass(format('fraud_features.%I', name)) IS NOT NULL THEN
    EXECUTE format('DROP VIEW fraud_features.%I', name);
  END IF;
  SELECT array_agg(format('%s version %s', m.name, v.version) ORDER BY m.name, v.version) INTO used_by
    FROM fraud.model_version v JOIN fraud.model m USING (model_id)
    WHERE v.signature -> 'feature_set' ->> 'definition' = feature_set.definition::text;
  IF used_by IS NOT NULL THEN
    RAISE EXCEPTION 'models use the set of features "%"', name USING ERRCODE = 'dependent_objects_still_exist',
      DETAIL = format('They are %s.', fraud.name_list(used_by, '')),
      HINT = 'Drop these versions first with fraud_drop_version or fraud_drop_model.';
  END IF;
  DELETE FROM fraud.feature_rate r WHERE r.definition = feature_set.definition;
  DELETE FROM fraud.feature_set s WHERE s.name = fraud_drop_features.name;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_drop_features(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_drop_features(text) IS
'drops a set of features and its view; 2BP01 while a version of a model was trained with it or something depends on the '
'view, FD009 where there is no such set';

CREATE FUNCTION fraud.no_such_features(name text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names text[] := ARRAY(SELECT s.name FROM fraud.feature_set s ORDER BY s.name);
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'FD009',
    MESSAGE = format('there is no set of features "%s"', coalesce(name, 'NULL')),
    HINT = CASE WHEN names = '{}' THEN 'Define one with fraud_define_features.'
           ELSE format('There are %s.', fraud.name_list(names)) END;
END
$$;
COMMENT ON FUNCTION fraud.no_such_features(text) IS 'raises FD009 with the sets there are';

CREATE FUNCTION fraud.check_feature_view(name text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL UNSAFE
AS '$libdir/fraud_detect', 'fraud_check_feature_view';
COMMENT ON FUNCTION fraud.check_feature_view(text) IS
'FD009 where the view of a set does more than compute features, 42501 where it would run code of a role that is neither '
'the current user nor a superuser; locks the view until the end of the transaction';

CREATE FUNCTION @extschema@.fraud_refresh_features(name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM fraud.feature_set s WHERE s.name = fraud_refresh_features.name FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM fraud.no_such_features(name);
  END IF;
  -- Often the task of a role that may do much.
  PERFORM fraud.check_feature_view(name);
  RETURN fraud.insert_feature_rates(name);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_refresh_features(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_refresh_features(text) IS
'writes down what is known by now of all rows, from the next midnight on, for rates with a prior: run it daily. Returns '
'the number of rates written; FD009 where there is no such set or its view was altered, 42501 where that would run code '
'of another role';

CREATE FUNCTION @extschema@.fraud_skew_check(name text, sample int DEFAULT 1000)
RETURNS TABLE (feature text, compared bigint, different bigint)
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1000000 ROWS 20
AS '$libdir/fraud_detect', 'fraud_skew_check';
COMMENT ON FUNCTION @extschema@.fraud_skew_check(text, int) IS
'for each feature of a set how many rows of its view were compared with what is computed for the single row now, and how '
'many differ in any bit: none, or something is wrong. A seeded sample of that many rows; NULL gives no rows. FD009 where '
'there is no such set, 22023 for a sample below 1, 42501 without SELECT on the source';
