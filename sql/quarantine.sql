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
