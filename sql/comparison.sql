-- comparison: two scores of the same rows (docs/statistics.md).

CREATE TYPE fraud.auc_comparison AS (
  auc_a float8, auc_b float8, difference float8, standard_error float8, p_value float8
);
COMMENT ON TYPE fraud.auc_comparison IS
'areas under the ROC curves of two scores of the same rows, auc_b - auc_a, its standard error, and the two-sided '
'p-value of DeLong''s test';

CREATE FUNCTION fraud.paired_add(internal, float8, float8, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_paired_add';
COMMENT ON FUNCTION fraud.paired_add(internal, float8, float8, bool) IS
'transition function of fraud_compare_auc';

CREATE FUNCTION fraud.paired_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_paired_combine';
COMMENT ON FUNCTION fraud.paired_combine(internal, internal) IS
'combine function of fraud_compare_auc';
CREATE FUNCTION fraud.paired_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_paired_serial';
COMMENT ON FUNCTION fraud.paired_serial(internal) IS
'serialization function of fraud_compare_auc';
CREATE FUNCTION fraud.paired_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_paired_deserial';
COMMENT ON FUNCTION fraud.paired_deserial(bytea, internal) IS
'deserialization function of fraud_compare_auc; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.compare_auc_final(internal) RETURNS fraud.auc_comparison
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_compare_auc_final';
COMMENT ON FUNCTION fraud.compare_auc_final(internal) IS
'final function of fraud_compare_auc';

CREATE AGGREGATE @extschema@.fraud_compare_auc(score_a float8, score_b float8, label bool) (
  SFUNC = fraud.paired_add, STYPE = internal, SSPACE = 65536, FINALFUNC = fraud.compare_auc_final,
  COMBINEFUNC = fraud.paired_combine, SERIALFUNC = fraud.paired_serial,
  DESERIALFUNC = fraud.paired_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_compare_auc(float8, float8, bool) IS
'DeLong''s test of whether two scores of the same rows have different areas under the ROC curve; NULL '
'with fewer than two rows of either class. Rows with a NULL are left out; 22023 for NaN; 53400 for '
'more rows than fit fraud_detect.max_training_memory, 24 bytes each';

CREATE FUNCTION @extschema@.fraud_mcnemar(only_a bigint, only_b bigint)
RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS '$libdir/fraud_detect', 'fraud_mcnemar_pvalue';
COMMENT ON FUNCTION @extschema@.fraud_mcnemar(bigint, bigint) IS
'exact two-sided p-value of McNemar''s test, from the numbers of rows that only one of two decides right; NULL for '
'NULL; 22023 for a negative number';
