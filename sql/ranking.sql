-- ranking: metrics of scores with labels, as aggregates (docs/statistics.md).

CREATE FUNCTION fraud.ranked_add(internal, float8, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_ranked_add';
COMMENT ON FUNCTION fraud.ranked_add(internal, float8, bool) IS
'transition function over (score, label): rows with a NULL are left out; 22023 for a score that is NaN';
CREATE FUNCTION fraud.ranked_add(internal, float8, bool, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_ranked_add';
COMMENT ON FUNCTION fraud.ranked_add(internal, float8, bool, float8) IS
'as ranked_add(internal, float8, bool), with a parameter that is the same in every row (else 22023; 22004 NULL)';
CREATE FUNCTION fraud.two_samples_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_two_samples_combine';
COMMENT ON FUNCTION fraud.two_samples_combine(internal, internal) IS
'combine function of the aggregates over two samples';
CREATE FUNCTION fraud.two_samples_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_two_samples_serial';
COMMENT ON FUNCTION fraud.two_samples_serial(internal) IS
'a state as bytes, or the name of a temporary file for the leader; 54000 where bytes would be more than 1 GB';
CREATE FUNCTION fraud.two_samples_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_two_samples_deserial';
COMMENT ON FUNCTION fraud.two_samples_deserial(bytea, internal) IS
'a state from its bytes; 22P03 for bytes that are not one';

CREATE TYPE fraud.roc_point AS (threshold float8, fpr float8, tpr float8);
COMMENT ON TYPE fraud.roc_point IS
'a point of a ROC curve: with rows of this score or a higher one flagged, the share of legitimate rows '
'that are flagged (fpr) and of frauds (tpr)';
CREATE TYPE fraud.pr_point AS (threshold float8, recall float8, precision float8);
COMMENT ON TYPE fraud.pr_point IS
'a point of a precision-recall curve: with rows of this score or a higher one flagged, the share of frauds '
'that are flagged (recall) and of flagged rows that are frauds (precision)';

CREATE FUNCTION fraud.auc_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_auc_final';
COMMENT ON FUNCTION fraud.auc_final(internal) IS
'final function of fraud_auc';

CREATE AGGREGATE @extschema@.fraud_auc(score float8, label bool) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.auc_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_auc(float8, bool) IS
'area under the ROC curve of (score, label), the share of pairs (fraud, legitimate row) in which the fraud '
'has the higher score, ties counting one half (Mann-Whitney); NULL without rows of both classes. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN';

CREATE FUNCTION fraud.average_precision_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_average_precision_final';
COMMENT ON FUNCTION fraud.average_precision_final(internal) IS
'final function of fraud_average_precision';

CREATE AGGREGATE @extschema@.fraud_average_precision(score float8, label bool) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.average_precision_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_average_precision(float8, bool) IS
'average precision of (score, label): over distinct scores, descending, the sum of (recall gained) * '
'(precision there), as scikit-learn; NULL without frauds. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN';

CREATE FUNCTION fraud.precision_at_recall_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_precision_at_recall_final';
COMMENT ON FUNCTION fraud.precision_at_recall_final(internal) IS
'final function of fraud_precision_at_recall';

CREATE AGGREGATE @extschema@.fraud_precision_at_recall(score float8, label bool, wanted float8) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.precision_at_recall_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_precision_at_recall(float8, bool, float8) IS
'the best precision of any threshold whose recall is at least the given one; NULL without frauds. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN; '
'22023 where the last argument is not between 0 and 1 or differs between rows';

CREATE FUNCTION fraud.recall_at_precision_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_recall_at_precision_final';
COMMENT ON FUNCTION fraud.recall_at_precision_final(internal) IS
'final function of fraud_recall_at_precision';

CREATE AGGREGATE @extschema@.fraud_recall_at_precision(score float8, label bool, wanted float8) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.recall_at_precision_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_recall_at_precision(float8, bool, float8) IS
'the highest recall of any threshold whose precision is at least the given one, 0 where none has it; '
'NULL without frauds. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN; '
'22023 where the last argument is not between 0 and 1 or differs between rows';

CREATE FUNCTION fraud.recall_at_fpr_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_recall_at_fpr_final';
COMMENT ON FUNCTION fraud.recall_at_fpr_final(internal) IS
'final function of fraud_recall_at_fpr';

CREATE AGGREGATE @extschema@.fraud_recall_at_fpr(score float8, label bool, allowed float8) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.recall_at_fpr_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_recall_at_fpr(float8, bool, float8) IS
'the highest recall of any threshold that flags at most this share of legitimate rows; '
'NULL without rows of both classes. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN; '
'22023 where the last argument is not between 0 and 1 or differs between rows';

CREATE FUNCTION fraud.roc_curve_final(internal) RETURNS fraud.roc_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_roc_curve_final';
COMMENT ON FUNCTION fraud.roc_curve_final(internal) IS
'final function of fraud_roc_curve';

CREATE AGGREGATE @extschema@.fraud_roc_curve(score float8, label bool) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.roc_curve_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_roc_curve(float8, bool) IS
'the ROC curve of (score, label), highest threshold first, with about 200 points: more where these would '
'not keep the area (by trapezoids) within 1e-4; NULL without rows of both classes. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN';

CREATE AGGREGATE @extschema@.fraud_roc_curve(score float8, label bool, points float8) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.roc_curve_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_roc_curve(float8, bool, float8) IS
'as fraud_roc_curve(score, label), with about as many points as asked for (2 to 20000; else 22023)';

CREATE FUNCTION fraud.pr_curve_final(internal) RETURNS fraud.pr_point[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_pr_curve_final';
COMMENT ON FUNCTION fraud.pr_curve_final(internal) IS
'final function of fraud_pr_curve';

CREATE AGGREGATE @extschema@.fraud_pr_curve(score float8, label bool) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.pr_curve_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_pr_curve(float8, bool) IS
'the PR curve of (score, label), highest threshold first, with about 200 points: more where these would '
'not keep the area (by steps, which is the average precision) within 1e-4; NULL without frauds. '
'Rows with a NULL score or label are left out; 22023 for a score that is NaN';

CREATE AGGREGATE @extschema@.fraud_pr_curve(score float8, label bool, points float8) (
  SFUNC = fraud.ranked_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.pr_curve_final, COMBINEFUNC = fraud.two_samples_combine,
  SERIALFUNC = fraud.two_samples_serial, DESERIALFUNC = fraud.two_samples_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_pr_curve(float8, bool, float8) IS
'as fraud_pr_curve(score, label), with about as many points as asked for (2 to 20000; else 22023)';
