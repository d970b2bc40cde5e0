-- engine: what evaluates forests in this session, and which ones it holds (docs/engine.md).

CREATE FUNCTION @extschema@.fraud_engine(
  OUT path text, OUT available bool, OUT in_use bool, OUT needs text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 4
AS '$libdir/fraud_detect', 'fraud_engine';
COMMENT ON FUNCTION @extschema@.fraud_engine() IS
'the ways in which forests can be evaluated, the fastest first: whether this machine can, which one '
'this session uses (setting fraud_detect.engine_path), what it needs of the processor. '
'All give the same bits. A forest without a layout for vectors is evaluated by its nodes in any case';

CREATE FUNCTION fraud.cached_models(
  OUT model text, OUT version int, OUT path text, OUT trees int, OUT features int, OUT bytes bigint,
  OUT uses bigint, OUT in_use bool)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 4
AS '$libdir/fraud_detect', 'fraud_cached_models';
COMMENT ON FUNCTION fraud.cached_models() IS
'the models that this session has loaded, the most recently used one first: the view fraud.model_cache';

CREATE VIEW fraud.model_cache WITH (security_invoker = true) AS
SELECT * FROM fraud.cached_models();
COMMENT ON VIEW fraud.model_cache IS
'the models that this session has loaded, the most recently used one first: the path that evaluates '
'each, its size in memory, how often statements took it, and whether one has it now. '
'Above fraud_detect.model_cache_size the last ones that are not in use go';
