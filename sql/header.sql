-- fraud_detect: install script, assembled from sql/ (order: sql/parts).
\echo Use "CREATE EXTENSION fraud_detect" to load this file. \quit

-- Users' functions live in @extschema@, the schema the extension is created in.
-- Relations and support functions live in the schema fraud, which is created
-- without IF NOT EXISTS on purpose: a schema that somebody else prepared could
-- hold objects that would capture our names.
CREATE SCHEMA fraud;
GRANT USAGE ON SCHEMA fraud TO PUBLIC;
COMMENT ON SCHEMA fraud IS
'fraud_detect: registry of models, decisions and statistics';


-- Nothing below can be captured by objects of the schema we are created in:
-- names without a schema are the server's own. Ours are all qualified.
SET LOCAL search_path = pg_catalog, pg_temp;
