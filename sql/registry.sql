-- registry: models, their versions, the names that point at versions, and runs.
--
-- Rows of fraud.model_version are immutable: what a version is never changes,
-- only the alias that points at it does, and a version's number is never given
-- to another one, even after it was dropped: a new one takes its number by
--   UPDATE fraud.model SET last_version = last_version + 1 WHERE ... RETURNING last_version
-- which also serialises registrations. Backends key their cache by
-- version_uid and find the version of a statement by reading fraud.alias under
-- the statement's own snapshot (docs/architecture.md, "One statement, one model").
--
-- Names have the collation "C": C code looks them up through their indexes, and
-- no change of the system's locale can make such an index lie.

-- No table has a foreign key: sql/integrity.sql says why, and does their work.

CREATE SEQUENCE fraud.model_id_seq AS bigint;
CREATE TABLE fraud.model (
  model_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.model_id_seq'),
  name text COLLATE pg_catalog."C" NOT NULL UNIQUE
    CHECK (name <> '' AND pg_catalog.octet_length(name) <= 200),
  last_version int NOT NULL DEFAULT 0 CHECK (last_version >= 0),
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by text NOT NULL DEFAULT CURRENT_USER
);
ALTER SEQUENCE fraud.model_id_seq OWNED BY fraud.model.model_id;

CREATE TABLE fraud.model_version (
  model_id bigint NOT NULL,
  version int NOT NULL CHECK (version > 0),
  version_uid uuid NOT NULL UNIQUE DEFAULT pg_catalog.gen_random_uuid(),
  algorithm text NOT NULL,
  signature jsonb NOT NULL,
  image bytea NOT NULL,
  image_sha256 bytea NOT NULL,
  artifact bytea NOT NULL,
  artifact_sha256 bytea NOT NULL,
  golden bytea NOT NULL,
  score_quantiles float8[],
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
-- the one it replaced, so that a rollback walks back instead of swapping; after
-- a rollback it links to the one before the version that was returned to.
-- version NULL: the alias was removed.
CREATE SEQUENCE fraud.alias_assignment_id_seq AS bigint;
CREATE TABLE fraud.alias_history (
  assignment_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.alias_assignment_id_seq'),
  model_id bigint NOT NULL,
  alias text NOT NULL,
  version int,
  previous_id bigint,
  action text NOT NULL CHECK (action IN ('train', 'promote', 'rollback', 'set', 'remove')),
  assigned_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  assigned_by text NOT NULL DEFAULT CURRENT_USER
);
ALTER SEQUENCE fraud.alias_assignment_id_seq OWNED BY fraud.alias_history.assignment_id;

CREATE TABLE fraud.alias (
  model_id bigint NOT NULL,
  alias text COLLATE pg_catalog."C" NOT NULL CHECK (alias <> '' AND pg_catalog.octet_length(alias) <= 200),
  version int NOT NULL,
  assignment_id bigint NOT NULL,
  PRIMARY KEY (model_id, alias)
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
  best_round int NOT NULL
);
ALTER SEQUENCE fraud.run_id_seq OWNED BY fraud.run.run_id;

CREATE TABLE fraud.run_metric (
  run_id bigint NOT NULL,
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
  PRIMARY KEY (model_id, version, feature)
);

COMMENT ON TABLE fraud.model IS 'models by name';
COMMENT ON COLUMN fraud.model.last_version IS
'highest version number ever given, dropped ones included';
COMMENT ON TABLE fraud.model_version IS
'versions of models: what was trained, from what, and how good it is; immutable';
COMMENT ON COLUMN fraud.model_version.version_uid IS
'key of the model caches: never reused, kept by dump and restore';
COMMENT ON COLUMN fraud.model_version.signature IS
'features in order, with the columns they are computed from';
COMMENT ON COLUMN fraud.model_version.image IS
'the forest as scoring reads it (docs/image-format.md)';
COMMENT ON COLUMN fraud.model_version.artifact IS 'the model in XGBoost''s own format';
COMMENT ON COLUMN fraud.model_version.golden IS
'rows with their margins, evaluated again whenever the image is loaded';
COMMENT ON COLUMN fraud.model_version.score_quantiles IS
'scores of the holdout (of the validation part where there is none): the least, the greatest and what lies '
'between at equal steps of rank; the planner estimates conditions on fraud_score by them';
COMMENT ON COLUMN fraud.model_version.request IS 'the arguments of fraud_train, for fraud_retrain';
COMMENT ON COLUMN fraud.model_version.metrics IS 'metrics of the holdout part';
COMMENT ON COLUMN fraud.model_version.parts IS
'row and fraud counts of training, validation and holdout part';
COMMENT ON COLUMN fraud.model_version.label_cutoff IS
'labels that became known after this instant were not used';
COMMENT ON TABLE fraud.alias IS 'names that point at versions; champion is the one that scores';
COMMENT ON TABLE fraud.alias_history IS 'every assignment of an alias, as long as its model is there; append-only';
COMMENT ON TABLE fraud.run IS 'training runs that registered a version';
COMMENT ON TABLE fraud.run_metric IS 'metrics of a run by boosting round';
COMMENT ON TABLE fraud.feature_importance IS 'importance of each feature of a version';
COMMENT ON SEQUENCE fraud.model_id_seq IS 'keys of fraud.model';
COMMENT ON SEQUENCE fraud.alias_assignment_id_seq IS 'keys of fraud.alias_history';
COMMENT ON SEQUENCE fraud.run_id_seq IS 'keys of fraud.run';

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

