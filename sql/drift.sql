-- drift: distances and tests of two samples, as aggregates (docs/statistics.md).

CREATE FUNCTION fraud.two_samples_add(internal, float8, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_two_samples_add';
COMMENT ON FUNCTION fraud.two_samples_add(internal, float8, bool) IS
'transition function over (value, is_current): a value that is NULL or NaN is missing, a row whose is_current is NULL is left out';

CREATE FUNCTION fraud.two_samples_add(internal, float8, bool, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_two_samples_add_by_method';
COMMENT ON FUNCTION fraud.two_samples_add(internal, float8, bool, text) IS
'transition function over (value, is_current, method): a value that is NULL or NaN is missing, a row whose is_current is NULL is left out; 22004 and 22023 for the method';

CREATE FUNCTION fraud.category_add(internal, text, bool) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_add';
COMMENT ON FUNCTION fraud.category_add(internal, text, bool) IS
'transition function over (value, is_current): a value that is NULL or NaN is missing, a row whose is_current is NULL is left out; 53400 for too many distinct values';

CREATE FUNCTION fraud.category_add(internal, text, bool, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_add';
COMMENT ON FUNCTION fraud.category_add(internal, text, bool, text) IS
'transition function over (value, is_current, method): a value that is NULL or NaN is missing, a row whose is_current is NULL is left out; 22004 and 22023 for the method';

CREATE FUNCTION fraud.category_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_combine';
COMMENT ON FUNCTION fraud.category_combine(internal, internal) IS
'combine function of the drift aggregates over text';
CREATE FUNCTION fraud.category_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_serial';
COMMENT ON FUNCTION fraud.category_serial(internal) IS
'serialization function of the drift aggregates over text';
CREATE FUNCTION fraud.category_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_deserial';
COMMENT ON FUNCTION fraud.category_deserial(bytea, internal) IS
'deserialization function of the drift aggregates over text; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.ks_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_ks_final';
COMMENT ON FUNCTION fraud.ks_final(internal) IS
'final function of fraud_ks';

CREATE AGGREGATE @extschema@.fraud_ks(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.ks_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_ks(float8, bool) IS
'Kolmogorov-Smirnov distance of current and reference rows, the greatest difference of their '
'distribution functions; missing values are left out; NULL where a side has no value. Rows whose '
'is_current is NULL are left out';

CREATE FUNCTION fraud.ks_pvalue_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_ks_pvalue_final';
COMMENT ON FUNCTION fraud.ks_pvalue_final(internal) IS
'final function of fraud_ks_pvalue';

CREATE AGGREGATE @extschema@.fraud_ks_pvalue(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.ks_pvalue_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_ks_pvalue(float8, bool) IS
'p-value of fraud_ks: exact where neither side has more than 10000 rows (ties make it conservative), '
'else for large samples; missing values are left out; NULL where a side has no value. Rows whose '
'is_current is NULL are left out';

CREATE FUNCTION fraud.wasserstein_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_wasserstein_final';
COMMENT ON FUNCTION fraud.wasserstein_final(internal) IS
'final function of fraud_wasserstein';

CREATE AGGREGATE @extschema@.fraud_wasserstein(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.wasserstein_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_wasserstein(float8, bool) IS
'Wasserstein distance (of order 1) of current and reference rows, in the unit of the value; missing '
'values are left out; NULL where a side has no value. Rows whose is_current is NULL are left out; '
'22023 for infinite values';

CREATE AGGREGATE @extschema@.fraud_wasserstein(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.wasserstein_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_wasserstein(float8, bool, text) IS
'as fraud_wasserstein(value, is_current); with method evidently divided by the standard deviation of '
'the reference, at least 0.001. 22004, 22023 for a method that is NULL, unknown or differs between '
'rows';

CREATE FUNCTION fraud.energy_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_energy_final';
COMMENT ON FUNCTION fraud.energy_final(internal) IS
'final function of fraud_energy';

CREATE AGGREGATE @extschema@.fraud_energy(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.energy_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_energy(float8, bool) IS
'energy distance of current and reference rows, sqrt(2 * integral of the squared difference of their '
'distribution functions); missing values are left out; NULL where a side has no value. Rows whose '
'is_current is NULL are left out; 22023 for infinite values';

CREATE FUNCTION fraud.cramer_von_mises_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_cramer_von_mises_final';
COMMENT ON FUNCTION fraud.cramer_von_mises_final(internal) IS
'final function of fraud_cramer_von_mises';

CREATE AGGREGATE @extschema@.fraud_cramer_von_mises(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.cramer_von_mises_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_cramer_von_mises(float8, bool) IS
'Cramer-von Mises statistic T of current and reference rows, ties at midranks; missing values are '
'left out; NULL where a side has no value. Rows whose is_current is NULL are left out';

CREATE FUNCTION fraud.cramer_von_mises_pvalue_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_cramer_von_mises_pvalue_final';
COMMENT ON FUNCTION fraud.cramer_von_mises_pvalue_final(internal) IS
'final function of fraud_cramer_von_mises_pvalue';

CREATE AGGREGATE @extschema@.fraud_cramer_von_mises_pvalue(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.cramer_von_mises_pvalue_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_cramer_von_mises_pvalue(float8, bool) IS
'p-value of fraud_cramer_von_mises for large samples; missing values are left out; NULL where a side '
'has no value. Rows whose is_current is NULL are left out';

CREATE FUNCTION fraud.anderson_darling_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_anderson_darling_final';
COMMENT ON FUNCTION fraud.anderson_darling_final(internal) IS
'final function of fraud_anderson_darling';

CREATE AGGREGATE @extschema@.fraud_anderson_darling(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.anderson_darling_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_anderson_darling(float8, bool) IS
'Anderson-Darling statistic of current and reference rows (two samples, midranks, standardised); '
'missing values are left out; NULL where a side has no value, all values are equal, or there are '
'fewer than four. Rows whose is_current is NULL are left out';

CREATE FUNCTION fraud.anderson_darling_pvalue_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_anderson_darling_pvalue_final';
COMMENT ON FUNCTION fraud.anderson_darling_pvalue_final(internal) IS
'final function of fraud_anderson_darling_pvalue';

CREATE AGGREGATE @extschema@.fraud_anderson_darling_pvalue(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.anderson_darling_pvalue_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_anderson_darling_pvalue(float8, bool) IS
'p-value of fraud_anderson_darling, interpolated between critical values: within [0.001, 0.25]. NULL '
'as there. Rows whose is_current is NULL are left out';

CREATE FUNCTION fraud.psi_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_psi_final';
COMMENT ON FUNCTION fraud.psi_final(internal) IS
'final function of fraud_psi';

CREATE FUNCTION fraud.category_psi_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_psi_final';
COMMENT ON FUNCTION fraud.category_psi_final(internal) IS
'final function of fraud_psi over text';

CREATE AGGREGATE @extschema@.fraud_psi(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.psi_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_psi(float8, bool) IS
'population stability index, sum of (r - c) ln(r / c) over the shares r of the reference and c of the'
' current rows; an empty bin counts half a row, over bins between the reference''s deciles with open '
'ends (one bin for each value where the reference has at most 20). NULL is a bin of its own; NULL '
'where a side has no row. Rows whose is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_psi(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.psi_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_psi(float8, bool, text) IS
'as fraud_psi(value, is_current) by method quantile, the default, or evidently, as that library bins '
'and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_psi(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_psi_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_psi(text, bool) IS
'population stability index, sum of (r - c) ln(r / c) over the shares r of the reference and c of the'
' current rows; an empty bin counts half a row, over the values of the reference and one bin for all '
'others. NULL is a bin of its own; NULL where a side has no row. Rows whose is_current is NULL are '
'left out; 53400 for too many distinct values';

CREATE AGGREGATE @extschema@.fraud_psi(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_psi_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_psi(text, bool, text) IS
'as fraud_psi(value, is_current) by method quantile, the default, or evidently, as that library bins '
'and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE FUNCTION fraud.kl_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_kl_final';
COMMENT ON FUNCTION fraud.kl_final(internal) IS
'final function of fraud_kl';

CREATE FUNCTION fraud.category_kl_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_kl_final';
COMMENT ON FUNCTION fraud.category_kl_final(internal) IS
'final function of fraud_kl over text';

CREATE AGGREGATE @extschema@.fraud_kl(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.kl_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_kl(float8, bool) IS
'Kullback-Leibler divergence, sum of r ln(r / c) over the shares r of the reference and c of the '
'current rows; an empty bin counts half a row, over bins between the reference''s deciles with open '
'ends (one bin for each value where the reference has at most 20). NULL is a bin of its own; NULL '
'where a side has no row. Rows whose is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_kl(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.kl_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_kl(float8, bool, text) IS
'as fraud_kl(value, is_current) by method quantile, the default, or evidently, as that library bins '
'and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_kl(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_kl_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_kl(text, bool) IS
'Kullback-Leibler divergence, sum of r ln(r / c) over the shares r of the reference and c of the '
'current rows; an empty bin counts half a row, over the values of the reference and one bin for all '
'others. NULL is a bin of its own; NULL where a side has no row. Rows whose is_current is NULL are '
'left out; 53400 for too many distinct values';

CREATE AGGREGATE @extschema@.fraud_kl(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_kl_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_kl(text, bool, text) IS
'as fraud_kl(value, is_current) by method quantile, the default, or evidently, as that library bins '
'and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE FUNCTION fraud.jensen_shannon_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_jensen_shannon_final';
COMMENT ON FUNCTION fraud.jensen_shannon_final(internal) IS
'final function of fraud_jensen_shannon';

CREATE FUNCTION fraud.category_jensen_shannon_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_jensen_shannon_final';
COMMENT ON FUNCTION fraud.category_jensen_shannon_final(internal) IS
'final function of fraud_jensen_shannon over text';

CREATE AGGREGATE @extschema@.fraud_jensen_shannon(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.jensen_shannon_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_jensen_shannon(float8, bool) IS
'Jensen-Shannon distance (natural logarithm, square root) of the shares of current and reference '
'rows, over bins between the reference''s deciles with open ends (one bin for each value where the '
'reference has at most 20). NULL is a bin of its own; NULL where a side has no row. Rows whose '
'is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_jensen_shannon(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.jensen_shannon_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_jensen_shannon(float8, bool, text) IS
'as fraud_jensen_shannon(value, is_current) by method quantile, the default, or evidently, as that '
'library bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_jensen_shannon(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.category_jensen_shannon_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_jensen_shannon(text, bool) IS
'Jensen-Shannon distance (natural logarithm, square root) of the shares of current and reference '
'rows, over the values of the reference and one bin for all others. NULL is a bin of its own; NULL '
'where a side has no row. Rows whose is_current is NULL are left out; 53400 for too many distinct '
'values';

CREATE AGGREGATE @extschema@.fraud_jensen_shannon(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.category_jensen_shannon_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_jensen_shannon(text, bool, text) IS
'as fraud_jensen_shannon(value, is_current) by method quantile, the default, or evidently, as that '
'library bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE FUNCTION fraud.hellinger_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_hellinger_final';
COMMENT ON FUNCTION fraud.hellinger_final(internal) IS
'final function of fraud_hellinger';

CREATE FUNCTION fraud.category_hellinger_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_hellinger_final';
COMMENT ON FUNCTION fraud.category_hellinger_final(internal) IS
'final function of fraud_hellinger over text';

CREATE AGGREGATE @extschema@.fraud_hellinger(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.hellinger_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_hellinger(float8, bool) IS
'Hellinger distance sqrt(1 - sum of sqrt(r c)) of the shares r of the reference and c of the current '
'rows, over bins between the reference''s deciles with open ends (one bin for each value where the '
'reference has at most 20). NULL is a bin of its own; NULL where a side has no row. Rows whose '
'is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_hellinger(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.hellinger_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_hellinger(float8, bool, text) IS
'as fraud_hellinger(value, is_current) by method quantile, the default, or evidently, as that library'
' bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_hellinger(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_hellinger_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_hellinger(text, bool) IS
'Hellinger distance sqrt(1 - sum of sqrt(r c)) of the shares r of the reference and c of the current '
'rows, over the values of the reference and one bin for all others. NULL is a bin of its own; NULL '
'where a side has no row. Rows whose is_current is NULL are left out; 53400 for too many distinct '
'values';

CREATE AGGREGATE @extschema@.fraud_hellinger(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_hellinger_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_hellinger(text, bool, text) IS
'as fraud_hellinger(value, is_current) by method quantile, the default, or evidently, as that library'
' bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE FUNCTION fraud.chi_square_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_chi_square_final';
COMMENT ON FUNCTION fraud.chi_square_final(internal) IS
'final function of fraud_chi_square';

CREATE FUNCTION fraud.category_chi_square_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_chi_square_final';
COMMENT ON FUNCTION fraud.category_chi_square_final(internal) IS
'final function of fraud_chi_square over text';

CREATE AGGREGATE @extschema@.fraud_chi_square(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.chi_square_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square(float8, bool) IS
'chi-square statistic of the table of bins by reference and current rows, over bins between the '
'reference''s deciles with open ends (one bin for each value where the reference has at most 20). NULL '
'is a bin of its own; NULL where a side has no row. Rows whose is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_chi_square(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.chi_square_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square(float8, bool, text) IS
'as fraud_chi_square(value, is_current) by method quantile, the default, or evidently, as that '
'library bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_chi_square(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_chi_square_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square(text, bool) IS
'chi-square statistic of the table of bins by reference and current rows, over the values of the '
'reference and one bin for all others. NULL is a bin of its own; NULL where a side has no row. Rows '
'whose is_current is NULL are left out; 53400 for too many distinct values';

CREATE AGGREGATE @extschema@.fraud_chi_square(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_chi_square_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square(text, bool, text) IS
'as fraud_chi_square(value, is_current) by method quantile, the default, or evidently, as that '
'library bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE FUNCTION fraud.chi_square_pvalue_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_chi_square_pvalue_final';
COMMENT ON FUNCTION fraud.chi_square_pvalue_final(internal) IS
'final function of fraud_chi_square_pvalue';

CREATE FUNCTION fraud.category_chi_square_pvalue_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_chi_square_pvalue_final';
COMMENT ON FUNCTION fraud.category_chi_square_pvalue_final(internal) IS
'final function of fraud_chi_square_pvalue over text';

CREATE AGGREGATE @extschema@.fraud_chi_square_pvalue(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.chi_square_pvalue_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square_pvalue(float8, bool) IS
'p-value of fraud_chi_square; 1 where there is one bin, over bins between the reference''s deciles with'
' open ends (one bin for each value where the reference has at most 20). NULL is a bin of its own; '
'NULL where a side has no row. Rows whose is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_chi_square_pvalue(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.chi_square_pvalue_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square_pvalue(float8, bool, text) IS
'as fraud_chi_square_pvalue(value, is_current) by method quantile, the default, or evidently, as that'
' library bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_chi_square_pvalue(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.category_chi_square_pvalue_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square_pvalue(text, bool) IS
'p-value of fraud_chi_square; 1 where there is one bin, over the values of the reference and one bin '
'for all others. NULL is a bin of its own; NULL where a side has no row. Rows whose is_current is '
'NULL are left out; 53400 for too many distinct values';

CREATE AGGREGATE @extschema@.fraud_chi_square_pvalue(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096,
  FINALFUNC = fraud.category_chi_square_pvalue_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_chi_square_pvalue(text, bool, text) IS
'as fraud_chi_square_pvalue(value, is_current) by method quantile, the default, or evidently, as that'
' library bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE FUNCTION fraud.cramers_v_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_cramers_v_final';
COMMENT ON FUNCTION fraud.cramers_v_final(internal) IS
'final function of fraud_cramers_v';

CREATE FUNCTION fraud.category_cramers_v_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_category_cramers_v_final';
COMMENT ON FUNCTION fraud.category_cramers_v_final(internal) IS
'final function of fraud_cramers_v over text';

CREATE AGGREGATE @extschema@.fraud_cramers_v(value float8, is_current bool) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.cramers_v_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_cramers_v(float8, bool) IS
'Cramer''s V of the table of bins by reference and current rows, 0 to 1: the size of the effect that '
'fraud_chi_square tests, over bins between the reference''s deciles with open ends (one bin for each '
'value where the reference has at most 20). NULL is a bin of its own; NULL where a side has no row. '
'Rows whose is_current is NULL are left out';

CREATE AGGREGATE @extschema@.fraud_cramers_v(value float8, is_current bool, method text) (
  SFUNC = fraud.two_samples_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.cramers_v_final,
  COMBINEFUNC = fraud.two_samples_combine, SERIALFUNC = fraud.two_samples_serial,
  DESERIALFUNC = fraud.two_samples_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_cramers_v(float8, bool, text) IS
'as fraud_cramers_v(value, is_current) by method quantile, the default, or evidently, as that library'
' bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';

CREATE AGGREGATE @extschema@.fraud_cramers_v(value text, is_current bool) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_cramers_v_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_cramers_v(text, bool) IS
'Cramer''s V of the table of bins by reference and current rows, 0 to 1: the size of the effect that '
'fraud_chi_square tests, over the values of the reference and one bin for all others. NULL is a bin '
'of its own; NULL where a side has no row. Rows whose is_current is NULL are left out; 53400 for too '
'many distinct values';

CREATE AGGREGATE @extschema@.fraud_cramers_v(value text, is_current bool, method text) (
  SFUNC = fraud.category_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.category_cramers_v_final,
  COMBINEFUNC = fraud.category_combine, SERIALFUNC = fraud.category_serial,
  DESERIALFUNC = fraud.category_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_cramers_v(text, bool, text) IS
'as fraud_cramers_v(value, is_current) by method quantile, the default, or evidently, as that library'
' bins and fills. 22004, 22023 for a method that is NULL, unknown or differs between rows';
