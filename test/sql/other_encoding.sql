-- other_encoding: a database of another encoding than UTF-8 gives the same rows and the same models.
-- (Of a split by time: one that is drawn is drawn by the bytes of the rows.)
SET client_min_messages = warning;
SET client_encoding = UTF8;
SELECT current_database() AS first_database \gset
CREATE EXTENSION fraud_detect;

CREATE FUNCTION rows_of_a_seed() RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(t::text, E'\n' ORDER BY transaction_id)) FROM fraud_generate(2000, 7) t
$$;
SET TimeZone = 'UTC';
SELECT rows_of_a_seed() AS generated \gset

CREATE TABLE payment AS
SELECT i % 10 = 3 OR i % 77 = 0 AS is_fraud, i * 7919 % 313 AS "größe",
       timestamp '2026-01-01 00:00' + i * interval '1 hour' AS zeit,
       (ARRAY['außen', 'innen', 'öffentlich', 'übrig'])[1 + i % 4] AS ort
FROM generate_series(1, 600) i;
SELECT version FROM fraud_train('händler', 'payment', params => '{"rounds": 3, "early_stopping_rounds": 0}');
SELECT md5(artifact) AS artifact, md5(image) AS image,
  encode(convert_to(signature::text, 'UTF8'), 'hex') AS signature
FROM fraud.model_version \gset
SELECT sum(fraud_margin(p)::numeric) AS margins FROM payment p \gset

CREATE DATABASE regress_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\connect regress_latin1
SET client_min_messages = warning;
SET client_encoding = UTF8;
SET TimeZone = 'UTC';
SHOW server_encoding;
CREATE EXTENSION fraud_detect;
CREATE FUNCTION rows_of_a_seed() RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(t::text, E'\n' ORDER BY transaction_id)) FROM fraud_generate(2000, 7) t
$$;
SELECT rows_of_a_seed() = :'generated' AS same_rows;
CREATE TABLE payment AS
SELECT i % 10 = 3 OR i % 77 = 0 AS is_fraud, i * 7919 % 313 AS "größe",
       timestamp '2026-01-01 00:00' + i * interval '1 hour' AS zeit,
       (ARRAY['außen', 'innen', 'öffentlich', 'übrig'])[1 + i % 4] AS ort
FROM generate_series(1, 600) i;
SELECT version FROM fraud_train('händler', 'payment', params => '{"rounds": 3, "early_stopping_rounds": 0}');
-- XGBoost's format is UTF-8 everywhere: what is exported can be read elsewhere.
SELECT md5(artifact) = :'artifact' AS same_artifact, md5(image) = :'image' AS same_image,
  encode(convert_to(signature::text, 'UTF8'), 'hex') = :'signature' AS same_signature,
  position(convert_to('größe', 'UTF8') IN artifact) > 0 AS names_in_utf8
FROM fraud.model_version;
SELECT sum(fraud_margin(p)::numeric) = :margins AS same_margins FROM payment p;
SELECT version FROM fraud_retrain('händler');

\connect :first_database
DROP DATABASE regress_latin1;
