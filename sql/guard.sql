-- guard: decisions about rows as they are inserted.

CREATE FUNCTION fraud.guard_row() RETURNS trigger
LANGUAGE c
AS '$libdir/fraud_detect', 'fraud_guard_row';
REVOKE ALL ON FUNCTION fraud.guard_row() FROM PUBLIC;
COMMENT ON FUNCTION fraud.guard_row() IS
'trigger of guarded tables (fraud_guard): decides about a row, records the decision, and carries it out. Errors: FD001 for '
'a row that is blocked, FD010 for a card number, FD012 where there is no policy';

CREATE FUNCTION fraud.check_guard(relation regclass) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 100000
AS '$libdir/fraud_detect', 'fraud_check_guard';
REVOKE ALL ON FUNCTION fraud.check_guard(regclass) FROM PUBLIC;
COMMENT ON FUNCTION fraud.check_guard(regclass) IS
'raises what would fail in every decision of the table''s guard: FD002, FD003, FD004, FD005, FD009, 42703, 42501, and those '
'of a rule''s condition; FD012 without a guard, 42P01 without the table';

CREATE TYPE fraud.decision_result AS (
  decision text,
  score float8,
  model text,
  version int,
  policy int,
  reasons jsonb,
  latency_us int,
  ground text,
  lists jsonb,
  rules jsonb,
  error jsonb
);
COMMENT ON TYPE fraud.decision_result IS 'what fraud_decide returns; members as the columns of fraud.decision';

CREATE FUNCTION @extschema@.fraud_decide(record, relation regclass DEFAULT NULL) RETURNS fraud.decision_result
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000
AS '$libdir/fraud_detect', 'fraud_decide';
REVOKE ALL ON FUNCTION @extschema@.fraud_decide(record, regclass) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_decide(record, regclass) IS
'what the guard of a table (NULL: the one that the record is a row of) would decide about a row now: nothing is recorded, '
'locked or passed by chance. NULL for a NULL record. Needs INSERT on the table (42501); what failed is said in words only to who '
'may read fraud.decision. FD012 where the table has no guard, FD010 for a card number';

-- Defaults of all options. What is not here is not an option.
CREATE FUNCTION fraud.guard_option_defaults() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN '{"alert_budget": 0.01, "amount": null, "block_budget": 0.002, "detail": "reasons", "entities": {},
  "event_time": null, "flag_column": "fraud_decision", "handling_cost": null, "lists": null,
  "not_card_numbers": [],
  "random_pass": 0, "reasons": 5, "record_row": "not_approved", "serialize": false, "shadow": "challenger",
  "thresholds": null, "time_budget": "1 second"}'::jsonb;
COMMENT ON FUNCTION fraud.guard_option_defaults() IS 'the options of fraud_guard with their defaults';

CREATE FUNCTION fraud.refuse_guard_option(option text, message text, hint text DEFAULT 'docs/guard.md describes the options.')
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'option "%" %', option, message USING ERRCODE = 'invalid_parameter_value', HINT = hint;
END
$$;
COMMENT ON FUNCTION fraud.refuse_guard_option(text, text, text) IS 'raises 22023 about an option of fraud_guard';

CREATE FUNCTION fraud.check_guard_number(options jsonb, option text, low numeric, high numeric) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(options -> option) <> 'number' OR NOT (options ->> option)::numeric BETWEEN low AND high THEN
    PERFORM fraud.refuse_guard_option(option, format('must be a number from %s to %s', low, high));
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_guard_number(jsonb, text, numeric, numeric) IS
'22023 for an option that is not a number within bounds';

