-- damaged_model: stored bytes that are not what was trained are refused with FD005.
SET client_min_messages = warning;
CREATE TABLE payment AS
SELECT (i * 7919 % 1000) / 10.0 AS amount, i * 7919 % 1000 > 900 AND i % 4 <> 0 AS is_fraud
FROM generate_series(1, 600) i;
SELECT count(*) FROM fraud_train('m', 'payment', calibration => 'none',
                                 params => '{"rounds": 1, "max_depth": 1}');
CREATE VIEW score AS SELECT fraud_score(r, 'm') AS score FROM (SELECT 1.0 AS amount) r;
CREATE TABLE undamaged AS SELECT * FROM fraud.model_version;
SELECT score IS NOT NULL AS scored FROM score;

-- Only a superuser can change a version, and only against a trigger.
UPDATE fraud.model_version SET image = '';
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
UPDATE fraud.model_version SET image = set_byte(image, 100, get_byte(image, 100) # 1);
SELECT score FROM score;
UPDATE fraud.model_version SET image_sha256 = sha256(image);
SELECT score FROM score;
UPDATE fraud.model_version v SET image = u.image, image_sha256 = '' FROM undamaged u;
SELECT score FROM score;
UPDATE fraud.model_version v SET image_sha256 = u.image_sha256 FROM undamaged u;
SELECT score IS NOT NULL AS scored_again FROM score;

-- What became of a change: refused with FD005, or scored.
CREATE FUNCTION outcome_of(changed fraud.model_version) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  score float8;
BEGIN
  UPDATE fraud.model_version v
  SET image = changed.image, image_sha256 = changed.image_sha256, golden = changed.golden,
      signature = changed.signature;
  SELECT s.score INTO score FROM score s;
  RETURN 'scored';
EXCEPTION WHEN SQLSTATE 'FD005' THEN
  RETURN 'FD005';
END
$$;

-- Every byte of the image, first as it is and then with a digest that agrees.
CREATE FUNCTION flip(bytes bytea, at int) RETURNS bytea LANGUAGE sql AS $$
  SELECT set_byte(bytes, at, get_byte(bytes, at) # (1 << at % 8))
$$;
CREATE FUNCTION with_image(image bytea, sha bytea) RETURNS fraud.model_version
LANGUAGE plpgsql AS $$
DECLARE
  v fraud.model_version;
BEGIN
  SELECT * INTO v FROM undamaged;
  v.image := image;
  v.image_sha256 := sha;
  RETURN v;
END
$$;
SELECT outcome_of(with_image(flip(image, at), image_sha256)) AS outcome, count(*) > 30 AS many
FROM undamaged, generate_series(0, length(image) - 1, 7) at GROUP BY 1;
SELECT outcome_of(with_image(flip(image, at), sha256(flip(image, at)))) AS outcome,
       count(*) > 300 AS many
FROM undamaged, generate_series(0, length(image) - 1) at GROUP BY 1;
SELECT outcome_of(with_image(substr(image, 1, n), sha256(substr(image, 1, n)))) AS outcome,
       count(*) > 30 AS many
FROM undamaged, generate_series(0, length(image) - 1, 9) n GROUP BY 1;
SELECT outcome_of(with_image(image || '\x00', sha256(image || '\x00'))) FROM undamaged;

-- Golden rows: the header and every margin. (A bit of a value may not matter to any tree.)
CREATE FUNCTION with_golden(golden bytea) RETURNS fraud.model_version
LANGUAGE plpgsql AS $$
DECLARE
  v fraud.model_version;
BEGIN
  SELECT * INTO v FROM undamaged;
  v.golden := golden;
  RETURN v;
END
$$;
CREATE VIEW golden_size AS
SELECT golden, length(golden) AS size, get_byte(golden, 4) AS n_rows,
       get_byte(golden, 8) AS n_features
FROM undamaged;
SELECT n_rows > 0 AND size = 16 + 4 * n_rows * (n_features + 1) AS as_documented FROM golden_size;
SELECT outcome_of(with_golden(flip(golden, at))) AS outcome, count(*) > 30 AS many
FROM golden_size, LATERAL (SELECT generate_series(0, 15) UNION ALL
                           SELECT generate_series(size - 4 * n_rows, size - 1)) s (at)
GROUP BY 1;
SELECT outcome_of(with_golden(substr(golden, 1, n))) AS outcome, count(*) > 30 AS many
FROM golden_size, generate_series(0, size - 1, 3) n GROUP BY 1;

-- The signature.
CREATE FUNCTION feature(name text, kind text, VARIADIC more jsonb[] = '{}') RETURNS jsonb
LANGUAGE sql AS $$
  SELECT jsonb_build_object('name', name, 'column', 'amount', 'kind', kind) || coalesce(
    (SELECT jsonb_object_agg(key, value) FROM unnest(more) m, jsonb_each(m)), '{}')
$$;
CREATE FUNCTION signature_error(signature jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  UPDATE fraud.model_version v SET signature = signature_error.signature;
  PERFORM score FROM score;
  RETURN 'scored';
EXCEPTION WHEN SQLSTATE 'FD005' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail;
END
$$;
UPDATE fraud.model_version v
SET golden = u.golden, image = u.image, image_sha256 = u.image_sha256, signature = u.signature
FROM undamaged u;
SELECT signature_error(signature) FROM undamaged;
SELECT signature_error(s) FROM unnest(ARRAY[
  'null', '1', '"x"', '[]', '{}', '{"format": 2}', '{"format": "1", "features": []}',
  '{"format": 1}', '{"format": 1, "features": {}}', '{"format": 1, "features": []}',
  '{"format": 1, "features": [1]}', '{"format": 1, "features": [[]]}',
  '{"format": 1, "features": [{}]}', '{"format": 1, "features": [{"name": ""}]}',
  '{"format": 1, "features": [{"name": "a", "column": 1}]}',
  '{"format": 1, "features": [{"name": "a", "column": "amount", "kind": "colour"}]}',
  '{"format": 1, "features": [{"name": "a", "column": "amount", "kind": "number"}]}',
  format('{"format": 1, "features": [{"name": "a", "column": "amount", "kind": "a%s"}]}', repeat('é', 40))]::jsonb[]) s;
SELECT signature_error(jsonb_build_object('format', 1, 'features', f)) FROM unnest(ARRAY[
  jsonb_build_array(feature('a', 'number'), feature('a', 'number')),
  jsonb_build_array(feature('a', 'category')),
  jsonb_build_array(feature('a', 'category', '{"values": "x"}')),
  jsonb_build_array(feature('a', 'category', '{"values": ["x", 1]}')),
  jsonb_build_array(feature('a', 'category', '{"values": ["x", ["y"]]}')),
  jsonb_build_array(feature('a', 'category', '{"values": ["x", "y", "x"]}')),
  jsonb_build_array(feature('a', 'frequency', '{"values": ["x", "y"]}')),
  jsonb_build_array(feature('a', 'frequency', '{"values": ["x"], "counts": [1, 2]}')),
  jsonb_build_array(feature('a', 'frequency', '{"values": ["x"], "counts": ["1"]}')),
  jsonb_build_array(feature('a', 'frequency', '{"values": ["x"], "counts": [-1]}')),
  jsonb_build_array(feature('a', 'frequency', '{"values": ["x"], "counts": [1e999]}')),
  jsonb_build_array(feature('a', 'number'), feature('b', 'number'))]) f;
-- A signature that is well-formed and says something else.
SELECT signature_error(jsonb_build_object('format', 1, 'features', jsonb_build_array(f)))
FROM undamaged, LATERAL (VALUES
  (feature('amount2', 'number')), (feature('amount', 'number', '{"column": "x"}')),
  (feature('amount', 'duration')), (feature('amount', 'category', '{"values": []}'))) s (f);

-- Nothing is left of what was refused.
UPDATE fraud.model_version v
SET golden = flip(v.golden, length(v.golden) - 1), signature = u.signature
FROM undamaged u;
\set VERBOSITY sqlstate
SELECT score FROM score;
\set VERBOSITY default
SELECT count(*) FROM pg_backend_memory_contexts
WHERE name IN ('fraud_detect model', 'fraud_detect model load');
UPDATE fraud.model_version v SET golden = u.golden FROM undamaged u;
SELECT score IS NOT NULL AS scored FROM score;

-- Tables that are not ours any more: a column without its constraint, of another type, or not there.
BEGIN;
ALTER TABLE fraud.model_version ALTER COLUMN image DROP NOT NULL;
UPDATE fraud.model_version SET image = NULL;
SELECT score FROM score;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
ALTER TABLE fraud.model_version ALTER COLUMN signature TYPE text;
SELECT score FROM score;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
ALTER TABLE fraud.model_version DROP COLUMN golden CASCADE;
SELECT score FROM score;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- The artifact, every byte of it: export refuses it, and scoring does not read it.
CREATE FUNCTION export_of_flipped(at int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  UPDATE fraud.model_version v SET artifact = flip(u.artifact, at) FROM undamaged u;
  PERFORM fraud_export('m');
  RETURN 'exported';
EXCEPTION WHEN SQLSTATE 'FD005' THEN
  RETURN 'FD005';
END
$$;
SELECT export_of_flipped(at) AS outcome, count(*) > 500 AS many
FROM undamaged, generate_series(0, length(artifact) - 1) at GROUP BY 1;
UPDATE fraud.model_version v SET artifact = flip(u.artifact, 0) FROM undamaged u;
SELECT fraud_export('m');
SELECT score IS NOT NULL AS scored FROM score;
UPDATE fraud.model_version v SET artifact = u.artifact FROM undamaged u;
SELECT fraud_export('m') = artifact AS exported FROM undamaged;
