-- rule: what a guard is told in SQL. Rules are part of a policy: whoever changes one
-- adds a version of the policy.

CREATE FUNCTION fraud.policy_to_change(relation regclass) RETURNS fraud.policy
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM fraud.check_guardable(relation);
  -- What is read from here on is not changed by others.
  PERFORM fraud.lock_policy(relation);
  RETURN fraud.current_policy(relation);
END
$$;
REVOKE ALL ON FUNCTION fraud.policy_to_change(regclass) FROM PUBLIC;
COMMENT ON FUNCTION fraud.policy_to_change(regclass) IS
'the policy that is in force for a guarded table, locked until the end of the transaction; 42501 for who is not the table''s owner, '
'FD012 where it has no guard, 42809 for a partition of a guarded table';

-- The rules of a policy without the one of a name, and with another one.
CREATE FUNCTION fraud.replace_rule(rules jsonb, name text, rule jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (
  SELECT coalesce(jsonb_agg(r ORDER BY (r ->> 'priority')::int, r ->> 'name' COLLATE "C"), '[]')
  FROM (SELECT r FROM jsonb_array_elements(rules) AS r WHERE r ->> 'name' <> name
        UNION ALL SELECT rule WHERE rule IS NOT NULL) AS all_rules);
COMMENT ON FUNCTION fraud.replace_rule(jsonb, text, jsonb) IS
'rules by priority and name, where the rule of a name is another one; it is gone for NULL';

CREATE FUNCTION @extschema@.fraud_rule(relation regclass, name text, condition text, decision text,
  priority int DEFAULT 100)
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  meaning constant text := fraud.decision_named(decision);
  policy fraud.policy;
BEGIN
  IF relation IS NULL OR name IS NULL OR condition IS NULL OR priority IS NULL THEN
    RAISE EXCEPTION 'relation, name, condition and priority must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF name = '' THEN
    RAISE EXCEPTION 'the name of a rule must not be empty' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A policy stays for ever, and decisions name their rules.
  PERFORM fraud.refuse_card_number(name, 'the name of the rule', 'Cards belong on a list, by their tokens.'),
    fraud.refuse_card_number(condition, 'a part of the condition', 'Cards belong on a list, by their tokens. A number that is '
      'none can be written in another way, as 4.1e15.');
  policy := fraud.policy_to_change(relation);
  policy.rules := fraud.replace_rule(policy.rules, name,
    jsonb_build_object('name', name, 'condition', condition, 'decision', meaning, 'priority', priority));
  policy.version := fraud.add_policy(policy);
  PERFORM fraud.check_guard(relation);
  RETURN policy.version;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_rule(regclass, text, text, text, int) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_rule(regclass, text, text, text, int) IS
'a rule of a table''s guard, in place of the one that has its name; the new version of the policy is returned. condition: boolean, '
'over the columns of the row (also as NEW.column), the features that the model computes, and score (NULL without a model; also as '
'model.score). decision: approve (or allow), review or block. Rules are asked in the order of priority and name; the first one that '
'is true decides. Errors: 42601, 42703, 42883 and others of the parser; 42P17 for a condition that may change something; 42501 for '
'one that uses functions of roles without the owner''s rights, and for who is not the table''s owner; 22023 for an unknown decision '
'or an empty name; FD010 for a card number in the name or the condition; FD012 where the table has no guard; those of fraud_guard for its model; 22004 for NULL';

CREATE FUNCTION @extschema@.fraud_rule_drop(relation regclass, name text) RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  policy fraud.policy;
  names text[];
BEGIN
  IF relation IS NULL OR name IS NULL THEN
    RAISE EXCEPTION 'relation and name must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  policy := fraud.policy_to_change(relation);
  names := ARRAY(SELECT r ->> 'name' FROM jsonb_array_elements(policy.rules) AS r);
  IF name <> ALL (names) THEN
    RAISE EXCEPTION 'the guard of % has no rule "%"', relation, name USING ERRCODE = 'undefined_object',
      HINT = fraud.name_hint(name, names,
        CASE WHEN names = '{}' THEN 'It has no rules at all.' ELSE format('There are %s.', fraud.name_list(names)) END);
  END IF;
  policy.rules := fraud.replace_rule(policy.rules, name, NULL);
  RETURN fraud.add_policy(policy);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_rule_drop(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_rule_drop(regclass, text) IS
'drops a rule of a table''s guard; the new version of the policy is returned. 42704 for a name that no rule has, 42501 for who is '
'not the table''s owner, FD012 where the table has no guard, 22004 for NULL';

CREATE VIEW fraud.rule WITH (security_invoker = true) AS
SELECT p.relation, p.version AS policy, r.rule ->> 'name' AS name, r.rule ->> 'condition' AS condition,
  r.rule ->> 'decision' AS decision, (r.rule ->> 'priority')::int AS priority
FROM (SELECT DISTINCT ON (v.relation) v.* FROM fraud.policy v ORDER BY v.relation, v.version DESC) p,
  pg_catalog.jsonb_array_elements(p.rules) WITH ORDINALITY AS r (rule, place)
WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = p.relation AND t.tgname = 'fraud_guard'
  AND t.tgfoid = 'fraud.guard_row'::regproc AND t.tgenabled IN ('O', 'A'))
ORDER BY p.relation, r.place;
COMMENT ON VIEW fraud.rule IS 'rules of the policies that are in force, in the order in which they are asked';