CREATE FUNCTION fraud.check_guard_word(options jsonb, option text, words text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(options -> option) <> 'string' OR options ->> option <> ALL (words) THEN
    PERFORM fraud.refuse_guard_option(option, format('must be one of %s', fraud.name_list(words)),
      fraud.name_hint(options ->> option, words, 'docs/guard.md describes the options.'));
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_guard_word(jsonb, text, text[]) IS '22023 for an option that is none of these words';

-- Columns that options name: amount, event_time, and those of entities.
CREATE FUNCTION fraud.check_guard_columns(relation regclass, options jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kinds constant text[] := '{card,customer,merchant,device,country}';
  kind text;
  not_a_text text;
BEGIN
  SELECT o INTO not_a_text FROM unnest('{amount,event_time,flag_column,shadow}'::text[]) AS o
    WHERE jsonb_typeof(options -> o) NOT IN ('string', 'null');
  IF FOUND THEN
    PERFORM fraud.refuse_guard_option(not_a_text, 'must be a text');
  ELSIF jsonb_typeof(options -> 'entities') <> 'object' THEN
    PERFORM fraud.refuse_guard_option('entities', 'must be an object of kinds and columns',
      'For example {"card": "card_id", "merchant": "merchant_id"}.');
  ELSIF jsonb_typeof(options -> 'not_card_numbers') <> 'array' THEN
    PERFORM fraud.refuse_guard_option('not_card_numbers', 'must be an array of columns');
  ELSIF jsonb_typeof(options -> 'lists') NOT IN ('array', 'null') THEN
    PERFORM fraud.refuse_guard_option('lists', 'must be an array of names, or null for all lists');
  END IF;
  SELECT k INTO kind FROM jsonb_object_keys(options -> 'entities') AS k WHERE k <> ALL (kinds) ORDER BY k LIMIT 1;
  IF FOUND THEN
    PERFORM fraud.refuse_guard_option('entities', format('names an unknown kind "%s"', kind),
      format('There are %s.', fraud.name_list(kinds)));
  END IF;
  PERFORM fraud.require_column(relation, options ->> 'amount', 'option "amount"'),
    fraud.require_column(relation, options ->> 'event_time', 'option "event_time"');
  PERFORM fraud.require_column(relation, e.value, 'option "entities"') FROM jsonb_each_text(options -> 'entities') AS e;
  PERFORM fraud.require_column(relation, c, 'option "not_card_numbers"')
    FROM jsonb_array_elements_text(options -> 'not_card_numbers') AS c;
  PERFORM FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = options ->> 'amount'
    AND a.atttypid NOT IN (SELECT t.oid FROM pg_type t WHERE t.typcategory = 'N' AND 'money'::regtype NOT IN (t.oid, t.typbasetype));
  IF FOUND THEN
    RAISE EXCEPTION 'column "%" for option "amount" is not a number', options ->> 'amount' USING ERRCODE = 'datatype_mismatch';
  END IF;
  PERFORM FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = options ->> 'event_time'
    AND a.atttypid NOT IN ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype);
  IF FOUND THEN
    RAISE EXCEPTION 'column "%" for option "event_time" is neither a timestamp nor a timestamptz nor a date',
      options ->> 'event_time' USING ERRCODE = 'datatype_mismatch';
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_guard_columns(regclass, jsonb) IS
'22023, 42703, 42804 for options of fraud_guard that do not name fitting columns';

CREATE FUNCTION fraud.check_guard_serialize(options jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted jsonb := options -> 'serialize';
  kind text;
BEGIN
  IF jsonb_typeof(wanted) NOT IN ('boolean', 'array') THEN
    PERFORM fraud.refuse_guard_option('serialize', 'must be true, false or an array of kinds of entities');
  ELSIF wanted = 'true' AND options -> 'entities' = '{}' THEN
    PERFORM fraud.refuse_guard_option('serialize', 'needs entities',
      'Name them in the option "entities", for example {"card": "card_id"}.');
  ELSIF jsonb_typeof(wanted) = 'array' THEN
    SELECT k INTO kind FROM jsonb_array_elements_text(wanted) AS k WHERE NOT options -> 'entities' ? k LIMIT 1;
    IF FOUND THEN
      PERFORM fraud.refuse_guard_option('serialize', format('names "%s", which has no column', kind),
        'Name its column in the option "entities".');
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_guard_serialize(jsonb) IS '22023 for an option "serialize" that is not valid';

CREATE FUNCTION fraud.check_guard_budget(options jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  budget interval;
BEGIN
  IF jsonb_typeof(options -> 'time_budget') NOT IN ('string', 'null') THEN
    PERFORM fraud.refuse_guard_option('time_budget', 'must be an interval as text, or null');
  END IF;
  budget := (options ->> 'time_budget')::interval;
  IF NOT budget BETWEEN '0'::interval AND '1 day'::interval OR extract(day FROM budget) <> 0 OR extract(month FROM budget) <> 0 THEN
    PERFORM fraud.refuse_guard_option('time_budget', 'must be an interval of less than a day');
  END IF;
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
  PERFORM fraud.refuse_guard_option('time_budget', 'must be an interval', 'For example "50 ms".');
END
$$;
COMMENT ON FUNCTION fraud.check_guard_budget(jsonb) IS '22023 for an option "time_budget" that is not an interval';

-- All options, checked, with defaults for those that are not given.
CREATE FUNCTION fraud.normal_guard_options(relation regclass, options jsonb, has_thresholds bool,
  has_model bool)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  defaults jsonb := fraud.guard_option_defaults();
  known text[] := ARRAY(SELECT k FROM jsonb_object_keys(defaults) AS k ORDER BY k);
  normal jsonb;
  unknown text;
BEGIN
  IF jsonb_typeof(options) <> 'object' THEN
    RAISE EXCEPTION 'options must be an object' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT k INTO unknown FROM jsonb_object_keys(options) AS k WHERE NOT defaults ? k ORDER BY k LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no option "%"', unknown USING ERRCODE = 'invalid_parameter_value',
      HINT = fraud.name_hint(unknown, known, format('There are %s.', array_to_string(known, ', ')));
  END IF;
  normal := defaults || options;
  IF normal -> 'thresholds' = 'null' THEN
    normal := normal || jsonb_build_object('thresholds', CASE WHEN has_thresholds OR NOT has_model THEN 'given' ELSE 'alert_budget' END);
  END IF;
  PERFORM fraud.check_guard_word(normal, 'thresholds', '{given,alert_budget,cost}');
  PERFORM fraud.check_guard_word(normal, 'detail', '{decision,reasons}');
  PERFORM fraud.check_guard_word(normal, 'record_row', '{never,not_approved,always}');
  PERFORM fraud.check_guard_number(normal, o, 0, 1) FROM unnest('{alert_budget,block_budget,random_pass}'::text[]) AS o;
  PERFORM fraud.check_guard_number(normal, 'reasons', 0, 1000);
  PERFORM fraud.check_guard_columns(relation, normal);
  PERFORM fraud.check_guard_serialize(normal);
  PERFORM fraud.check_guard_budget(normal);
  IF has_thresholds AND normal ->> 'thresholds' <> 'given' THEN
    PERFORM fraud.refuse_guard_option('thresholds', format('is "%s", and thresholds are given', normal ->> 'thresholds'),
      'Leave out review_at and block_at, or the option.');
  ELSIF (normal ->> 'block_budget')::numeric > (normal ->> 'alert_budget')::numeric THEN
    PERFORM fraud.refuse_guard_option('block_budget', 'must not be more than "alert_budget", of which it is a part');
  ELSIF normal ->> 'thresholds' = 'cost' THEN
    PERFORM fraud.check_guard_number(normal, 'handling_cost', 0, 1e15);
    IF normal -> 'amount' = 'null' THEN
      PERFORM fraud.refuse_guard_option('thresholds', 'is "cost", which needs the option "amount"');
    END IF;
  END IF;
  RETURN normal;
END
$$;
COMMENT ON FUNCTION fraud.normal_guard_options(regclass, jsonb, bool, bool) IS
'all options of fraud_guard, checked, defaults included; 22023, 42703, 42804';

-- Nobody but the owner guards a table, and nobody guards ours.
CREATE FUNCTION fraud.check_guardable(relation regclass) RETURNS name
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  class pg_class;
BEGIN
  SELECT * INTO class FROM pg_class c WHERE c.oid = relation;
  IF relation IS NULL THEN
    RAISE EXCEPTION 'relation must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF NOT FOUND THEN
    RAISE EXCEPTION 'relation with OID % does not exist', relation::oid USING ERRCODE = 'undefined_table';
  ELSIF class.relkind NOT IN ('r', 'p') OR class.relnamespace IN ('pg_catalog'::regnamespace, 'fraud'::regnamespace) THEN
    RAISE EXCEPTION '% cannot have a guard', relation USING ERRCODE = 'wrong_object_type',
      HINT = 'Ordinary and partitioned tables can, but those of the system and of fraud_detect.';
  ELSIF NOT pg_has_role(current_user, class.relowner, 'USAGE') THEN
    RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN pg_get_userbyid(class.relowner);
END
$$;
COMMENT ON FUNCTION fraud.check_guardable(regclass) IS
'the owner of a table that the current user may guard; 42501, 42809, 42P01, 22004';

-- A trigger that the table has from a table that it is a partition of has a parent.
CREATE FUNCTION fraud.guard_trigger(relation regclass) RETURNS pg_trigger
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT t FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = 'fraud_guard'
  AND t.tgfoid = 'fraud.guard_row'::regproc);
COMMENT ON FUNCTION fraud.guard_trigger(regclass) IS 'the trigger of a table''s guard; NULL where it has none';

-- Of a table's guard, on the table and on its partitions: those that do not fire.
CREATE FUNCTION fraud.disabled_guards(relation regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.tgrelid::regclass FROM pg_trigger t
  WHERE t.tgname = 'fraud_guard' AND t.tgfoid = 'fraud.guard_row'::regproc AND t.tgenabled NOT IN ('O', 'A')
    AND (t.tgrelid = relation OR t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(relation) p));
END;
COMMENT ON FUNCTION fraud.disabled_guards(regclass) IS
'of a table and its partitions those whose guard somebody has disabled (ALTER TABLE ... DISABLE TRIGGER)';

-- One writer of a table's policy at a time; INSERTs need not wait.
CREATE FUNCTION fraud.lock_policy(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', relation);
END
$$;
REVOKE ALL ON FUNCTION fraud.lock_policy(regclass) FROM PUBLIC;
COMMENT ON FUNCTION fraud.lock_policy(regclass) IS
'keeps others from changing the policy of a table until the end of the transaction';

-- The next version of a policy.
CREATE FUNCTION fraud.add_policy(policy fraud.policy) RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  previous int;
BEGIN
  PERFORM fraud.lock_policy(policy.relation);
  SELECT max(p.version) INTO previous FROM fraud.policy p WHERE p.relation = policy.relation;
  policy.version := coalesce(previous, 0) + 1;
  policy.owner := fraud.check_guardable(policy.relation);
  policy.created_at := clock_timestamp();
  policy.created_by := current_user;
  INSERT INTO fraud.policy SELECT (policy).*;
  RETURN policy.version;
END
$$;
REVOKE ALL ON FUNCTION fraud.add_policy(fraud.policy) FROM PUBLIC;
COMMENT ON FUNCTION fraud.add_policy(fraud.policy) IS
'stores the next version of a policy, as of the table''s owner; its number. 42501 for who is not the owner';

CREATE FUNCTION fraud.current_policy(relation regclass) RETURNS fraud.policy
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  trigger pg_trigger := fraud.guard_trigger(relation);
  policy fraud.policy;
BEGIN
  IF trigger.tgparentid <> 0 THEN
    RAISE EXCEPTION 'the guard of % is that of a table that it is a partition of', relation
      USING ERRCODE = 'wrong_object_type',
            HINT = format('Name %s.', (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = relation LIMIT 1));
  END IF;
  SELECT * INTO policy FROM fraud.policy p WHERE p.relation = current_policy.relation
    ORDER BY p.version DESC LIMIT 1;
  IF NOT FOUND OR trigger IS NULL THEN
    RAISE EXCEPTION 'relation % has no guard', relation USING ERRCODE = 'FD012',
      HINT = format('SELECT fraud_guard(%L)', relation);
  END IF;
  RETURN policy;
END
$$;
COMMENT ON FUNCTION fraud.current_policy(regclass) IS
'the policy that is in force for a guarded table; FD012 where there is none, 42809 for a partition of a guarded table';

CREATE FUNCTION fraud.prepare_flag_column(relation regclass, flag text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF flag IS NULL THEN
    PERFORM fraud.refuse_guard_option('flag_column', 'is needed where on_block is "flag"');
  END IF;
  PERFORM fraud.require_column(relation, flag, 'option "flag_column"');
  PERFORM FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = flag
    AND a.atttypid = 'text'::regtype AND a.attgenerated = '';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'column "%" for decisions is not of type text', flag USING ERRCODE = 'datatype_mismatch',
      HINT = format('ALTER TABLE %s ADD %I text', relation, 'fraud_decision');
  END IF;
END
$$;
REVOKE ALL ON FUNCTION fraud.prepare_flag_column(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION fraud.prepare_flag_column(regclass, text) IS
'42703, 42804, 22023 where a table has no column for the decisions of its guard';

CREATE FUNCTION fraud.check_guard_arguments(policy fraud.policy) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  argument record;
BEGIN
  IF policy.on_block IS NULL OR policy.on_error IS NULL OR policy.options IS NULL THEN
    RAISE EXCEPTION 'on_block, on_error and options must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  FOR argument IN SELECT * FROM (VALUES
      ('on_block', policy.on_block, '{reject,quarantine,flag}'::text[]),
      ('on_error', policy.on_error, '{approve,review,block}')) AS a (name, value, words) WHERE value <> ALL (words) LOOP
    RAISE EXCEPTION '% must not be "%"', argument.name, argument.value USING ERRCODE = 'invalid_parameter_value',
      HINT = format('It can be %s.', fraud.name_list(argument.words));
  END LOOP;
  IF NOT (coalesce(policy.review_at, 0) BETWEEN 0 AND 1 AND coalesce(policy.block_at, 0) BETWEEN 0 AND 1) THEN
    RAISE EXCEPTION 'review_at and block_at must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value';
  ELSIF policy.review_at > policy.block_at THEN
    RAISE EXCEPTION 'review_at must not be above block_at' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'A score from block_at on is blocked, whatever review_at is.';
  ELSIF policy.model IS NULL AND (policy.review_at IS NOT NULL OR policy.block_at IS NOT NULL) THEN
    RAISE EXCEPTION 'thresholds without a model' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass model => ''...''.';
  END IF;
  PERFORM fraud.require_column(policy.relation, policy.key, 'the argument "key"');
END
$$;
COMMENT ON FUNCTION fraud.check_guard_arguments(fraud.policy) IS '22004, 22023, 42703 for arguments of fraud_guard';

-- NULL: the setting or the only model, none where there is none yet; '': none.
CREATE FUNCTION fraud.guard_model(model text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF model = '' THEN
    RETURN NULL;
  END IF;
  -- Not silently without one: such a guard would approve all but what lists and rules say.
  IF model IS NULL AND NOT EXISTS (SELECT FROM fraud.model) THEN
    RAISE EXCEPTION 'there is no model yet' USING ERRCODE = 'FD002',
      HINT = 'Train one with fraud_train, or pass model => '''' to decide by lists and rules alone.';
  END IF;
  RETURN (fraud.find_model(model)).name;
END
$$;
COMMENT ON FUNCTION fraud.guard_model(text) IS
'the name of the model that a guard scores by; NULL for an empty name: none; FD002';

CREATE FUNCTION @extschema@.fraud_guard(relation regclass, model text DEFAULT NULL,
  review_at float8 DEFAULT NULL, block_at float8 DEFAULT NULL, on_block text DEFAULT 'reject', on_error text DEFAULT 'allow', key text DEFAULT NULL,
  options jsonb DEFAULT '{}')
RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  policy fraud.policy;
  trigger pg_trigger;
BEGIN
  PERFORM fraud.check_guardable(relation);
  -- The trigger and the rules are read below: others change neither from here on.
  PERFORM fraud.lock_policy(relation);
  policy.relation := relation;
  policy.model := fraud.guard_model(model);
  policy.review_at := review_at;
  policy.block_at := block_at;
  policy.on_block := on_block;
  policy.on_error := CASE on_error WHEN 'allow' THEN 'approve' ELSE on_error END;
  policy.key := key;
  policy.options := options;
  PERFORM fraud.check_guard_arguments(policy);
  policy.options := fraud.normal_guard_options(relation, options,
    review_at IS NOT NULL OR block_at IS NOT NULL, policy.model IS NOT NULL);
  IF on_block = 'flag' THEN
    PERFORM fraud.prepare_flag_column(relation, policy.options ->> 'flag_column');
  END IF;
  trigger := fraud.guard_trigger(relation);
  IF trigger.tgparentid <> 0 THEN
    PERFORM fraud.current_policy(relation);
  ELSIF trigger IS NULL THEN
    EXECUTE format('CREATE TRIGGER fraud_guard BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION fraud.guard_row()', relation);
    EXECUTE format('COMMENT ON TRIGGER fraud_guard ON %s IS %L', relation, 'fraud_detect: fraud_unguard removes it');
  END IF;
  IF EXISTS (SELECT FROM fraud.disabled_guards(relation)) THEN
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER fraud_guard', relation);
  END IF;
  policy.rules := coalesce((SELECT p.rules FROM fraud.policy p WHERE p.relation = fraud_guard.relation
    ORDER BY p.version DESC LIMIT 1), '[]');
  PERFORM fraud.refuse_card_numbers(relation, ARRAY(
    SELECT e.value FROM jsonb_each_text(policy.options -> 'entities') AS e UNION SELECT key WHERE key IS NOT NULL
    EXCEPT SELECT c FROM jsonb_array_elements_text(policy.options -> 'not_card_numbers') AS c));
  PERFORM fraud.add_policy(policy);
  PERFORM fraud.check_guard(relation);
  RETURN (fraud.current_policy(relation)).version;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_guard(regclass, text, float8, float8, text, text, text, jsonb)
  FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_guard(regclass, text, float8, float8, text, text, text, jsonb) IS
'from now on each row that is inserted into the table is decided about: a trigger, and a new version of its policy, whose '
'number is returned; rules stay, and a trigger that was disabled is enabled. Model NULL: the setting, or the only one; '''': lists and rules alone. review_at and '
'block_at: scores; where neither is given, see the option "thresholds". on_block: reject (FD001), quarantine or flag; '
'on_error: allow, review or block, where a decision cannot be made. key: the column that identifies a row. Needs to be the '
'table''s owner (42501). Errors: 22023 for arguments and options, 42703, 42804 for columns, 42809 for what is no table or a '
'partition of a guarded one, FD002 to FD005 and FD009 for a model that cannot score the table''s rows, FD010 where a '
'column holds card numbers';

CREATE FUNCTION @extschema@.fraud_unguard(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM fraud.check_guardable(relation), fraud.current_policy(relation);
  EXECUTE format('DROP TRIGGER fraud_guard ON %s', relation);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_unguard(regclass) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_unguard(regclass) IS
'removes a table''s guard; its policies and decisions stay. 42501 for who is not the owner, FD012 where there is no guard, '
'42809 for a partition of a guarded table';
