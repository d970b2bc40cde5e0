-- performance_estimate: how good a version will turn out to be, before labels are known (docs/drift.md).

CREATE FUNCTION @extschema@.fraud_estimate_performance(
  model text,
  source text,
  version int DEFAULT NULL,
  draws int DEFAULT 200,
  confidence float8 DEFAULT 0.95,
  seed bigint DEFAULT 42)
RETURNS TABLE (metric text, value float8, low float8, high float8)
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 8
AS '$libdir/fraud_detect', 'fraud_estimate_performance';
COMMENT ON FUNCTION @extschema@.fraud_estimate_performance(text, text, int, int, float8, bigint) IS
'what fraud_evaluate is to be expected to give for the rows of a source (a relation or a query, read as the caller) once '
'their labels are known, if scores are true as probabilities (CBPE): rows, frauds and its metrics; low and high are the band of the '
'chance of labels, from seeded draws. It cannot see concept drift: where features mean something else for fraud than in training it '
'is wrong, and nothing in it says so. A metric that no draw defines is NULL. '
'Model NULL: the setting fraud_detect.model, else the only one; version NULL: the champion. '
'Needs SELECT on fraud.model_version (42501). FD002 to FD005 as fraud_score; 22023 a wrong argument, 22004 a NULL one, '
'53400 more rows than fraud_detect.max_training_memory allows';
