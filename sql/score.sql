
-- score: the probability of fraud of a row, and the margin behind it.
--
-- These functions run once per row and look nothing up by a name that
-- search_path decides, so they have no SET clause: it would cost more than the
-- score. The COST is in units of cpu_operator_cost: docs/scoring.md, "What a score costs".

CREATE FUNCTION fraud.score_support(internal) RETURNS internal
LANGUAGE c STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_score_support';
COMMENT ON FUNCTION fraud.score_support(internal) IS
'planner support function of fraud_score and fraud_margin: their cost, by the size of the model';

CREATE FUNCTION @extschema@.fraud_score(record, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 100 SUPPORT fraud.score_support
AS '$libdir/fraud_detect', 'fraud_score';
COMMENT ON FUNCTION @extschema@.fraud_score(record, text, int) IS
'probability of fraud of a row, 0 to 1; NULL for a NULL record. '
'Columns are found by name; others are ignored; NULL values are missing values. '
'Model NULL: the setting fraud_detect.model, else the only one; version NULL: the champion, '
'the same one throughout a statement. Needs SELECT on fraud.model_version (42501). '
'FD002, FD003 for names that do not exist, FD004 for a record without a needed column, '
'FD005 for damaged models, 22023 for a version below 1. '
'A model trained on the view of a set of features computes those that the record lacks, from the history of '
'the set''s table: that needs SELECT on it, and on fraud.feature_rate for rates with a prior (42501); FD009 '
'where the set is gone or was changed';

CREATE FUNCTION @extschema@.fraud_margin(record, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float4
LANGUAGE c STABLE PARALLEL SAFE COST 100 SUPPORT fraud.score_support
AS '$libdir/fraud_detect', 'fraud_margin';
COMMENT ON FUNCTION @extschema@.fraud_margin(record, text, int) IS
'the forest''s raw sum for a row, bit-equal to XGBoost''s margin of the same model and row; '
'NULL for a NULL record. Arguments, privileges and errors as for fraud_score';

CREATE FUNCTION @extschema@.fraud_feature_vector(
  record, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float4[]
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS '$libdir/fraud_detect', 'fraud_feature_vector';
COMMENT ON FUNCTION @extschema@.fraud_feature_vector(record, text, int) IS
'the numbers that the forest is given for a row, in the order of the version''s signature: '
'NaN where a value is missing, a code for a category, rows of the training part for a frequency; '
'NULL for a NULL record. Arguments, privileges and errors as for fraud_score';

-- Tells sessions that versions are gone, so that they give back the memory. It
-- is not what makes scoring follow a promotion: every statement looks that up.
CREATE FUNCTION fraud.registry_changed() RETURNS trigger
LANGUAGE c
AS '$libdir/fraud_detect', 'fraud_registry_changed';
REVOKE ALL ON FUNCTION fraud.registry_changed() FROM PUBLIC;
COMMENT ON FUNCTION fraud.registry_changed() IS
'statement trigger: sends a relcache invalidation of its table to all sessions at commit';

CREATE TRIGGER model_version_changed AFTER UPDATE OR DELETE OR TRUNCATE ON fraud.model_version
  FOR EACH STATEMENT EXECUTE FUNCTION fraud.registry_changed();
ALTER TABLE fraud.model_version ENABLE ALWAYS TRIGGER model_version_changed;
