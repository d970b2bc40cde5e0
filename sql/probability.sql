-- probability: how true scores are as probabilities, as aggregates (docs/statistics.md).

CREATE FUNCTION fraud.log_loss_add(internal, float8, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_log_loss_add';
COMMENT ON FUNCTION fraud.log_loss_add(internal, float8, bool) IS
'transition function over (score, label): rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE FUNCTION fraud.brier_add(internal, float8, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_brier_add';
COMMENT ON FUNCTION fraud.brier_add(internal, float8, bool) IS
'transition function over (score, label): rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE FUNCTION fraud.calibration_add(internal, float8, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_calibration_add';
COMMENT ON FUNCTION fraud.calibration_add(internal, float8, bool) IS
'transition function over (score, label): rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE FUNCTION fraud.calibration_add(internal, float8, bool, int) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_calibration_add';
COMMENT ON FUNCTION fraud.calibration_add(internal, float8, bool, int) IS
'transition function over (score, label, bins): rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN; bins 1 to 1000, the same in every row';

CREATE FUNCTION fraud.calibration_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_calibration_combine';
COMMENT ON FUNCTION fraud.calibration_combine(internal, internal) IS
'combine function of the aggregates over probabilities';
CREATE FUNCTION fraud.calibration_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_calibration_serial';
COMMENT ON FUNCTION fraud.calibration_serial(internal) IS
'serialization function of the aggregates over probabilities';
CREATE FUNCTION fraud.calibration_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_calibration_deserial';
COMMENT ON FUNCTION fraud.calibration_deserial(bytea, internal) IS
'deserialization function of the aggregates over probabilities; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.mean_loss_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_mean_loss_final';
COMMENT ON FUNCTION fraud.mean_loss_final(internal) IS
'final function of fraud_log_loss and fraud_brier';

CREATE FUNCTION fraud.ece_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_ece_final';
COMMENT ON FUNCTION fraud.ece_final(internal) IS
'final function of fraud_ece';

CREATE AGGREGATE @extschema@.fraud_log_loss(score float8, label bool) (
  SFUNC = fraud.log_loss_add, STYPE = internal, SSPACE = 2048, FINALFUNC = fraud.mean_loss_final,
  COMBINEFUNC = fraud.calibration_combine, SERIALFUNC = fraud.calibration_serial,
  DESERIALFUNC = fraud.calibration_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_log_loss(float8, bool) IS
'mean of -ln p for frauds and -ln(1 - p) for legitimate rows, p kept within [1e-15, 1 - 1e-15]; NULL without rows. '
'Rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE AGGREGATE @extschema@.fraud_brier(score float8, label bool) (
  SFUNC = fraud.brier_add, STYPE = internal, SSPACE = 2048, FINALFUNC = fraud.mean_loss_final,
  COMBINEFUNC = fraud.calibration_combine, SERIALFUNC = fraud.calibration_serial,
  DESERIALFUNC = fraud.calibration_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_brier(float8, bool) IS
'mean of (p - label)^2; NULL without rows. '
'Rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE AGGREGATE @extschema@.fraud_ece(score float8, label bool) (
  SFUNC = fraud.calibration_add, STYPE = internal, SSPACE = 16384, FINALFUNC = fraud.ece_final,
  COMBINEFUNC = fraud.calibration_combine, SERIALFUNC = fraud.calibration_serial,
  DESERIALFUNC = fraud.calibration_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_ece(float8, bool) IS
'expected calibration error in 15 bins of equal width: sum of (share of rows) * |mean p - share of frauds|; '
'NULL without rows. '
'Rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE AGGREGATE @extschema@.fraud_ece(score float8, label bool, bins int) (
  SFUNC = fraud.calibration_add, STYPE = internal, SSPACE = 16384, FINALFUNC = fraud.ece_final,
  COMBINEFUNC = fraud.calibration_combine, SERIALFUNC = fraud.calibration_serial,
  DESERIALFUNC = fraud.calibration_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_ece(float8, bool, int) IS
'as fraud_ece(score, label), in 1 to 1000 bins';

CREATE TYPE fraud.calibration_bin AS (
  low float8, high float8, rows bigint, frauds bigint, mean_score float8, fraud_share float8
);
COMMENT ON TYPE fraud.calibration_bin IS
'rows whose score is in [low, high): how many, how many frauds, their mean score and share of frauds';

CREATE FUNCTION fraud.calibration_curve_final(internal) RETURNS fraud.calibration_bin[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_calibration_curve_final';
COMMENT ON FUNCTION fraud.calibration_curve_final(internal) IS
'final function of fraud_calibration_curve';

CREATE AGGREGATE @extschema@.fraud_calibration_curve(score float8, label bool) (
  SFUNC = fraud.calibration_add, STYPE = internal, SSPACE = 16384, FINALFUNC = fraud.calibration_curve_final,
  COMBINEFUNC = fraud.calibration_combine, SERIALFUNC = fraud.calibration_serial,
  DESERIALFUNC = fraud.calibration_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_calibration_curve(float8, bool) IS
'the bins of fraud_ece that have rows, as an array of fraud.calibration_bin; NULL without rows. '
'Rows with a NULL are left out; 22023 for a score outside [0, 1] or NaN';

CREATE AGGREGATE @extschema@.fraud_calibration_curve(score float8, label bool, bins int) (
  SFUNC = fraud.calibration_add, STYPE = internal, SSPACE = 16384, FINALFUNC = fraud.calibration_curve_final,
  COMBINEFUNC = fraud.calibration_combine, SERIALFUNC = fraud.calibration_serial,
  DESERIALFUNC = fraud.calibration_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_calibration_curve(float8, bool, int) IS
'as fraud_calibration_curve(score, label), in 1 to 1000 bins';
