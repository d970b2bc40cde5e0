
-- backtest: what another policy would have done to past decisions (docs/decisions.md).

CREATE FUNCTION fraud.decide_again(lists jsonb, failed bool, on_error text, rules jsonb,
  score float8, review_at float8, block_at float8)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS '$libdir/fraud_detect', 'fraud_decide_again';
COMMENT ON FUNCTION fraud.decide_again(jsonb, bool, text, jsonb, float8, float8, float8) IS
'the decision that these make, by the precedence of guards; arguments as the columns of fraud.decision, NULL for what is not '
'there; NULL where it failed and on_error is NULL';

CREATE FUNCTION fraud.rules_fired("row" record, rules jsonb, score float8) RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 100
AS '$libdir/fraud_detect', 'fraud_rules_fired';
COMMENT ON FUNCTION fraud.rules_fired(record, jsonb, float8) IS
'which rules, given as in fraud.policy.rules, fire for a row: as fraud.decision.rules; JSON null where one fails, NULL for a '
'NULL row. As the caller. Errors are those of a rule''s condition';

CREATE FUNCTION fraud.require_trusted_columns(relation regclass) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_require_trusted_columns';
COMMENT ON FUNCTION fraud.require_trusted_columns(regclass) IS
'42501 where a column of the table has a type, such as a domain with a CHECK, of a role without the caller''s rights: making a '
'recorded row again would run its code as the caller. Needs SELECT on the table (42501), which stays locked. 42P01 where there is '
'none, nothing for NULL';

