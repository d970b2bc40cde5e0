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

CREATE FUNCTION @extschema@.fraud_evaluate_by(
  model text,
  source text,
  by text,
  label text DEFAULT 'is_fraud',
  version int DEFAULT NULL,
  bootstrap int DEFAULT 200,
  confidence float8 DEFAULT 0.95,
  seed bigint DEFAULT 42,
  legitimate text DEFAULT 'auto')
RETURNS TABLE (group_value text, metric text, value float8, low float8, high float8)
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 80
AS '$libdir/fraud_detect', 'fraud_evaluate_by';
COMMENT ON FUNCTION @extschema@.fraud_evaluate_by(text, text, text, text, int, int, float8, bigint, text) IS
'fraud_evaluate for each value of a column of the source, NULL one of them, most frauds first. legitimate says '
'which legitimate rows the frauds of a value are measured against: own, those of the same value; all; auto, the '
'default: all where the column is NULL in every legitimate row (a scenario of fraud), else own. '
'Errors as fraud_evaluate; 42703 and 42702 also for the column, 54000 for more than 1000 values';

CREATE FUNCTION @extschema@.fraud_compare(
  model text,
  source text,
  other_version int,
  label text DEFAULT 'is_fraud',
  version int DEFAULT NULL,
  threshold float8 DEFAULT 0.5,
  bootstrap int DEFAULT 1000,
  confidence float8 DEFAULT 0.95,
  seed bigint DEFAULT 42)
RETURNS TABLE (
  metric text, first float8, second float8, difference float8, low float8, high float8, p_value float8)
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 9
AS '$libdir/fraud_detect', 'fraud_compare';
COMMENT ON FUNCTION @extschema@.fraud_compare(text, text, int, text, int, float8, int, float8, bigint) IS
'two versions on the same labelled rows: the metrics of fraud_evaluate for version (first; NULL: the champion) and '
'other_version (second), and accuracy, the share of rows decided right at the threshold; second - first, its '
'interval by a paired bootstrap, and the p-value of no difference: DeLong''s test for auc, McNemar''s for accuracy, '
'else by the bootstrap. What is not defined is NULL. Errors as fraud_evaluate';
