
-- replay: decisions once more, from what is on record (docs/decisions.md).

CREATE FUNCTION fraud.replay_decision(decision fraud.decision, on_error text, on_block text)
RETURNS TABLE (item text, recorded text, replayed text, equal bool)
LANGUAGE c STABLE PARALLEL SAFE COST 500 ROWS 6
AS '$libdir/fraud_detect', 'fraud_replay_decision';
COMMENT ON FUNCTION fraud.replay_decision(fraud.decision, text, text) IS
'fraud_replay of a row of fraud.decision, with on_error and on_block of its policy, NULL where they are not known; no rows for NULL';

-- One SELECT without a SET clause: the planner puts it in the place of the call, so that many
-- decisions are replayed by one join instead of a look-up each.
CREATE FUNCTION @extschema@.fraud_replay(decision_id bigint)
RETURNS TABLE (item text, recorded text, replayed text, equal bool)
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 6
BEGIN ATOMIC
  SELECT r.item, r.recorded, r.replayed, r.equal
  FROM fraud.decision d
  LEFT JOIN fraud.policy p ON p.relation = d.relation AND p.version = d.policy
  CROSS JOIN LATERAL fraud.replay_decision(d, p.on_error, p.on_block) r
  WHERE d.decision_id = fraud_replay.decision_id;
END;
COMMENT ON FUNCTION @extschema@.fraud_replay(bigint) IS
'a decision once more, from its record alone: version (replayed "dropped" where it is gone), margin and score from the recorded '
'features, decision, ground and outcome from recorded lists, rules, failure, thresholds and policy; equal: to the last bit, NULL '
'where it cannot be said any more. No rows for a decision that is not there. Needs SELECT on fraud.decision, fraud.policy and '
'fraud.model_version (42501). FD005 for a damaged model';
