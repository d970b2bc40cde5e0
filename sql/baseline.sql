-- baseline: what training keeps of its data, and the drift of live rows from it (docs/drift.md).

CREATE TABLE fraud.baseline (
  model_id bigint NOT NULL,
  version int NOT NULL,
  features fraud.profile NOT NULL,
  scores fraud.profile NOT NULL,
  PRIMARY KEY (model_id, version)
);
COMMENT ON TABLE fraud.baseline IS
'profiles of what each version was trained on, stored by training, for fraud_drift';
COMMENT ON COLUMN fraud.baseline.features IS
'the features of the training part as the model sees them (at most 100,000 rows, evenly taken)';
COMMENT ON COLUMN fraud.baseline.scores IS
'scores of the holdout, of the validation part where there is none: training did not see them';
SELECT pg_catalog.pg_extension_config_dump('fraud.baseline', '');
CREATE TRIGGER baseline_is_immutable BEFORE UPDATE ON fraud.baseline
  FOR EACH ROW EXECUTE FUNCTION fraud.refuse_change();
ALTER TABLE fraud.baseline ENABLE ALWAYS TRIGGER baseline_is_immutable;

CREATE FUNCTION fraud.profile_of_source(model text, source text, version int)
RETURNS TABLE (model_id bigint, model_version int, feature_baseline fraud.profile,
  score_baseline fraud.profile, features fraud.profile, scores fraud.profile)
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 1
AS '$libdir/fraud_detect', 'fraud_profile_of_source';
COMMENT ON FUNCTION fraud.profile_of_source(text, text, int) IS
'features and scores of the rows of a source in the bins of a version''s baseline, beside that baseline: see fraud_drift';

CREATE FUNCTION @extschema@.fraud_drift(
  model text,
  source text,
  version int DEFAULT NULL,
  method text DEFAULT 'psi',
  threshold float8 DEFAULT 0.1,
  alpha float8 DEFAULT 0.05,
  share float8 DEFAULT 0.5)
RETURNS TABLE (feature text, kind text, method text, value float8, threshold float8, p_value float8,
  drifted bool, importance float8)
LANGUAGE sql STABLE PARALLEL UNSAFE COST 1000000 ROWS 30
BEGIN ATOMIC
  WITH live AS MATERIALIZED (
    SELECT * FROM fraud.profile_of_source(fraud_drift.model, fraud_drift.source, fraud_drift.version)),
  drift AS (
    SELECT d.feature, d.kind, d.value, d.p_value, i.gain / nullif(sum(i.gain) OVER (), 0) AS importance
    FROM live AS l
    CROSS JOIN LATERAL fraud.profile_drift(l.feature_baseline, l.features, fraud_drift.method) AS d
    LEFT JOIN fraud.feature_importance AS i
      ON i.model_id = l.model_id AND i.version = l.model_version AND i.feature = d.feature
    UNION ALL
    SELECT d.feature, 'score', d.value, d.p_value, NULL
    FROM live AS l
    CROSS JOIN LATERAL fraud.profile_drift(l.score_baseline, l.scores, fraud_drift.method) AS d),
  ordered AS (
    SELECT d.*, count(d.p_value) OVER () AS tests,
      row_number() OVER (ORDER BY d.p_value DESC NULLS LAST, d.feature, d.kind) AS place
    FROM drift AS d),
  adjusted AS (
    SELECT o.feature, o.kind, o.value, o.importance,
      CASE WHEN o.p_value IS NOT NULL THEN
        min(least(1, o.p_value * o.tests / (o.tests - o.place + 1))) OVER (ORDER BY o.place) END
        AS p_value
    FROM ordered AS o),
  judged AS (
    SELECT a.feature, a.kind, a.value, a.p_value, a.importance,
      a.value > fraud_drift.threshold AND coalesce(a.p_value < fraud_drift.alpha, true) AS drifted
    FROM adjusted AS a),
  verdict AS (
    SELECT sum(CASE WHEN j.drifted THEN coalesce(j.importance, 0) ELSE 0 END) AS value
    FROM judged AS j WHERE j.kind <> 'score'),
  result AS (
    SELECT 1 AS place, 'dataset' AS feature, 'dataset' AS kind, 'importance' AS method, v.value,
      fraud_drift.share AS threshold, NULL::float8 AS p_value, v.value > fraud_drift.share AS drifted,
      NULL::float8 AS importance
    FROM verdict AS v
    UNION ALL
    SELECT CASE j.kind WHEN 'score' THEN 2 ELSE 3 END, j.feature, j.kind, fraud_drift.method, j.value,
      fraud_drift.threshold, j.p_value, j.drifted, j.importance
    FROM judged AS j)
  SELECT r.feature, r.kind, r.method, r.value, r.threshold, r.p_value, r.drifted, r.importance
  FROM result AS r
  ORDER BY r.place, r.drifted DESC, r.value * coalesce(r.importance, 0) DESC, r.value DESC,
    r.feature COLLATE "C";
END;
COMMENT ON FUNCTION @extschema@.fraud_drift(text, text, int, text, float8, float8, float8) IS
'drift of the rows of a source (a relation or a query, read as the caller) from the baseline that training stored with a version: '
'first a row of kind dataset, whose value is the share of the total gain that lies on drifted features and which is drifted '
'above share; then one of kind score; then a row for each feature, drifted ones first, by value times importance, its share of the '
'total gain. method psi, jensen_shannon or hellinger over about ten bins of the baseline and one of missing values; p_value of a '
'chi-square test, adjusted for the number of rows (Benjamini-Hochberg); drifted where value > threshold and p_value is below alpha. '
'Model NULL: the setting fraud_detect.model, else the only one; version NULL: the champion. Needs SELECT on fraud.model_version, '
'fraud.baseline and fraud.feature_importance (42501). FD002, FD004 and FD005 as fraud_score; FD003 also for a version without a '
'baseline; 22023 for an unknown method, a version below 1 or a source without rows; 22004 for a NULL source';
