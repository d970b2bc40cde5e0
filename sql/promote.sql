
-- promote: which version scores. Every writer locks the model first
-- (fraud.lock_model), so that concurrent promotions run one after the other, and
-- leaves its assignment in fraud.alias_history.

CREATE FUNCTION fraud.champion_of(model fraud.model) RETURNS fraud.alias
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT a.* FROM fraud.alias a WHERE a.model_id = model.model_id AND a.alias = 'champion'
$$;
COMMENT ON FUNCTION fraud.champion_of(fraud.model) IS
'the assignment of the alias champion; NULL where the model has none';

CREATE FUNCTION fraud.assign_alias(model_id bigint, alias text, version int, action text,
  previous_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH assignment AS (
    INSERT INTO fraud.alias_history AS h (model_id, alias, version, action, previous_id)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING h.assignment_id
  )
  INSERT INTO fraud.alias AS a (model_id, alias, version, assignment_id)
  SELECT $1, $2, $3, assignment_id FROM assignment
  ON CONFLICT ON CONSTRAINT alias_pkey
  DO UPDATE SET version = excluded.version, assignment_id = excluded.assignment_id
$$;
REVOKE ALL ON FUNCTION fraud.assign_alias(bigint, text, int, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION fraud.assign_alias(bigint, text, int, text, bigint) IS
'points an alias at a version and records it; the caller holds the lock of fraud.lock_model; '
'23503 where there is no such version';

CREATE FUNCTION fraud.columns_of(model_id bigint, version int) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT array_agg(DISTINCT feature ->> 'column' ORDER BY feature ->> 'column')
  FROM fraud.model_version v, jsonb_array_elements(v.signature -> 'features') AS feature
  WHERE v.model_id = $1 AND v.version = $2
$$;
COMMENT ON FUNCTION fraud.columns_of(bigint, int) IS
'the columns that a version reads from a row, by name';

CREATE FUNCTION @extschema@.fraud_promote(
  INOUT model text, INOUT version int, force bool DEFAULT false, OUT previous_version int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model := fraud.lock_model(model);
  champion fraud.alias := fraud.champion_of(m);
  new_columns text[];
BEGIN
  PERFORM fraud.require_version(m, version);
  model := m.name;
  previous_version := champion.version;
  IF champion.version = version THEN
    RAISE NOTICE 'version % of model "%" is its champion already', version, m.name;
    RETURN;
  END IF;

  IF champion.version IS NOT NULL AND force IS NOT TRUE THEN
    SELECT array_agg(c ORDER BY c) INTO new_columns
      FROM unnest(fraud.columns_of(m.model_id, version)) AS c
      WHERE c <> ALL (fraud.columns_of(m.model_id, champion.version));
    IF new_columns IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = format('version %s of model "%s" reads columns that champion version %s does not',
                         version, m.name, champion.version),
        DETAIL = format('Columns: %s. Rows without them could no longer be scored.',
          fraud.name_list(new_columns)),
        HINT = 'Where every scored row has them, promote with force => true.';
    END IF;
  END IF;

  PERFORM fraud.assign_alias(m.model_id, 'champion', version, 'promote', champion.assignment_id);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_promote(text, int, bool) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_promote(text, int, bool) IS
'makes a version the champion, which scores from the next statement on; returns it and the '
'champion before. '
'Model NULL: the setting fraud_detect.model, else the only one. A notice and nothing else where '
'it is champion already. '
'FD002, FD003 for names that do not exist; 55000 where it reads columns that the champion does '
'not, unless force';

CREATE FUNCTION @extschema@.fraud_rollback(INOUT model text, OUT version int,
  OUT previous_version int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model := fraud.lock_model(model);
  champion fraud.alias := fraud.champion_of(m);
  target fraud.alias_history;
BEGIN
  -- The chain of assignments before the champion's, up to the first whose version
  -- is another one and still exists.
  WITH RECURSIVE chain AS (
    SELECT h AS assignment, 0 AS depth
      FROM fraud.alias_history h WHERE h.assignment_id = champion.assignment_id
    UNION ALL
    SELECT h, chain.depth + 1
      FROM chain JOIN fraud.alias_history h ON h.assignment_id = (chain.assignment).previous_id
  )
  SELECT (chain.assignment).* INTO target
    FROM chain JOIN fraud.model_version v
      ON v.model_id = m.model_id AND v.version = (chain.assignment).version
    WHERE v.version <> champion.version
    ORDER BY chain.depth LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'FD003',
      MESSAGE = format('model "%s" has no champion before the present one', m.name),
      DETAIL = CASE WHEN champion.version IS NULL THEN 'It has no champion at all.'
                    ELSE format('Version %s is, and none that was it before is left.',
                                champion.version) END,
      HINT = format('Choose a version from fraud.leaderboard, then fraud_promote(%L, version).',
        m.name);
  END IF;

  model := m.name;
  version := target.version;
  previous_version := champion.version;
  PERFORM fraud.assign_alias(m.model_id, 'champion', target.version, 'rollback',
    target.previous_id);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_rollback(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_rollback(text) IS
'makes the version champion that was it before the present one, passing over dropped versions; '
'returns it and the one left. '
'Called again it goes further back. Model NULL: the setting fraud_detect.model, else the only one. '
'FD002 for an unknown model, FD003 where no earlier champion is left';

CREATE FUNCTION @extschema@.fraud_set_alias(
  INOUT model text, INOUT alias text, INOUT version int, OUT previous_version int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model := fraud.lock_model(model);
  present fraud.alias;
BEGIN
  model := m.name;
  IF alias IS NULL THEN
    RAISE EXCEPTION 'alias must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF alias = 'champion' THEN
    RAISE EXCEPTION 'the alias champion is set by promotion'
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use fraud_promote or fraud_rollback.';
  ELSIF alias = '' OR octet_length(alias) > 200 THEN
    RAISE EXCEPTION 'an alias has 1 to 200 bytes' USING ERRCODE = 'invalid_parameter_value';
  END IF;

  SELECT * INTO present
    FROM fraud.alias a WHERE a.model_id = m.model_id AND a.alias = fraud_set_alias.alias;
  previous_version := present.version;
  IF version IS NULL AND present.version IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'FD003',
      MESSAGE = format('model "%s" has no alias "%s"', m.name, alias),
      DETAIL = coalesce((SELECT format('Aliases: %s.',
                                        fraud.name_list(array_agg(a.alias ORDER BY a.alias)))
                         FROM fraud.alias a WHERE a.model_id = m.model_id),
                        'It has no alias at all.');
  ELSIF version IS NULL THEN
    DELETE FROM fraud.alias a WHERE a.model_id = m.model_id AND a.alias = fraud_set_alias.alias;
    INSERT INTO fraud.alias_history (model_id, alias, version, action, previous_id)
      VALUES (m.model_id, fraud_set_alias.alias, NULL, 'remove', present.assignment_id);
    RETURN;
  END IF;

  PERFORM fraud.require_version(m, version);
  IF present.version = version THEN
    RAISE NOTICE 'alias "%" of model "%" points at version % already', alias, m.name, version;
    RETURN;
  END IF;
  PERFORM fraud.assign_alias(m.model_id, alias, version, 'set', present.assignment_id);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_set_alias(text, text, int) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_set_alias(text, text, int) IS
'points an alias other than champion at a version, or removes it where version is NULL; returns '
'also where it pointed before. '
'FD002, FD003 for names that do not exist; 22023 for champion and for an alias that is empty or '
'longer than 200 bytes; 22004 for a NULL alias';

CREATE FUNCTION @extschema@.fraud_drop_version(INOUT model text, INOUT version int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model;
  aliases text[];
BEGIN
  IF model IS NULL THEN
    RAISE EXCEPTION 'model must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  m := fraud.lock_model(model);
  PERFORM fraud.require_version(m, version);
  SELECT array_agg(a.alias ORDER BY a.alias) INTO aliases
    FROM fraud.alias a WHERE a.model_id = m.model_id AND a.version = fraud_drop_version.version;
  IF aliases IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = format('cannot drop version %s of model "%s" because an alias points at it',
        version, m.name),
      DETAIL = format('Aliases: %s.', fraud.name_list(aliases)),
      HINT = 'Promote another version or move the alias first, or drop the whole model with '
        'fraud_drop_model.';
  END IF;
  DELETE FROM fraud.model_version v
    WHERE v.model_id = m.model_id AND v.version = fraud_drop_version.version;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_drop_version(text, int) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_drop_version(text, int) IS
'drops a version with its runs; its number is never used again. '
'2BP01 while an alias points at it; FD002, FD003 for names that do not exist; 22004 for NULL';

CREATE FUNCTION @extschema@.fraud_drop_model(INOUT model text, OUT versions int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model;
BEGIN
  IF model IS NULL THEN
    RAISE EXCEPTION 'model must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  m := fraud.lock_model(model);
  SELECT count(*) INTO versions FROM fraud.model_version v WHERE v.model_id = m.model_id;
  PERFORM fraud.end_tasks(m);
  DELETE FROM fraud.model t WHERE t.model_id = m.model_id;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_drop_model(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_drop_model(text) IS
'drops a model with its versions, aliases, history and schedule; returns how many versions it had. '
'FD002 for an unknown model; 22004 for NULL; 42501 where another role scheduled it';

CREATE FUNCTION @extschema@.fraud_export(model text, version int DEFAULT NULL) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model := fraud.find_model(model);
  wanted int := coalesce(version, (fraud.champion_of(m)).version);
  stored record;
BEGIN
  IF wanted IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'FD003', MESSAGE = format('model "%s" has no champion', m.name),
      HINT = 'Name a version.';
  END IF;
  PERFORM fraud.require_version(m, wanted);
  SELECT v.artifact, sha256(v.artifact) = v.artifact_sha256 AS intact INTO STRICT stored
    FROM fraud.model_version v WHERE v.model_id = m.model_id AND v.version = wanted;
  IF NOT stored.intact THEN
    RAISE EXCEPTION USING ERRCODE = 'FD005',
      MESSAGE = format('the artifact of version %s of model "%s" is damaged', wanted, m.name),
      DETAIL = 'Its SHA-256 is not the recorded one.',
      HINT = 'Restore the row from a backup, or train the version again.';
  END IF;
  RETURN stored.artifact;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_export(text, int) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_export(text, int) IS
'the model of a version as XGBoost itself stores it (UBJSON), for XGBoosterLoadModelFromBuffer; '
'version NULL is the champion. '
'FD002, FD003 for names that do not exist; FD005 where the stored bytes are damaged';
