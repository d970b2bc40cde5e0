-- profile: what is kept of the columns of many rows, and their drift (docs/statistics.md).

CREATE TYPE fraud.profile;

CREATE FUNCTION fraud.profile_in(cstring) RETURNS fraud.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_in';
COMMENT ON FUNCTION fraud.profile_in(cstring) IS
'input of fraud.profile; 22P02 for what is not one';

CREATE FUNCTION fraud.profile_out(fraud.profile) RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_out';
COMMENT ON FUNCTION fraud.profile_out(fraud.profile) IS
'output of fraud.profile';

CREATE FUNCTION fraud.profile_recv(internal) RETURNS fraud.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_recv';
COMMENT ON FUNCTION fraud.profile_recv(internal) IS
'binary input of fraud.profile, its text; 22P02 for what is not one';

CREATE FUNCTION fraud.profile_send(fraud.profile) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_send';
COMMENT ON FUNCTION fraud.profile_send(fraud.profile) IS
'binary output of fraud.profile, its text';

CREATE TYPE fraud.profile (
  INPUT = fraud.profile_in, OUTPUT = fraud.profile_out,
  RECEIVE = fraud.profile_recv, SEND = fraud.profile_send,
  INTERNALLENGTH = VARIABLE, STORAGE = extended
);
COMMENT ON TYPE fraud.profile IS
'the profile of the columns of many rows: missing values, moments, quantile bins of numbers, counts of texts; '
'at most 32 kB a column (docs/statistics.md)';

CREATE FUNCTION fraud.profile_add(internal, record) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_add';
COMMENT ON FUNCTION fraud.profile_add(internal, record) IS
'transition function of fraud_profile';

CREATE FUNCTION fraud.profile_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_combine';
COMMENT ON FUNCTION fraud.profile_combine(internal, internal) IS
'combine function of fraud_profile';
CREATE FUNCTION fraud.profile_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_serial';
COMMENT ON FUNCTION fraud.profile_serial(internal) IS
'serialization function of fraud_profile';
CREATE FUNCTION fraud.profile_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_deserial';
COMMENT ON FUNCTION fraud.profile_deserial(bytea, internal) IS
'deserialization function of fraud_profile; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.profile_final(internal) RETURNS fraud.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_final';
COMMENT ON FUNCTION fraud.profile_final(internal) IS
'final function of fraud_profile';

