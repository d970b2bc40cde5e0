-- generate: synthetic card transactions.

CREATE TYPE fraud.transaction AS (
  transaction_id bigint,
  tx_time timestamptz,
  customer_id bigint,
  card_id text,
  merchant_id bigint,
  merchant_category text,
  channel text,
  amount numeric(12, 2),
  currency text,
  country text,
  device_id text,
  home_distance_km float8,
  cvv_match bool,
  declined bool,
  is_fraud bool,
  fraud_scenario text,
  label_time timestamptz
);
COMMENT ON TYPE fraud.transaction IS
'a card transaction as fraud_generate makes it (docs/generate.md)';

-- Tells the planner how many rows come, where the number is a constant.
CREATE FUNCTION fraud.generate_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_generate_support';
COMMENT ON FUNCTION fraud.generate_support(internal) IS
'planner support function of fraud.generate_rows: its number of rows';

CREATE FUNCTION fraud.generate_rows(transactions bigint, seed bigint, start timestamptz, days int,
  customers int, merchants int, fraud_rate float8, options jsonb)
RETURNS SETOF fraud.transaction
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 100000 SUPPORT fraud.generate_support
AS '$libdir/fraud_detect', 'fraud_generate_rows';
COMMENT ON FUNCTION fraud.generate_rows(bigint, bigint, timestamptz, int, int, int, float8, jsonb) IS
'the rows of fraud_generate, one per call';

-- A SQL function without a SET clause, so that the planner puts its body in the
-- place of the call: rows then stream, where a C function in FROM would write
-- all of them to a temporary file first. The body is parsed here and now, and
-- does not depend on search_path when it runs.
CREATE FUNCTION @extschema@.fraud_generate(
  transactions bigint DEFAULT 100000,
  seed bigint DEFAULT 42,
  start timestamptz DEFAULT '2026-01-01 00:00+00',
  days int DEFAULT 180,
  customers int DEFAULT NULL,
  merchants int DEFAULT NULL,
  fraud_rate float8 DEFAULT 0.008,
  options jsonb DEFAULT '{}')
RETURNS SETOF fraud.transaction
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100 ROWS 100000
BEGIN ATOMIC
  SELECT (g.t).*
    FROM (SELECT fraud.generate_rows(transactions, seed, start, days, customers, merchants,
                                     fraud_rate, options) AS t) g;
END;
COMMENT ON FUNCTION
@extschema@.fraud_generate(bigint, bigint, timestamptz, int, int, int, float8, jsonb) IS
'that many synthetic card transactions in the order of tx_time, spread over days from start, '
'fraud_rate of them frauds. The same arguments give the same rows, whatever the settings. '
'customers and merchants NULL: a number that fits; any other argument NULL: 22004. '
'options (docs/generate.md): shares, drift, label_delay_days, label_delay_sigma, never_reported, '
'decline_rate, cvv_failure_rate, travel_share. '
'22023 for a value out of range or an unknown option, 22008 where the time leaves the type''s range';
