
-- names: which model, version or alias a call means, and errors that help.

CREATE FUNCTION fraud.nearest_name(name text, candidates text[]) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_nearest_name';
COMMENT ON FUNCTION fraud.nearest_name(text, text[]) IS
'the candidate that name was probably meant to be; NULL where none is near or an argument is NULL';

CREATE FUNCTION fraud.name_hint(name text, candidates text[], otherwise text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN coalesce('Did you mean "' || fraud.nearest_name(name, candidates) || '"?', otherwise);
COMMENT ON FUNCTION fraud.name_hint(text, text[], text) IS
'the hint of an error about a name that is none of the candidates: the nearest one, else what is said otherwise';

CREATE FUNCTION fraud.name_list(names text[], mark text DEFAULT '"') RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT string_agg(mark || n || mark, ', ' ORDER BY i)
        FROM unnest(names) WITH ORDINALITY AS u (n, i) WHERE i <= 10)
  || CASE WHEN cardinality(names) > 10 THEN format(' and %s more', cardinality(names) - 10)
          ELSE '' END;
COMMENT ON FUNCTION fraud.name_list(text[], text) IS
'names between marks for an error message, ten at most; NULL for an empty array or NULL';

CREATE FUNCTION fraud.find_model(model text) RETURNS fraud.model
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted text := coalesce(model, nullif(current_setting('fraud_detect.model', true), ''));
  found_row fraud.model;
  names text[];
  nearest text;
BEGIN
  IF wanted IS NOT NULL THEN
    SELECT * INTO found_row FROM fraud.model m WHERE m.name = wanted;
    IF FOUND THEN
      RETURN found_row;
    END IF;
  END IF;

  SELECT array_agg(m.name ORDER BY m.name) INTO names FROM fraud.model m;
  IF names IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'FD002',
      MESSAGE = CASE WHEN wanted IS NULL THEN 'there is no model yet'
                     ELSE format('model "%s" does not exist', wanted) END,
      HINT = 'Train one with fraud_train.';
  ELSIF wanted IS NULL AND cardinality(names) = 1 THEN
    SELECT * INTO found_row FROM fraud.model m WHERE m.name = names[1];
    RETURN found_row;
  ELSIF wanted IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'FD002',
      MESSAGE = 'there are several models and the call names none',
      DETAIL = format('Models: %s.', fraud.name_list(names)),
      HINT = 'Pass model => ''...'', or set fraud_detect.model.';
  END IF;
  nearest := fraud.nearest_name(wanted, names);
  RAISE EXCEPTION USING ERRCODE = 'FD002',
    MESSAGE = format('model "%s" does not exist', wanted),
    DETAIL = format('Models: %s.', fraud.name_list(names)),
    HINT = CASE WHEN nearest IS NULL THEN 'The view fraud.models lists all models.'
                ELSE format('Perhaps you meant "%s".', nearest) END;
END
$$;
COMMENT ON FUNCTION fraud.find_model(text) IS
'the model of that name; NULL is the setting fraud_detect.model, else the only model there is; '
'FD002 otherwise';

-- One writer of a model's aliases and versions at a time. NO KEY: what refers to
-- the model by foreign key (a training that registers its version) need not wait.
CREATE FUNCTION fraud.lock_model(model text) RETURNS fraud.model
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_row fraud.model := fraud.find_model(model);
  locked_row fraud.model;
BEGIN
  SELECT * INTO locked_row
    FROM fraud.model m WHERE m.model_id = found_row.model_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'FD002',
      MESSAGE = format('model "%s" does not exist', found_row.name),
      DETAIL = 'It was dropped by another session just now.';
  END IF;
  RETURN locked_row;
END
$$;
REVOKE ALL ON FUNCTION fraud.lock_model(text) FROM PUBLIC;
COMMENT ON FUNCTION fraud.lock_model(text) IS
'as fraud.find_model, and locks the model until the end of the transaction';

CREATE FUNCTION fraud.require_version(model fraud.model, version int) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  versions text[];
BEGIN
  IF version IS NULL THEN
    RAISE EXCEPTION 'version must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  PERFORM FROM fraud.model_version v
    WHERE v.model_id = require_version.model.model_id AND v.version = require_version.version;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT array_agg(v.version::text ORDER BY v.version DESC) INTO versions
    FROM fraud.model_version v WHERE v.model_id = require_version.model.model_id;
  RAISE EXCEPTION USING ERRCODE = 'FD003',
    MESSAGE = format('model "%s" has no version %s', model.name, version),
    DETAIL = coalesce('Versions: ' || fraud.name_list(versions, '') || '.',
      'It has no version at all.'),
    HINT = format('SELECT * FROM fraud.leaderboard WHERE model = %L;', model.name);
END
$$;
COMMENT ON FUNCTION fraud.require_version(fraud.model, int) IS
'FD003 with the versions there are, unless the model has that version; 22004 for NULL';