CREATE AGGREGATE @extschema@.fraud_profile(record) (
  SFUNC = fraud.profile_add, STYPE = internal, SSPACE = 65536, FINALFUNC = fraud.profile_final,
  COMBINEFUNC = fraud.profile_combine, SERIALFUNC = fraud.profile_serial,
  DESERIALFUNC = fraud.profile_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_profile(record) IS
'the profile of the columns of rows that are numbers, booleans (0 and 1) or texts; columns of other '
'types are left out, NULL and NaN are missing. NULL without rows. 22023 for rows without such a '
'column, 42804 for rows of different types';

CREATE FUNCTION fraud.profile_merge_add(internal, fraud.profile) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_merge_add';
COMMENT ON FUNCTION fraud.profile_merge_add(internal, fraud.profile) IS
'transition function of fraud_profile_merge';

CREATE FUNCTION fraud.profile_merge_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_merge_combine';
COMMENT ON FUNCTION fraud.profile_merge_combine(internal, internal) IS
'combine function of fraud_profile_merge';
CREATE FUNCTION fraud.profile_merge_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_merge_serial';
COMMENT ON FUNCTION fraud.profile_merge_serial(internal) IS
'serialization function of fraud_profile_merge';
CREATE FUNCTION fraud.profile_merge_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_merge_deserial';
COMMENT ON FUNCTION fraud.profile_merge_deserial(bytea, internal) IS
'deserialization function of fraud_profile_merge; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.profile_merge_final(internal) RETURNS fraud.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_merge_final';
COMMENT ON FUNCTION fraud.profile_merge_final(internal) IS
'final function of fraud_profile_merge';

CREATE AGGREGATE @extschema@.fraud_profile_merge(profile fraud.profile) (
  SFUNC = fraud.profile_merge_add, STYPE = internal, SSPACE = 65536, FINALFUNC = fraud.profile_merge_final,
  COMBINEFUNC = fraud.profile_merge_combine, SERIALFUNC = fraud.profile_merge_serial,
  DESERIALFUNC = fraud.profile_merge_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_profile_merge(fraud.profile) IS
'one profile of many: exact where their bins are shared (fraud_profile_against), else within 1 % of '
'the rows. NULL profiles are left out. 42804 for profiles of different columns';

CREATE FUNCTION fraud.profile_against_add(internal, record, fraud.profile) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_against_add';
COMMENT ON FUNCTION fraud.profile_against_add(internal, record, fraud.profile) IS
'transition function of fraud_profile_against';

CREATE FUNCTION fraud.profile_against_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_against_combine';
COMMENT ON FUNCTION fraud.profile_against_combine(internal, internal) IS
'combine function of fraud_profile_against';
CREATE FUNCTION fraud.profile_against_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_against_serial';
COMMENT ON FUNCTION fraud.profile_against_serial(internal) IS
'serialization function of fraud_profile_against';
CREATE FUNCTION fraud.profile_against_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_against_deserial';
COMMENT ON FUNCTION fraud.profile_against_deserial(bytea, internal) IS
'deserialization function of fraud_profile_against; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.profile_against_final(internal) RETURNS fraud.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_profile_against_final';
COMMENT ON FUNCTION fraud.profile_against_final(internal) IS
'final function of fraud_profile_against';

CREATE AGGREGATE @extschema@.fraud_profile_against(record, baseline fraud.profile) (
  SFUNC = fraud.profile_against_add, STYPE = internal, SSPACE = 16384,
  FINALFUNC = fraud.profile_against_final,
  COMBINEFUNC = fraud.profile_against_combine, SERIALFUNC = fraud.profile_against_serial,
  DESERIALFUNC = fraud.profile_against_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_profile_against(record, fraud.profile) IS
'the profile of rows in the bins and categories of a baseline, so that both compare and merge '
'exactly; columns are found by name. NULL without rows. Give the baseline as a constant or a '
'subquery, which is read once. 42703 for a row without a column of the baseline, 42804 for one of '
'another kind, 22004 for a NULL baseline, 22023 for one that differs between rows';

CREATE FUNCTION fraud.profile_drift(baseline fraud.profile, current fraud.profile, method text)
RETURNS TABLE (feature text, kind text, value float8, p_value float8, cramers_v float8)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30
AS '$libdir/fraud_detect', 'fraud_profile_drift';
COMMENT ON FUNCTION fraud.profile_drift(fraud.profile, fraud.profile, text) IS
'drift of each column between two profiles, not judged yet: see fraud_drift';

CREATE FUNCTION @extschema@.fraud_drift(
  baseline fraud.profile,
  current fraud.profile,
  method text DEFAULT 'psi',
  threshold float8 DEFAULT 0.1,
  alpha float8 DEFAULT 0.05)
RETURNS TABLE (feature text, kind text, method text, value float8, threshold float8, p_value float8,
  drifted bool, importance float8)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 30
BEGIN ATOMIC
  WITH drift AS (
    SELECT d.feature, d.kind, d.value, d.p_value,
      count(d.p_value) OVER () AS tests,
      row_number() OVER (ORDER BY d.p_value DESC NULLS LAST, d.feature) AS place
    FROM fraud.profile_drift(fraud_drift.baseline, fraud_drift.current, fraud_drift.method) AS d),
  adjusted AS (
    SELECT d.feature, d.kind, d.value,
      CASE WHEN d.p_value IS NOT NULL THEN
        min(least(1, d.p_value * d.tests / (d.tests - d.place + 1))) OVER (ORDER BY d.place) END AS p_value
    FROM drift AS d)
  SELECT a.feature, a.kind, fraud_drift.method, a.value, fraud_drift.threshold, a.p_value,
    a.value > fraud_drift.threshold AND coalesce(a.p_value < fraud_drift.alpha, true),
    NULL::float8
  FROM adjusted AS a
  ORDER BY a.value DESC, a.feature COLLATE "C";
END;
COMMENT ON FUNCTION @extschema@.fraud_drift(fraud.profile, fraud.profile, text, float8, float8) IS
'drift of each column of a baseline, the greatest first: value by method psi, jensen_shannon or hellinger over about ten '
'bins of the baseline and one of missing values; p_value of a chi-square test, adjusted for the number of columns '
'(Benjamini-Hochberg), NULL where the current profile does not share the baseline''s bins (fraud_profile_against); drifted '
'where value > threshold and p_value is below alpha or NULL; importance is NULL. NULL arguments give no row. '
'42804 for profiles of different columns, 22023 for an unknown method or a profile without rows';
