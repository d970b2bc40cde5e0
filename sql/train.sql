-- train: from a source to a registered version.
--
-- No SET search_path here: a source is the caller's text, and its names are the
-- caller's to resolve. What these functions read and write themselves is fully
-- qualified and runs under a pinned search_path (src/training/register.c).

CREATE FUNCTION @extschema@.fraud_train(
  INOUT model text, source text, label text DEFAULT 'is_fraud', algorithm text DEFAULT 'xgboost',
  features text[] DEFAULT NULL, exclude text[] DEFAULT NULL, event_time text DEFAULT NULL,
  entity text DEFAULT NULL, holdout float8 DEFAULT 0.2, label_delay interval DEFAULT '0',
  imbalance text DEFAULT 'none', calibration text DEFAULT 'isotonic', params jsonb DEFAULT '{}',
  seed bigint DEFAULT 42, label_time text DEFAULT NULL,
  OUT version int, OUT rows bigint, OUT frauds bigint, OUT rounds int, OUT auc float8,
  OUT average_precision float8, OUT promoted bool)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000
AS '$libdir/fraud_detect_train', 'fraud_train';
REVOKE ALL ON FUNCTION @extschema@.fraud_train(text, text, text, text, text[], text[], text, text,
  float8, interval, text, text, jsonb, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_train(text, text, text, text, text[], text[], text, text,
  float8, interval, text, text, jsonb, bigint, text) IS
'trains a model on a source (a relation''s name or a query, run as the caller) and registers it as a new version; '
'the first one becomes the champion. '
'Returns the version, the rows and frauds of the source, the rounds kept, and the area under the ROC curve and average '
'precision on the holdout (NULL where there is none). '
'NULL is accepted for features, exclude, event_time, entity and label_time only (22004). '
'Errors: 22023 for an argument or parameter that is not valid, 42703 and 42804 for a column that is not there or of the '
'wrong type, FD006 for rows that no model can be trained on, '
'53400 above fraud_detect.max_training_memory, 53000 where threads cannot be started, 42501 without privileges, 25006 on a standby or in a read-only transaction, '
'FD007 where XGBoost fails';

CREATE FUNCTION @extschema@.fraud_retrain(
  INOUT model text,
  OUT version int, OUT rows bigint, OUT frauds bigint, OUT rounds int, OUT auc float8,
  OUT average_precision float8, OUT promoted bool)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000
AS '$libdir/fraud_detect_train', 'fraud_retrain';
REVOKE ALL ON FUNCTION @extschema@.fraud_retrain(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_retrain(text) IS
'trains the champion''s recorded request again, on the rows its source gives now and under the search_path it was made with, '
'and registers a new version, which waits for fraud_promote. '
'NULL means the setting fraud_detect.model, else the only model there is. Returns and fails as fraud_train; '
'FD002 and FD003 where there is no model or champion';