CREATE FUNCTION fraud.merge_rules(recorded jsonb, fired jsonb, policy_rules jsonb, new_rules jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (
  SELECT jsonb_agg(r.rule ORDER BY coalesce((p.rule ->> 'priority')::int, 100), r.rule ->> 'name' COLLATE "C")
  FROM (SELECT e.value AS rule, policy_rules AS rules FROM jsonb_array_elements(recorded) AS e
        UNION ALL SELECT e.value, new_rules FROM jsonb_array_elements(fired) AS e) AS r
  LEFT JOIN LATERAL (SELECT e.value AS rule FROM jsonb_array_elements(r.rules) AS e
                     WHERE e.value ->> 'name' = r.rule ->> 'name' LIMIT 1) AS p ON true);
COMMENT ON FUNCTION fraud.merge_rules(jsonb, jsonb, jsonb, jsonb) IS
'rules of the record and others that fire, in the order of their priorities; NULL for none';

CREATE FUNCTION fraud.without_rules(rules jsonb, names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (
  SELECT jsonb_agg(r.value ORDER BY r.ordinality) FROM jsonb_array_elements(rules) WITH ORDINALITY AS r
  WHERE r.value ->> 'name' <> ALL (names));
COMMENT ON FUNCTION fraud.without_rules(jsonb, text[]) IS 'rules but those of these names; NULL for none';

CREATE FUNCTION fraud.refuse_backtest_policy(message text, hint text DEFAULT 'docs/decisions.md describes what it can say.')
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'policy %', message USING ERRCODE = 'invalid_parameter_value', HINT = hint;
END
$$;
COMMENT ON FUNCTION fraud.refuse_backtest_policy(text, text) IS 'raises 22023 about the policy of a backtest';

-- Rules as fraud.policy has them: in order, with all members.
CREATE FUNCTION fraud.normal_backtest_rules(rules jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule jsonb;
BEGIN
  IF jsonb_typeof(rules) <> 'array' THEN
    PERFORM fraud.refuse_backtest_policy('has "rules" that are not an array');
  END IF;
  FOR rule IN SELECT e.value FROM jsonb_array_elements(rules) AS e LOOP
    IF jsonb_typeof(rule) <> 'object' OR num_nulls(rule ->> 'name', rule ->> 'condition', rule ->> 'decision') > 0 THEN
      PERFORM fraud.refuse_backtest_policy('has a rule without "name", "condition" or "decision"');
    ELSIF rule ->> 'decision' NOT IN ('allow', 'approve', 'review', 'block') THEN
      PERFORM fraud.refuse_backtest_policy(format('has rule "%s" with the unknown decision "%s"', rule ->> 'name', rule ->> 'decision'),
        'A rule can allow, review or block.');
    END IF;
  END LOOP;
  RETURN (SELECT jsonb_agg(jsonb_build_object('name', r ->> 'name', 'condition', r ->> 'condition',
      'decision', CASE r ->> 'decision' WHEN 'allow' THEN 'approve' ELSE r ->> 'decision' END,
      'priority', coalesce((r ->> 'priority')::int, 100))
    ORDER BY coalesce((r ->> 'priority')::int, 100), r ->> 'name' COLLATE "C") FROM jsonb_array_elements(rules) AS r);
END
$$;
COMMENT ON FUNCTION fraud.normal_backtest_rules(jsonb) IS 'rules of a backtest, checked and in order; NULL for none; 22023';

CREATE FUNCTION fraud.check_backtest_policy(policy jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known constant text[] := '{block_at,handling_cost,lists,on_error,review_at,rules,thresholds,without_rules}';
  member text;
BEGIN
  IF jsonb_typeof(policy) IS DISTINCT FROM 'object' THEN
    PERFORM fraud.refuse_backtest_policy('must be an object', 'For example {"block_at": 0.9}.');
  END IF;
  SELECT k INTO member FROM jsonb_object_keys(policy) AS k WHERE k <> ALL (known) ORDER BY k LIMIT 1;
  IF FOUND THEN
    PERFORM fraud.refuse_backtest_policy(format('cannot have "%s"', member),
      fraud.name_hint(member, known, format('It can have %s.', fraud.name_list(known))));
  END IF;
  FOREACH member IN ARRAY '{review_at,block_at}'::text[] LOOP
    IF policy ? member AND policy -> member <> 'null' AND (jsonb_typeof(policy -> member) <> 'number'
        OR (policy ->> member)::numeric NOT BETWEEN 0 AND 1) THEN
      PERFORM fraud.refuse_backtest_policy(format('has a "%s" that is not a number from 0 to 1', member), 'null is never.');
    END IF;
  END LOOP;
  IF policy ? 'thresholds' AND policy ->> 'thresholds' IS DISTINCT FROM 'cost' THEN
    PERFORM fraud.refuse_backtest_policy('has "thresholds" that are not "cost"',
      'Give "review_at" and "block_at"; what is not given stays as it was in force.');
  ELSIF (policy ? 'thresholds') <> (policy ? 'handling_cost') THEN
    PERFORM fraud.refuse_backtest_policy('has only one of "thresholds": "cost" and "handling_cost"');
  ELSIF policy ? 'thresholds' AND policy ?| '{review_at,block_at}' THEN
    PERFORM fraud.refuse_backtest_policy('has thresholds, and "cost" that makes them');
  ELSIF policy ? 'handling_cost' AND (jsonb_typeof(policy -> 'handling_cost') <> 'number'
      OR (policy ->> 'handling_cost')::numeric < 0) THEN
    PERFORM fraud.refuse_backtest_policy('has a "handling_cost" that is not a number from 0 on');
  ELSIF policy ? 'lists' AND jsonb_typeof(policy -> 'lists') <> 'boolean' THEN
    PERFORM fraud.refuse_backtest_policy('has "lists" that are not true or false');
  ELSIF policy ? 'on_error' AND (policy ->> 'on_error' = ANY ('{allow,approve,review,block}'::text[])) IS NOT TRUE THEN
    PERFORM fraud.refuse_backtest_policy('has an unknown "on_error"', 'It can allow, review or block.');
  ELSIF policy ? 'without_rules' AND jsonb_typeof(policy -> 'without_rules') <> 'array' THEN
    PERFORM fraud.refuse_backtest_policy('has "without_rules" that are not an array of names');
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_backtest_policy(jsonb) IS '22023 where the policy of a backtest is not valid';

-- Each decision with what another policy would decide on it, or why nobody can say; and its share of
-- what was let through: of rows that pass by chance, each stands for 1 / propensity.
CREATE FUNCTION fraud.backtest_query(relation regclass, policy jsonb) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rules jsonb := fraud.normal_backtest_rules(coalesce(policy -> 'rules', '[]'));
  gone text[] := ARRAY(SELECT jsonb_array_elements_text(coalesce(policy -> 'without_rules', '[]'))
    UNION SELECT r ->> 'name' FROM jsonb_array_elements(rules) AS r);
  key text := (SELECT p.key FROM fraud.policy p WHERE p.relation = backtest_query.relation
    ORDER BY p.version DESC LIMIT 1);
  recorded_rules text := CASE WHEN gone = '{}' THEN 'd.rules'
    ELSE format('CASE WHEN d.rules IS NOT NULL THEN fraud.without_rules(d.rules, %L) END', gone) END;
  fired text := 'NULL::jsonb';
  row_join text := '';
  lists text := CASE WHEN policy -> 'lists' = 'false' THEN 'NULL::jsonb' ELSE 'd.lists' END;
  on_error text := CASE WHEN policy ? 'on_error' THEN quote_literal(replace(policy ->> 'on_error', 'allow', 'approve')) ELSE 'p.on_error' END;
  review_at text := 'd.review_at';
  block_at text := 'd.block_at';
BEGIN
  IF policy ? 'review_at' THEN
    review_at := format('%L::float8', policy ->> 'review_at');
  END IF;
  IF policy ? 'block_at' THEN
    block_at := format('%L::float8', policy ->> 'block_at');
  END IF;
  IF policy ? 'thresholds' THEN
    -- As a guard does it (src/scoring/guard_thresholds.c).
    review_at := 'NULL::float8';
    block_at := format('CASE WHEN d.amount > 0 AND d.amount >= %1$L::float8 THEN %1$L::float8 / d.amount END', policy ->> 'handling_cost');
  END IF;
  IF rules IS NOT NULL THEN
    fired := format('CASE WHEN d.error IS NULL AND (%s) IS NULL THEN fraud.rules_fired(CASE WHEN d."row" IS NOT NULL '
      'THEN jsonb_populate_record(NULL::%s, d."row") %s END, %L::jsonb, d.score) END',
      lists, relation, CASE WHEN key IS NOT NULL THEN 'ELSE t.found' END, rules);
  END IF;
  -- A key that several rows have names none of them.
  IF rules IS NOT NULL AND key IS NOT NULL THEN
    row_join := format('LEFT JOIN (SELECT t AS found, t.%1$I::text AS key, count(*) OVER (PARTITION BY t.%1$I) AS n FROM %2$s t) t '
      'ON t.key = d.key AND t.n = 1 AND d."row" IS NULL', key, relation);
  END IF;
  RETURN format($query$
    SELECT d.decision, d.key, d.amount, d.outcome, coalesce(d.event_time, d.decided_at) AS happened_at,
      CASE WHEN d.outcome <> 'inserted' THEN CASE WHEN d.propensity > 0 THEN 0 ELSE 1 END
           WHEN d.random_pass AND p.on_block IS DISTINCT FROM 'flag' THEN 1 / d.propensity ELSE 1 END AS weight,
      CASE WHEN %1$s IS NOT NULL THEN NULL
           WHEN (d.error IS NOT NULL OR f.fired = 'null') AND %2$s IS NULL THEN 'its policy is gone'
           WHEN d.error IS NOT NULL THEN NULL
           WHEN %3$L AND f.fired IS NULL THEN 'its row is not on record'
           WHEN %4$L AND d.score IS NOT NULL AND d.amount IS NULL AND %5$s IS NULL
             AND (f.fired IS NULL OR f.fired = '[]') THEN 'its amount is not on record' END AS why,
      fraud.decide_again(%1$s, d.error IS NOT NULL OR f.fired = 'null', %2$s,
        CASE WHEN f.fired IS NULL OR f.fired IN ('[]', 'null') THEN %5$s
             WHEN %5$s IS NULL THEN f.fired
             ELSE fraud.merge_rules(%5$s, f.fired, p.rules, %6$L) END,
        d.score, %7$s, %8$s) AS new_decision
    FROM fraud.decision d
    LEFT JOIN fraud.policy p ON p.relation = d.relation AND p.version = d.policy
    %9$s
    CROSS JOIN LATERAL (SELECT %10$s AS fired %11$s) f
    WHERE d.relation = $1 AND d.decided_at >= $2 AND d.decided_at < $3$query$,
    lists, on_error, rules IS NOT NULL, policy ? 'thresholds', recorded_rules, rules, review_at, block_at, row_join, fired,
    CASE WHEN rules IS NULL THEN '' ELSE 'OFFSET 0' END);
END
$$;
COMMENT ON FUNCTION fraud.backtest_query(regclass, jsonb) IS
'the query by which fraud_backtest looks at decisions of $1 from $2 until $3: old and new decision, or why there is no new one';

CREATE FUNCTION @extschema@.fraud_backtest(
  relation regclass,
  policy jsonb,
  since timestamptz,
  until timestamptz,
  sources text[] DEFAULT '{chargeback}',
  maturity interval DEFAULT '90 days')
RETURNS TABLE (old_decision text, new_decision text, why text, decisions bigint, amount float8,
  frauds bigint, legitimate bigint, not_known bigint, fraud_amount float8, legitimate_amount float8,
  blocked_rightly float8, blocked_wrongly float8)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000000 ROWS 9
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF num_nulls(relation, policy, since, until, sources) > 0 THEN
    RAISE EXCEPTION 'relation, policy, since, until and sources must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  PERFORM fraud.check_backtest_policy(policy);
  IF policy ? 'rules' THEN
    PERFORM fraud.require_trusted_columns(relation);
  END IF;
  RETURN QUERY EXECUTE format($query$
    WITH labelled AS MATERIALIZED (SELECT l.key, l.is_fraud FROM @extschema@.fraud_labels($1, $4) AS l),
    judged AS (
      SELECT d.decision, CASE WHEN d.why IS NULL THEN d.new_decision END AS new_decision, d.why,
        d.amount::numeric AS amount,
        (d.amount * d.weight)::numeric AS weighted,
        coalesce(l.is_fraud, CASE WHEN d.key IS NOT NULL AND d.outcome = 'inserted' AND d.happened_at <= now() - $5 THEN false END)
          AS is_fraud
      FROM (%s) AS d LEFT JOIN labelled AS l ON l.key = d.key)
    SELECT j.decision, j.new_decision, j.why, count(*), sum(j.amount)::float8,
      count(*) FILTER (WHERE j.is_fraud), count(*) FILTER (WHERE NOT j.is_fraud),
      count(*) FILTER (WHERE j.is_fraud IS NULL),
      coalesce(sum(j.weighted) FILTER (WHERE j.is_fraud), 0)::float8,
      coalesce(sum(j.weighted) FILTER (WHERE NOT j.is_fraud), 0)::float8,
      coalesce(sum(j.weighted) FILTER (WHERE j.is_fraud AND j.new_decision = 'block'), 0)::float8,
      coalesce(sum(j.weighted) FILTER (WHERE NOT j.is_fraud AND j.new_decision = 'block'), 0)::float8
    FROM judged AS j
    GROUP BY j.decision, j.new_decision, j.why
    ORDER BY j.decision COLLATE "C", j.new_decision COLLATE "C", j.why COLLATE "C"$query$,
    fraud.backtest_query(relation, policy))
    USING relation, since, until, sources, maturity;
END
$$;
COMMENT ON FUNCTION @extschema@.fraud_backtest(regclass, jsonb, timestamptz, timestamptz, text[], interval) IS
'what another policy would have done to the decisions of a table from since until before until: for each pair of old and new decision how many, their '
'amount, how many are known as frauds and as legitimate (fraud_labels of the sources; rows that were inserted and older than maturity '
'without a label are legitimate, NULL: only by label), how many not, and the amounts, of rows let through by chance '
'weighted by 1 / propensity. What cannot be decided again is counted under why, with new_decision NULL. policy: review_at, block_at, '
'"thresholds": "cost" with handling_cost, rules, without_rules, lists, on_error; what it does not say stays as it was. Needs SELECT on '
'fraud.decision, fraud.policy and fraud.label, and for rules on the table, whose columns must have no domains of roles without the '
'caller''s rights (42501). 22023 for a policy that is not valid, 22004 for NULL';
