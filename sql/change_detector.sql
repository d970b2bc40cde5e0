-- change_detector: detectors of change in a stream of numbers, whose states are rows (docs/drift.md).

CREATE TABLE fraud.detector (
  detector text COLLATE pg_catalog."C" PRIMARY KEY CHECK (detector <> '' AND pg_catalog.octet_length(detector) <= 200),
  method text NOT NULL,
  state bytea NOT NULL,
  seen bigint NOT NULL DEFAULT 0,
  changes bigint NOT NULL DEFAULT 0,
  last_change bigint,
  warning bool NOT NULL DEFAULT false,
  mean float8,
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE fraud.detector IS 'detectors of change in streams of numbers, by name';
COMMENT ON COLUMN fraud.detector.state IS 'what the detector knows, as bytes (src/core/change_state.c)';
COMMENT ON COLUMN fraud.detector.seen IS 'values given so far';
COMMENT ON COLUMN fraud.detector.changes IS 'changes found so far';
COMMENT ON COLUMN fraud.detector.last_change IS 'the number of the value at which the last change was found';
COMMENT ON COLUMN fraud.detector.mean IS 'mean since the last change (adwin: of the window); NULL without values';
SELECT pg_catalog.pg_extension_config_dump('fraud.detector', '');

CREATE FUNCTION fraud.detector_begin(method text, delta float8, threshold float8) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_detector_begin';
COMMENT ON FUNCTION fraud.detector_begin(text, float8, float8) IS
'the state of a change detector that has seen nothing; NULL parameters are the method''s own. 22023 for what the method does not take';

CREATE FUNCTION fraud.detector_add(INOUT state bytea, "values" float8[], OUT seen bigint,
  OUT changes bigint[], OUT warning bool, OUT mean float8)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS '$libdir/fraud_detect', 'fraud_detector_add';
COMMENT ON FUNCTION fraud.detector_add(bytea, float8[]) IS
'the state of a change detector after values, and at which of all values it found a change; NULL values are left out. '
'22023 for values the method does not take, 22P03 for bytes that are no state';

CREATE FUNCTION @extschema@.fraud_create_detector(
  detector text, method text, delta float8 DEFAULT NULL, threshold float8 DEFAULT NULL)
RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO fraud.detector (detector, method, state)
  VALUES ($1, $2, fraud.detector_begin($2, $3, $4))
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_create_detector(text, text, float8, float8) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_create_detector(text, text, float8, float8) IS
'makes a detector of change with a name. method: adwin (delta 0.002: confidence; values between 0 and 1), page_hinkley (delta 0.005: '
'tolerated change of the mean, threshold 50) or ddm (threshold 3 standard deviations; values 0 and 1); NULL parameters are these. '
'23505 for a name that is taken, 23502 for a NULL one, 22023 for an unknown method or wrong parameters';

CREATE FUNCTION @extschema@.fraud_drop_detector(detector text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM fraud.detector d WHERE d.detector = fraud_drop_detector.detector;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'detector "%" does not exist', detector USING ERRCODE = 'undefined_object';
  END IF;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_drop_detector(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_drop_detector(text) IS
'drops a detector of change; 42704 where there is none of the name';

CREATE FUNCTION @extschema@.fraud_detect_change(detector text, "values" float8[],
  OUT seen bigint, OUT changes bigint[], OUT warning bool, OUT mean float8)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old fraud.detector;
  new record;
BEGIN
  IF "values" IS NULL THEN
    RAISE EXCEPTION 'values of fraud_detect_change must not be NULL' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  SELECT * INTO old FROM fraud.detector d WHERE d.detector = fraud_detect_change.detector FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'detector "%" does not exist', detector
      USING ERRCODE = 'undefined_object', HINT = 'Make one with fraud_create_detector.';
  END IF;
  SELECT * INTO new FROM fraud.detector_add(old.state, "values");
  UPDATE fraud.detector d
  SET state = new.state, seen = new.seen, changes = d.changes + cardinality(new.changes),
      last_change = coalesce(new.changes[cardinality(new.changes)], d.last_change),
      warning = new.warning, mean = new.mean, updated_at = clock_timestamp()
  WHERE d.detector = old.detector;
  seen := new.seen;
  changes := new.changes;
  warning := new.warning;
  mean := new.mean;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_detect_change(text, float8[]) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_detect_change(text, float8[]) IS
'gives a detector the next values of its stream, in order, and keeps its state, in the caller''s transaction; concurrent calls wait. '
'Returns how many values it has seen, the numbers of those at which it found a change now ({}: none), whether the last one was a warning '
'(ddm), and the mean since the last change. NULL values are left out. 42704 where there is no such detector, 22004 for a NULL array, '
'22023 for values the method does not take';
