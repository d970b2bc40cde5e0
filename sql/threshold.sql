-- threshold: what comes of flagging rows, in counts and in money, as aggregates (docs/statistics.md).

CREATE FUNCTION fraud.confusion_add(internal, float8, bool, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_confusion_add';
COMMENT ON FUNCTION fraud.confusion_add(internal, float8, bool, float8) IS
'transition function over (score, label, threshold): rows with a NULL are left out; 22023 for NaN';

CREATE FUNCTION fraud.costs_add(internal, float8, bool, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_costs_add';
COMMENT ON FUNCTION fraud.costs_add(internal, float8, bool, float8, float8) IS
'transition function over (score, label, amount, cost): rows with a NULL are left out; 22023 for NaN, and for an amount or cost that is negative or infinite';

CREATE FUNCTION fraud.costs_add(internal, float8, bool, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_costs_add';
COMMENT ON FUNCTION fraud.costs_add(internal, float8, bool, float8, float8, float8) IS
'transition function over (score, label, amount, cost, threshold): rows with a NULL are left out; 22023 for NaN, and for an amount or cost that is negative or infinite';

CREATE FUNCTION fraud.flagging_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_flagging_combine';
COMMENT ON FUNCTION fraud.flagging_combine(internal, internal) IS
'combine function of fraud_confusion, fraud_costs and fraud_savings';
CREATE FUNCTION fraud.flagging_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_flagging_serial';
COMMENT ON FUNCTION fraud.flagging_serial(internal) IS
'serialization function of fraud_confusion, fraud_costs and fraud_savings';
CREATE FUNCTION fraud.flagging_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_flagging_deserial';
COMMENT ON FUNCTION fraud.flagging_deserial(bytea, internal) IS
'deserialization function of fraud_confusion, fraud_costs and fraud_savings; 22P03 for bytes that are not a state';

CREATE TYPE fraud.confusion AS (
  threshold float8, tp bigint, fp bigint, fn bigint, tn bigint,
  precision float8, recall float8, fpr float8, f1 float8, mcc float8
);
COMMENT ON TYPE fraud.confusion IS
'frauds that are flagged (tp) and missed (fn), legitimate rows that are flagged (fp) and not (tn), and what '
'follows from these: precision, recall, false positive rate, F1 score, Matthews correlation; NULL for 0 / 0';
CREATE TYPE fraud.costs AS (
  threshold float8, flagged bigint, caught bigint, missed bigint,
  fraud_amount float8, missed_amount float8, handling_cost float8, total_cost float8, savings float8
);
COMMENT ON TYPE fraud.costs IS
'what flagging costs: rows flagged, frauds among them (caught) and not (missed), amounts of all frauds and of '
'the missed ones, costs of handling the flagged rows, missed_amount + handling_cost, and the savings: '
'1 - total_cost / the lesser of the costs of flagging nothing and of flagging all';

CREATE FUNCTION fraud.confusion_final(internal) RETURNS fraud.confusion
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_confusion_final';
COMMENT ON FUNCTION fraud.confusion_final(internal) IS
'final function of fraud_confusion';

CREATE FUNCTION fraud.costs_final(internal) RETURNS fraud.costs
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_costs_final';
COMMENT ON FUNCTION fraud.costs_final(internal) IS
'final function of fraud_costs';

CREATE FUNCTION fraud.savings_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_savings_final';
COMMENT ON FUNCTION fraud.savings_final(internal) IS
'final function of fraud_savings';

CREATE AGGREGATE @extschema@.fraud_confusion(score float8, label bool, threshold float8) (
  SFUNC = fraud.confusion_add, STYPE = internal, SSPACE = 2048, FINALFUNC = fraud.confusion_final,
  COMBINEFUNC = fraud.flagging_combine, SERIALFUNC = fraud.flagging_serial,
  DESERIALFUNC = fraud.flagging_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_confusion(float8, bool, float8) IS
'the confusion matrix with rows of score >= threshold flagged, and the metrics that follow from it; NULL without rows. '
'Rows with a NULL are left out; 22023 for NaN, and for a threshold that differs between rows';

CREATE AGGREGATE @extschema@.fraud_costs(score float8, label bool, amount float8, cost float8) (
  SFUNC = fraud.costs_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.costs_final,
  COMBINEFUNC = fraud.flagging_combine, SERIALFUNC = fraud.flagging_serial,
  DESERIALFUNC = fraud.flagging_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_costs(float8, bool, float8, float8) IS
'what flagging costs, where flagged is a row with score * amount > cost; NULL without rows. '
'Rows with a NULL are left out; 22023 for NaN, for an amount or cost that is negative or infinite';

CREATE AGGREGATE @extschema@.fraud_costs(
  score float8, label bool, amount float8, cost float8, threshold float8) (
  SFUNC = fraud.costs_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.costs_final,
  COMBINEFUNC = fraud.flagging_combine, SERIALFUNC = fraud.flagging_serial,
  DESERIALFUNC = fraud.flagging_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_costs(float8, bool, float8, float8, float8) IS
'what flagging rows of score >= threshold costs; NULL without rows. '
'Rows with a NULL are left out; 22023 for NaN, for an amount or cost that is negative or infinite, and for a threshold that differs between rows';

CREATE AGGREGATE @extschema@.fraud_savings(score float8, label bool, amount float8, cost float8) (
  SFUNC = fraud.costs_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.savings_final,
  COMBINEFUNC = fraud.flagging_combine, SERIALFUNC = fraud.flagging_serial,
  DESERIALFUNC = fraud.flagging_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_savings(float8, bool, float8, float8) IS
'savings, where flagged is a row with score * amount > cost: '
'1 - cost / the lesser of the costs of flagging nothing and of flagging all: 1 is perfect, 0 useless, below 0 harmful; '
'NULL without rows or where that is 0. '
'Rows with a NULL are left out; 22023 for NaN, for an amount or cost that is negative or infinite';

CREATE AGGREGATE @extschema@.fraud_savings(
  score float8, label bool, amount float8, cost float8, threshold float8) (
  SFUNC = fraud.costs_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fraud.savings_final,
  COMBINEFUNC = fraud.flagging_combine, SERIALFUNC = fraud.flagging_serial,
  DESERIALFUNC = fraud.flagging_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_savings(float8, bool, float8, float8, float8) IS
'savings with rows of score >= threshold flagged: '
'1 - cost / the lesser of the costs of flagging nothing and of flagging all: 1 is perfect, 0 useless, below 0 harmful; '
'NULL without rows or where that is 0. '
'Rows with a NULL are left out; 22023 for NaN, for an amount or cost that is negative or infinite, and for a threshold that differs between rows';

CREATE FUNCTION fraud.gain_add(internal, float8, bool, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_gain_add';
COMMENT ON FUNCTION fraud.gain_add(internal, float8, bool, float8, float8) IS
'transition function over (score, label, amount, cost): rows with a NULL are left out; 22023 for NaN, and for an amount or cost that is negative or infinite';

CREATE FUNCTION fraud.gain_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_gain_combine';
COMMENT ON FUNCTION fraud.gain_combine(internal, internal) IS
'combine function of fraud_best_threshold';
CREATE FUNCTION fraud.gain_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_gain_serial';
COMMENT ON FUNCTION fraud.gain_serial(internal) IS
'serialization function of fraud_best_threshold';
CREATE FUNCTION fraud.gain_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_gain_deserial';
COMMENT ON FUNCTION fraud.gain_deserial(bytea, internal) IS
'deserialization function of fraud_best_threshold; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.best_threshold_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_best_threshold_final';
COMMENT ON FUNCTION fraud.best_threshold_final(internal) IS
'final function of fraud_best_threshold';

CREATE AGGREGATE @extschema@.fraud_best_threshold(score float8, label bool, amount float8, cost float8) (
  SFUNC = fraud.gain_add, STYPE = internal, SSPACE = 65536, FINALFUNC = fraud.best_threshold_final,
  COMBINEFUNC = fraud.gain_combine, SERIALFUNC = fraud.gain_serial,
  DESERIALFUNC = fraud.gain_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_best_threshold(float8, bool, float8, float8) IS
'the threshold that saves most money when rows of score >= threshold are flagged: a caught fraud saves its amount, '
'a flagged row costs its cost. Of several the highest; Infinity where flagging nothing is best; NULL without rows. '
'Rows with a NULL are left out; 22023 for NaN, for an amount or cost that is negative or infinite'
'; 53400 for more rows than fit fraud_detect.max_training_memory, 16 bytes each';

CREATE FUNCTION fraud.card_add(internal, float8, bool, text, date, int) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_card_add';
COMMENT ON FUNCTION fraud.card_add(internal, float8, bool, text, date, int) IS
'transition function over (score, label, card, day, k): rows with a NULL are left out; 22023 for NaN; 22004 and 22023 for a k that is NULL, below 1 or differs between rows';

CREATE FUNCTION fraud.card_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_card_combine';
COMMENT ON FUNCTION fraud.card_combine(internal, internal) IS
'combine function of fraud_card_precision';
CREATE FUNCTION fraud.card_serial(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_card_serial';
COMMENT ON FUNCTION fraud.card_serial(internal) IS
'serialization function of fraud_card_precision';
CREATE FUNCTION fraud.card_deserial(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_card_deserial';
COMMENT ON FUNCTION fraud.card_deserial(bytea, internal) IS
'deserialization function of fraud_card_precision; 22P03 for bytes that are not a state';

CREATE FUNCTION fraud.card_precision_final(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_card_precision_final';
COMMENT ON FUNCTION fraud.card_precision_final(internal) IS
'final function of fraud_card_precision';

CREATE AGGREGATE @extschema@.fraud_card_precision(score float8, label bool, card text, day date, k int) (
  SFUNC = fraud.card_add, STYPE = internal, SSPACE = 65536, FINALFUNC = fraud.card_precision_final,
  COMBINEFUNC = fraud.card_combine, SERIALFUNC = fraud.card_serial,
  DESERIALFUNC = fraud.card_deserial,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.fraud_card_precision(float8, bool, text, date, int) IS
'of the k cards with the highest scores of each day, the share that were used for fraud that day, averaged over the days; '
'cards with equal scores share the places they tie for; NULL without rows. '
'Rows with a NULL are left out; 22023 for NaN; 22004 and 22023 for a k that is NULL, below 1 or differs between rows'
'; 53400 for more cards and days than fit fraud_detect.max_training_memory';
