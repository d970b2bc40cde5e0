-- policy: what the guard of a table does, in versions. A row never changes: whoever
-- alters a policy or its rules adds a version, and decisions remember theirs.

CREATE TABLE fraud.policy (
  relation regclass NOT NULL,
  version int NOT NULL CHECK (version > 0),
  model text COLLATE pg_catalog."C",
  review_at float8 CHECK (review_at BETWEEN 0 AND 1),
  block_at float8 CHECK (block_at BETWEEN 0 AND 1),
  on_block text NOT NULL CHECK (on_block IN ('reject', 'quarantine', 'flag')),
  on_error text NOT NULL CHECK (on_error IN ('approve', 'review', 'block')),
  key text,
  options jsonb NOT NULL,
  rules jsonb NOT NULL,
  owner text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  created_by text NOT NULL DEFAULT CURRENT_USER,
  PRIMARY KEY (relation, version)
);
COMMENT ON TABLE fraud.policy IS
'policies of guarded tables, all versions; the highest one of a table is in force while its trigger is there';
COMMENT ON COLUMN fraud.policy.model IS 'NULL: lists and rules alone decide';
COMMENT ON COLUMN fraud.policy.review_at IS 'NULL: never, or by options ->> thresholds from the version that scores';
COMMENT ON COLUMN fraud.policy.key IS 'the column that identifies a row';
COMMENT ON COLUMN fraud.policy.options IS 'all options with their defaults (docs/guard.md)';
COMMENT ON COLUMN fraud.policy.rules IS
'name, condition, decision and priority of each rule, in the order in which they are asked';
COMMENT ON COLUMN fraud.policy.owner IS
'the role that decides: it owned the table when the version was made';
SELECT pg_catalog.pg_extension_config_dump('fraud.policy', '');
