
-- integrity: what the registry's rows refer to exists, and what is recorded stays.
--
-- Not by foreign keys. The rows of an extension's tables are restored after
-- CREATE EXTENSION made the tables, constraints included, and pg_restore -j
-- loads them in any order: a foreign key between two of them fails there and
-- leaves a table empty (test/tap/t/dump_restore.pl). A trigger can pass over a
-- restore, which brings what was checked when it was written.

CREATE FUNCTION fraud.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION '%.% cannot be truncated', TG_TABLE_SCHEMA, TG_TABLE_NAME
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Drop models with fraud_drop_model.';
  END IF;
  RAISE EXCEPTION 'rows of %.% are immutable', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state',
          HINT = CASE TG_TABLE_NAME WHEN 'alias_history' THEN 'The history goes with its model only.'
            ELSE 'Train a new version, or drop this one with fraud_drop_version.' END;
END
$$;
REVOKE ALL ON FUNCTION fraud.refuse_change() FROM PUBLIC;
COMMENT ON FUNCTION fraud.refuse_change() IS
'trigger of the registry''s relations: refuses UPDATE, DELETE or TRUNCATE with 55000';

CREATE TRIGGER model_version_is_immutable BEFORE UPDATE ON fraud.model_version
  FOR EACH ROW EXECUTE FUNCTION fraud.refuse_change();
CREATE TRIGGER alias_history_is_immutable BEFORE UPDATE ON fraud.alias_history
  FOR EACH ROW EXECUTE FUNCTION fraud.refuse_change();
-- By hand, that is; a trigger that fires for a model's DELETE is one deep.
CREATE TRIGGER alias_history_stays BEFORE DELETE ON fraud.alias_history
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION fraud.refuse_change();
CREATE TRIGGER alias_history_is_not_truncated BEFORE TRUNCATE ON fraud.alias_history
  EXECUTE FUNCTION fraud.refuse_change();
CREATE TRIGGER model_is_not_truncated BEFORE TRUNCATE ON fraud.model
  EXECUTE FUNCTION fraud.refuse_change();
CREATE TRIGGER model_version_is_not_truncated BEFORE TRUNCATE ON fraud.model_version
  EXECUTE FUNCTION fraud.refuse_change();
ALTER TABLE fraud.model_version ENABLE ALWAYS TRIGGER model_version_is_immutable;
ALTER TABLE fraud.alias_history ENABLE ALWAYS TRIGGER alias_history_is_immutable;

-- fraud_retrain runs what a version's creator wrote, so nobody may write in another's
-- name. A superuser may: that is a restore.
CREATE FUNCTION fraud.refuse_other_creator() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
    RAISE EXCEPTION 'role "%" cannot write to fraud.% in the name of role "%"',
      current_user, TG_TABLE_NAME, NEW.created_by USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION fraud.refuse_other_creator() FROM PUBLIC;
COMMENT ON FUNCTION fraud.refuse_other_creator() IS
'trigger of fraud.model_version and fraud.task: 42501 for a created_by that is not the role itself';
CREATE TRIGGER model_version_names_its_creator BEFORE INSERT ON fraud.model_version
  FOR EACH ROW WHEN (NEW.created_by <> CURRENT_USER)
  EXECUTE FUNCTION fraud.refuse_other_creator();
ALTER TABLE fraud.model_version ENABLE ALWAYS TRIGGER model_version_names_its_creator;

-- The lock makes a DELETE of the version wait for us, and then see the alias.
CREATE FUNCTION fraud.check_alias() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM fraud.model_version v
    WHERE v.model_id = NEW.model_id AND v.version = NEW.version FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'alias "%" cannot point at version %, which does not exist',
      NEW.alias, NEW.version USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION fraud.check_alias() FROM PUBLIC;
COMMENT ON FUNCTION fraud.check_alias() IS
'trigger of fraud.alias: 23503 for an alias of a version that does not exist';

-- What pg_dump writes empties the search_path first; our own functions and
-- ordinary sessions never have an empty one.
CREATE TRIGGER alias_points_at_a_version BEFORE INSERT OR UPDATE ON fraud.alias
  FOR EACH ROW WHEN (current_setting('search_path') <> '')
  EXECUTE FUNCTION fraud.check_alias();

CREATE FUNCTION fraud.delete_with_version() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM fraud.alias a WHERE a.model_id = OLD.model_id AND a.version = OLD.version;
  IF FOUND THEN
    RAISE EXCEPTION 'an alias points at version %', OLD.version
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  DELETE FROM fraud.run_metric rm USING fraud.run r
    WHERE r.run_id = rm.run_id AND r.model_id = OLD.model_id AND r.version = OLD.version;
  DELETE FROM fraud.run r WHERE r.model_id = OLD.model_id AND r.version = OLD.version;
  DELETE FROM fraud.feature_importance i
    WHERE i.model_id = OLD.model_id AND i.version = OLD.version;
  DELETE FROM fraud.baseline b WHERE b.model_id = OLD.model_id AND b.version = OLD.version;
  RETURN OLD;
END
$$;
REVOKE ALL ON FUNCTION fraud.delete_with_version() FROM PUBLIC;
COMMENT ON FUNCTION fraud.delete_with_version() IS
'trigger of fraud.model_version: deletes what belongs to a version; 23503 while an alias points at it';
CREATE TRIGGER model_version_takes_along BEFORE DELETE ON fraud.model_version
  FOR EACH ROW EXECUTE FUNCTION fraud.delete_with_version();

CREATE FUNCTION fraud.delete_with_model() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM fraud.alias a WHERE a.model_id = OLD.model_id;
  DELETE FROM fraud.model_version v WHERE v.model_id = OLD.model_id;
  DELETE FROM fraud.alias_history h WHERE h.model_id = OLD.model_id;
  DELETE FROM fraud.task t WHERE t.model_id = OLD.model_id;
  RETURN OLD;
END
$$;
REVOKE ALL ON FUNCTION fraud.delete_with_model() FROM PUBLIC;
COMMENT ON FUNCTION fraud.delete_with_model() IS
'trigger of fraud.model: deletes what belongs to a model';
CREATE TRIGGER model_takes_along BEFORE DELETE ON fraud.model
  FOR EACH ROW EXECUTE FUNCTION fraud.delete_with_model();
