-- quarantine: rows that a guard took out of an INSERT, until somebody releases or
-- discards them.

CREATE TABLE fraud.quarantine (
  decision_id bigint PRIMARY KEY,
  relation regclass NOT NULL,
  "row" jsonb NOT NULL,
  quarantined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  status text NOT NULL DEFAULT 'held' CHECK (status IN ('held', 'released', 'discarded')),
  resolved_at timestamptz,
  resolved_by text,
  note text
);
COMMENT ON TABLE fraud.quarantine IS
'rows that were blocked by a guard with on_block => ''quarantine'' (fraud_release, fraud_discard)';
COMMENT ON COLUMN fraud.quarantine."row" IS 'the row as it was to be inserted, by column';
SELECT pg_catalog.pg_extension_config_dump('fraud.quarantine', '');

CREATE TRIGGER quarantine_is_written_by_guards BEFORE INSERT ON fraud.quarantine
  FOR EACH ROW EXECUTE FUNCTION fraud.keep_record('Guard a table with fraud_guard(..., on_block => ''quarantine'').');
CREATE TRIGGER quarantine_is_resolved_by_functions BEFORE UPDATE ON fraud.quarantine
  FOR EACH ROW EXECUTE FUNCTION fraud.keep_record('Use fraud_release or fraud_discard.');
CREATE TRIGGER quarantine_stays BEFORE DELETE ON fraud.quarantine
  FOR EACH ROW EXECUTE FUNCTION fraud.keep_record(
    'fraud_discard a row; fraud_purge removes those that were resolved a given time ago.');
CREATE TRIGGER quarantine_is_not_truncated BEFORE TRUNCATE ON fraud.quarantine
  EXECUTE FUNCTION fraud.keep_record();
ALTER TABLE fraud.quarantine ENABLE ALWAYS TRIGGER quarantine_is_written_by_guards;
ALTER TABLE fraud.quarantine ENABLE ALWAYS TRIGGER quarantine_is_resolved_by_functions;
ALTER TABLE fraud.quarantine ENABLE ALWAYS TRIGGER quarantine_stays;
ALTER TABLE fraud.quarantine ENABLE ALWAYS TRIGGER quarantine_is_not_truncated;

-- In C, without a SET clause: the INSERT's other triggers run under the caller's own search_path.
CREATE FUNCTION @extschema@.fraud_release(decision_id bigint, note text DEFAULT NULL) RETURNS regclass
LANGUAGE c VOLATILE
AS '$libdir/fraud_detect', 'fraud_release';
REVOKE ALL ON FUNCTION @extschema@.fraud_release(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_release(bigint, text) IS
'inserts a row that a guard quarantined into its table, as the caller and without asking the guard again, notes who did it and when, '
'and returns the table. The decision stays as it is on record. Columns that the table got since then have their defaults. '
'42704 for a decision without a row in quarantine, 55000 for one that was released or discarded before, or that another trigger '
'keeps out, 42703 where the table has lost a column, 42P01 where it is gone, FD010 for a note with what looks like a card number, '
'42501, 22004 for a NULL decision';

CREATE FUNCTION @extschema@.fraud_discard(decision_id bigint, note text DEFAULT NULL) RETURNS regclass
LANGUAGE c VOLATILE
AS '$libdir/fraud_detect', 'fraud_discard';
REVOKE ALL ON FUNCTION @extschema@.fraud_discard(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_discard(bigint, text) IS
'ends the quarantine of a row that is not to be inserted, notes who did it and when, and returns its table; the row stays on '
'record until fraud_purge. Errors as for fraud_release';
