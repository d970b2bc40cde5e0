-- decision: the record of every decision, for audit, replay and learning. Rows are
-- written by the guard's code and by nothing else; they are never changed.
--
-- Indexes and TRUNCATE triggers belong to partitions, not to fraud.decision: a dump holds
-- partitions that were made later with their own ones, and ATTACH PARTITION, which comes
-- first in a restore, would already have made those of the parent.

CREATE SEQUENCE fraud.decision_id_seq AS bigint;

-- A dump has the sequence's number of a moment before it has the rows, and sees those of
-- rejected rows that come between. So a restore notes the numbers that it meets, here, and guards begin
-- above them. This one is in no dump: nothing sets it back.
CREATE SEQUENCE fraud.restored_decision_id_seq AS bigint;
CREATE TABLE fraud.decision (
  decision_id bigint NOT NULL,
  decided_at timestamptz NOT NULL,
  relation regclass NOT NULL,
  policy int NOT NULL,
  key text,
  event_time timestamptz,
  amount float8,
  model text COLLATE pg_catalog."C",
  version int,
  version_uid uuid,
  features float4[],
  margin float4,
  score float8,
  review_at float8,
  block_at float8,
  lists jsonb,
  rules jsonb,
  decision text NOT NULL,
  ground text NOT NULL,
  outcome text NOT NULL,
  random_pass bool NOT NULL,
  propensity float8 NOT NULL,
  reasons jsonb,
  error jsonb,
  shadow_version int,
  shadow_score float8,
  "row" jsonb,
  decided_by text NOT NULL,
  latency_us int NOT NULL
) PARTITION BY RANGE (decided_at);
CREATE TABLE fraud.decision_default PARTITION OF fraud.decision DEFAULT;
COMMENT ON SEQUENCE fraud.decision_id_seq IS 'numbers of decisions';
COMMENT ON SEQUENCE fraud.restored_decision_id_seq IS 'no number of a decision that was restored is above this one';
COMMENT ON TABLE fraud.decision IS
'what the guards decided, and all that is needed to repeat it (docs/decisions.md); partitioned by decided_at, append-only';
COMMENT ON TABLE fraud.decision_default IS 'decisions of a time that has no partition of its own';
COMMENT ON COLUMN fraud.decision.policy IS 'version of the policy of the relation';
COMMENT ON COLUMN fraud.decision.key IS 'value of the policy''s key column; NULL: none, or it is computed later';
COMMENT ON COLUMN fraud.decision.event_time IS 'of the row, where the policy names such a column';
COMMENT ON COLUMN fraud.decision.version_uid IS 'fraud.model_version.version_uid of what scored';
COMMENT ON COLUMN fraud.decision.features IS 'what the forest was given (fraud_feature_vector); NaN is missing';
COMMENT ON COLUMN fraud.decision.review_at IS 'threshold that was in force for this row; NULL: never';
COMMENT ON COLUMN fraud.decision.lists IS 'entries that matched: entry_id, list, kind, decision';
COMMENT ON COLUMN fraud.decision.rules IS 'rules that fired, in their order: name, decision';
COMMENT ON COLUMN fraud.decision.decision IS 'approve, review or block, by the policy';
COMMENT ON COLUMN fraud.decision.ground IS 'what decided: list, error, rule, score or none';
COMMENT ON COLUMN fraud.decision.outcome IS
'what became of the row: inserted, rejected, quarantined';
COMMENT ON COLUMN fraud.decision.random_pass IS 'a block that was let through for its label';
COMMENT ON COLUMN fraud.decision.propensity IS
'probability with which a row of this decision is let through; 0 where it never is';
COMMENT ON COLUMN fraud.decision.reasons IS
'of reviews and blocks: fraud_explain''s feature, value, contribution and reason';
COMMENT ON COLUMN fraud.decision.error IS 'what failed: sqlstate and message; NULL: nothing';
COMMENT ON COLUMN fraud.decision.shadow_score IS 'score of the challenger, which decided nothing';
COMMENT ON COLUMN fraud.decision."row" IS 'the row, where the policy records it';
COMMENT ON COLUMN fraud.decision.decided_by IS 'the role that inserted';
COMMENT ON COLUMN fraud.decision.latency_us IS 'microseconds that deciding took';
SELECT pg_catalog.pg_extension_config_dump('fraud.decision_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.decision_default', '');

