-- registry: models, their versions, the names that point at versions, and runs.
--
-- Rows of fraud.model_version are immutable: what a version is never changes,
-- only the alias that points at it does. Backends key their cache by
-- version_uid and find the version of a statement by reading fraud.alias under
-- the statement's own snapshot (docs/architecture.md, "One statement, one model").

CREATE SEQUENCE fraud.model_id_seq AS bigint;
CREATE TABLE fraud.model (
  model_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.model_id_seq'),
  name text NOT NULL UNIQUE CHECK (name <> '' AND pg_catalog.octet_length(name) <= 200),
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by text NOT NULL DEFAULT CURRENT_USER
);
ALTER SEQUENCE fraud.model_id_seq OWNED BY fraud.model.model_id;

CREATE TABLE fraud.model_version (
  model_id bigint NOT NULL REFERENCES fraud.model ON DELETE CASCADE,
  version int NOT NULL CHECK (version > 0),
  version_uid uuid NOT NULL UNIQUE DEFAULT pg_catalog.gen_random_uuid(),
  algorithm text NOT NULL,
  signature jsonb NOT NULL,
  image bytea NOT NULL,
  image_sha256 bytea NOT NULL,
  artifact bytea NOT NULL,
  artifact_sha256 bytea NOT NULL,
  golden bytea NOT NULL,
  request jsonb NOT NULL,
  params jsonb NOT NULL,
  metrics jsonb NOT NULL,
  parts jsonb NOT NULL,
  rows bigint NOT NULL,
  frauds bigint NOT NULL,
  data_from timestamptz,
  data_until timestamptz,
  label_cutoff timestamptz,
  source_query text NOT NULL,
  seed bigint NOT NULL,
  threads int NOT NULL,
  rounds int NOT NULL,
  libraries jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by text NOT NULL DEFAULT CURRENT_USER,
  PRIMARY KEY (model_id, version)
);
-- Images and artifacts are dense floats: compression costs time on load and gains little.
ALTER TABLE fraud.model_version ALTER COLUMN image SET STORAGE EXTERNAL;
ALTER TABLE fraud.model_version ALTER COLUMN golden SET STORAGE EXTERNAL;

-- Every assignment of an alias, for ever. previous_id links an assignment to
-- the one it replaced, so that a rollback walks back instead of swapping.
CREATE SEQUENCE fraud.alias_assignment_id_seq AS bigint;
CREATE TABLE fraud.alias_history (
  assignment_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.alias_assignment_id_seq'),
  model_id bigint NOT NULL REFERENCES fraud.model ON DELETE CASCADE,
  alias text NOT NULL,
  version int NOT NULL,
  previous_id bigint,
  action text NOT NULL CHECK (action IN ('train', 'promote', 'rollback', 'set')),
  assigned_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  assigned_by text NOT NULL DEFAULT CURRENT_USER
);
ALTER SEQUENCE fraud.alias_assignment_id_seq OWNED BY fraud.alias_history.assignment_id;

CREATE TABLE fraud.alias (
  model_id bigint NOT NULL,
  alias text NOT NULL CHECK (alias <> ''),
  version int NOT NULL,
  assignment_id bigint NOT NULL,
  PRIMARY KEY (model_id, alias),
  FOREIGN KEY (model_id, version) REFERENCES fraud.model_version (model_id, version)
);

CREATE SEQUENCE fraud.run_id_seq AS bigint;
CREATE TABLE fraud.run (
  run_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.run_id_seq'),
  model_id bigint NOT NULL,
  version int NOT NULL,
  kind text NOT NULL CHECK (kind IN ('train', 'retrain')),
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  rounds int NOT NULL,
  best_round int NOT NULL,
  FOREIGN KEY (model_id, version) REFERENCES fraud.model_version (model_id, version)
    ON DELETE CASCADE
);
ALTER SEQUENCE fraud.run_id_seq OWNED BY fraud.run.run_id;

CREATE TABLE fraud.run_metric (
  run_id bigint NOT NULL REFERENCES fraud.run ON DELETE CASCADE,
  round int NOT NULL,
  part text NOT NULL,
  metric text NOT NULL,
  value float8 NOT NULL,
  PRIMARY KEY (run_id, round, part, metric)
);

CREATE TABLE fraud.feature_importance (
  model_id bigint NOT NULL,
  version int NOT NULL,
  feature text NOT NULL,
  gain float8 NOT NULL,
  cover float8 NOT NULL,
  splits bigint NOT NULL,
  PRIMARY KEY (model_id, version, feature),
  FOREIGN KEY (model_id, version) REFERENCES fraud.model_version (model_id, version)
    ON DELETE CASCADE
);

SELECT pg_catalog.pg_extension_config_dump('fraud.model', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.model_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.model_version', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.alias_history', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.alias_assignment_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.alias', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.run', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.run_metric', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.feature_importance', '');

