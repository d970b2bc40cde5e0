-- evaluate: how good a version is on rows whose labels are known (docs/evaluation.md).

CREATE FUNCTION @extschema@.fraud_evaluate(
  model text,
  source text,
  label text DEFAULT 'is_fraud',
  version int DEFAULT NULL,
  bootstrap int DEFAULT 200,
  confidence float8 DEFAULT 0.95,
  seed bigint DEFAULT 42)
RETURNS TABLE (metric text, value float8, low float8, high float8)
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 8
AS '$libdir/fraud_detect', 'fraud_evaluate';
COMMENT ON FUNCTION @extschema@.fraud_evaluate(text, text, text, int, int, float8, bigint) IS
'how good a version is on the labelled rows of a source (a relation or a query, read as the caller): '
'rows, frauds, auc, average_precision, log_loss, brier, ece, precision_at_recall_90. '
'low and high are a bootstrap interval, NULL with bootstrap => 0. '
'A metric that the rows do not define is NULL; rows whose label is NULL are left out. '
'Model NULL: the setting fraud_detect.model, else the only one; version NULL: the champion. '
'Needs SELECT on fraud.model_version (42501). FD002 to FD005 as fraud_score; 42703 no label column, '
'42702 several of that name, '
'42804 a type that cannot be a label, 22023 a value that cannot be a label or a wrong argument, '
'22004 a NULL argument, 53400 more rows than fraud_detect.max_training_memory allows';
