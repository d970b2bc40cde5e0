-- policy: what the guard of a table does, in versions. A row never changes: whoever
-- alters a policy or its rules adds a version, and decisions remember theirs.

CREATE TABLE fraud.policy (
  relation regclass NOT NULL,
  version int NOT NULL CHECK (version > 0),
  model text COLLATE pg_catalog."C",
  review_at float8 CHECK (review_at BETWEEN 0 AND 1),
  block_at float8 CHECK (block_at BETWEEN 0 AND 1),
  on_block text NOT NULL CHECK (on_block IN ('reject', 'quarantine', 'flag')),
  on_error text NOT NULL CHECK (on_error IN ('approve', 'review', 'block')),
  key text,
  options jsonb NOT NULL,
  rules jsonb NOT NULL,
  owner text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  created_by text NOT NULL DEFAULT CURRENT_USER,
  PRIMARY KEY (relation, version)
);
COMMENT ON TABLE fraud.policy IS
'policies of guarded tables, all versions; the highest one of a table is in force while its trigger is there';
COMMENT ON COLUMN fraud.policy.model IS 'NULL: lists and rules alone decide';
COMMENT ON COLUMN fraud.policy.review_at IS 'NULL: never, or by options ->> thresholds from the version that scores';
COMMENT ON COLUMN fraud.policy.key IS 'the column that identifies a row';
COMMENT ON COLUMN fraud.policy.options IS 'all options with their defaults (docs/guard.md)';
COMMENT ON COLUMN fraud.policy.rules IS
'name, condition, decision and priority of each rule, in the order in which they are asked';
COMMENT ON COLUMN fraud.policy.owner IS
'the role that decides: it owned the table when the version was made';
SELECT pg_catalog.pg_extension_config_dump('fraud.policy', '');

-- Every session keeps policies (src/scoring/guard_policy.c) and drops what it keeps of a
-- table whose policy has changed.
CREATE FUNCTION fraud.policy_changed() RETURNS trigger
LANGUAGE c
AS '$libdir/fraud_detect', 'fraud_policy_changed';
REVOKE ALL ON FUNCTION fraud.policy_changed() FROM PUBLIC;
COMMENT ON FUNCTION fraud.policy_changed() IS
'row trigger: sends a relcache invalidation of the guarded table to all sessions at commit';
CREATE TRIGGER policy_changed AFTER INSERT ON fraud.policy
  FOR EACH ROW EXECUTE FUNCTION fraud.policy_changed();
ALTER TABLE fraud.policy ENABLE ALWAYS TRIGGER policy_changed;

-- A policy's rules run as its owner, and on the rows of its table. So it is for the table's
-- owner, and for those who may act as such, to write one. Who restores a dump has an empty
-- search_path, and is a superuser.
CREATE FUNCTION fraud.check_policy_owner() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  table_owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = NEW.relation);
BEGIN
  IF table_owner IS NULL OR NEW.owner <> pg_get_userbyid(table_owner) OR NOT pg_has_role(current_user, table_owner, 'USAGE')
    OR NEW.created_by <> current_user THEN
    RAISE EXCEPTION 'role "%" cannot write a policy of relation % in the name of role "%"', current_user, NEW.relation, NEW.owner
      USING ERRCODE = 'insufficient_privilege', HINT = 'The owner of the table writes its policy, with fraud_guard and fraud_rule.';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION fraud.check_policy_owner() FROM PUBLIC;
COMMENT ON FUNCTION fraud.check_policy_owner() IS
'trigger of fraud.policy: 42501 for a policy of a table whose owner the role is not, or in another role''s name';
CREATE FUNCTION fraud.is_restored_by_superuser() RETURNS bool
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.=) ''
  AND (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER);
COMMENT ON FUNCTION fraud.is_restored_by_superuser() IS
'is this a superuser with an empty search_path, as what pg_dump writes sets it?';
CREATE TRIGGER policy_is_the_owners BEFORE INSERT ON fraud.policy
  FOR EACH ROW WHEN (NOT fraud.is_restored_by_superuser()) EXECUTE FUNCTION fraud.check_policy_owner();
ALTER TABLE fraud.policy ENABLE ALWAYS TRIGGER policy_is_the_owners;

-- Decisions refer to versions of policies: they stay.
CREATE FUNCTION fraud.refuse_policy_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'policies of guards are immutable'
    USING ERRCODE = 'object_not_in_prerequisite_state',
          HINT = 'fraud_guard and fraud_rule add a version; decisions refer to the ones before.';
END
$$;
REVOKE ALL ON FUNCTION fraud.refuse_policy_change() FROM PUBLIC;
COMMENT ON FUNCTION fraud.refuse_policy_change() IS
'trigger of fraud.policy: refuses UPDATE, DELETE and TRUNCATE with 55000';
CREATE TRIGGER policy_is_immutable BEFORE UPDATE OR DELETE ON fraud.policy
  FOR EACH ROW EXECUTE FUNCTION fraud.refuse_policy_change();
CREATE TRIGGER policy_is_not_truncated BEFORE TRUNCATE ON fraud.policy
  EXECUTE FUNCTION fraud.refuse_policy_change();
ALTER TABLE fraud.policy ENABLE ALWAYS TRIGGER policy_is_immutable;
ALTER TABLE fraud.policy ENABLE ALWAYS TRIGGER policy_is_not_truncated;