-- keep_record: what is recorded stays as it was written.
CREATE FUNCTION fraud.keep_record() RETURNS trigger
LANGUAGE c
AS '$libdir/fraud_detect', 'fraud_keep_record';
REVOKE ALL ON FUNCTION fraud.keep_record() FROM PUBLIC;
COMMENT ON FUNCTION fraud.keep_record() IS
'trigger of records: refuses INSERT, UPDATE, DELETE and TRUNCATE with 55000, for the owner and for superusers, too, '
'except what fraud_purge, fraud_release and fraud_decision_partitions do, and a restore';

CREATE TRIGGER decision_is_written_by_guards BEFORE INSERT ON fraud.decision
  FOR EACH ROW EXECUTE FUNCTION fraud.keep_record('Guard a table with fraud_guard.');
CREATE TRIGGER decision_is_immutable BEFORE UPDATE OR DELETE ON fraud.decision
  FOR EACH ROW EXECUTE FUNCTION fraud.keep_record();
CREATE TRIGGER decision_is_not_truncated BEFORE TRUNCATE ON fraud.decision
  EXECUTE FUNCTION fraud.keep_record();
ALTER TABLE fraud.decision ENABLE ALWAYS TRIGGER decision_is_written_by_guards;
ALTER TABLE fraud.decision ENABLE ALWAYS TRIGGER decision_is_immutable;
ALTER TABLE fraud.decision ENABLE ALWAYS TRIGGER decision_is_not_truncated;

CREATE FUNCTION fraud.complete_decision_partition(partition regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('CREATE INDEX ON %s (decision_id)', partition);
  EXECUTE format('CREATE INDEX ON %s (relation, key)', partition);
  EXECUTE format('CREATE TRIGGER decision_is_not_truncated BEFORE TRUNCATE ON %s '
    'EXECUTE FUNCTION fraud.keep_record()', partition);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER decision_is_not_truncated', partition);
END
$$;
REVOKE ALL ON FUNCTION fraud.complete_decision_partition(regclass) FROM PUBLIC;
COMMENT ON FUNCTION fraud.complete_decision_partition(regclass) IS
'gives a partition of fraud.decision its indexes and its trigger against TRUNCATE';
SELECT fraud.complete_decision_partition('fraud.decision_default');

-- Views for psql. The latest decision first: by number, which every partition has an index on.
CREATE VIEW fraud.decisions WITH (security_invoker = true) AS
SELECT
  d.decision_id,
  date_trunc('second', d.decided_at) AS time,
  d.relation,
  d.key,
  d.amount,
  round(d.score::numeric, 4) AS score,
  d.decision,
  d.ground,
  CASE WHEN d.random_pass THEN d.outcome || ' by chance' ELSE d.outcome END AS outcome,
  CASE d.ground
    WHEN 'list' THEN (SELECT string_agg(format('%s on list "%s"', l.value ->> 'kind', l.value ->> 'list'), ', ' ORDER BY l.ordinality)
                      FROM jsonb_array_elements(d.lists) WITH ORDINALITY AS l WHERE l.value ->> 'decision' = d.decision)
    WHEN 'rule' THEN format('rule "%s"', d.rules -> 0 ->> 'name')
    WHEN 'error' THEN format('%s: %s', d.error ->> 'sqlstate', d.error ->> 'message')
    WHEN 'score' THEN (SELECT string_agg(r.value ->> 'reason', '; ' ORDER BY r.ordinality)
                       FROM jsonb_array_elements(d.reasons) WITH ORDINALITY AS r WHERE r.ordinality <= 3)
  END AS reason
FROM fraud.decision d
ORDER BY d.decision_id DESC;
COMMENT ON VIEW fraud.decisions IS
'decisions, the latest first, with what spoke for them in words: the entries of lists, the rule, the failure, or the three '
'features that mattered most';

CREATE VIEW fraud.decision_errors WITH (security_invoker = true) AS
SELECT
  (d.decided_at AT TIME ZONE 'UTC')::date AS day,
  d.relation,
  d.error ->> 'sqlstate' AS sqlstate,
  count(*) AS decisions,
  count(*) FILTER (WHERE d.ground = 'error') AS decided,
  max(d.decided_at) AS latest,
  (array_agg(d.error ->> 'message' ORDER BY d.decision_id DESC))[1] AS latest_message
FROM fraud.decision d
WHERE d.error IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY 1 DESC, 4 DESC, 2, 3;
COMMENT ON VIEW fraud.decision_errors IS
'what failed in decisions, counted by day (UTC), table and SQLSTATE; decided: how often on_error decided, and no list did';
