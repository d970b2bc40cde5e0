-- fraud_train: columns of every type, what is left out, and what gives the label away.
CREATE TYPE brand AS ENUM ('visa', 'amex', 'diners');
CREATE DOMAIN score_domain AS numeric(5, 2);
CREATE TABLE typed AS
SELECT i % 20 = 3 AS is_fraud,
  100 * (i * 7919 % 1009) / 1009.0::float8 + 20 * (i % 20 = 3)::int AS measure,
  (i % 311)::int2 AS c_int2, (i % 312) AS c_int4, (i % 313)::int8 AS c_int8, (i % 314)::float4 AS c_float4,
  (i % 315)::float8 AS c_float8, (i % 316)::numeric AS c_numeric, (i % 317)::score_domain AS c_domain,
  i % 3 = 0 AS c_bool,
  'text ' || i % 5 AS c_text, ('v' || i % 6)::varchar(10) AS c_varchar, ('c' || i % 7)::char(10) AS c_char,
  ('n' || i % 4)::name AS c_name, chr(65 + i % 9)::"char" AS c_onechar, (enum_range(NULL::brand))[1 + i % 3] AS c_enum,
  md5((i % 8)::text)::uuid AS c_uuid, date '2026-01-01' + i % 28 AS c_date,
  timestamp '2026-01-01 00:00' + i % 900 * interval '1 hour' AS c_timestamp,
  timestamptz '2026-01-01 00:00+00' + i % 901 * interval '1 hour' AS c_timestamptz,
  time '00:00' + i % 902 * interval '1 minute' AS c_time, timetz '00:00+00' + i % 903 * interval '1 minute' AS c_timetz,
  i % 50 * interval '1 day' AS c_interval,
  ARRAY[i] AS c_array, jsonb_build_object('i', i) AS c_jsonb, point(i, i) AS c_point, ''::bytea AS c_bytea
FROM generate_series(1, 3000) AS i;
SELECT version FROM fraud_train('typed', 'typed', params => '{"rounds": 3}');
SELECT f ->> 'name' AS feature, f ->> 'column' AS "column", f ->> 'kind' AS kind, f -> 'values' AS values
FROM fraud.model_version, jsonb_array_elements(signature -> 'features') AS f;

-- features restricts, exclude removes; order is the source's.
SET client_min_messages = error;
SELECT version FROM fraud_train('typed', 'typed', features => '{c_text,measure,c_date}', exclude => '{c_text}', params => '{"rounds": 3}');
SELECT array_agg(f ->> 'name') AS features FROM fraud.model_version, jsonb_array_elements(signature -> 'features') AS f WHERE version = 2;

-- Categories are the values of the training part, by bytes; above the setting their frequency is used.
SET fraud_detect.max_categories = 6;
SET fraud_detect.max_encoded_values = 5;
SELECT version FROM fraud_train('typed', 'SELECT *, timestamptz ''2026-01-01 00:00+00'' + c_int4 * interval ''1 day'' AS t FROM typed',
  features => '{measure,c_varchar,c_char}', event_time => 't', params => '{"rounds": 3}');
RESET fraud_detect.max_categories;
RESET fraud_detect.max_encoded_values;
WITH trained AS (
  SELECT c_char FROM typed, fraud.model_version
  WHERE version = 3 AND timestamptz '2026-01-01 00:00+00' + c_int4 * interval '1 day' <= (parts #>> '{training,until}')::timestamptz),
counted AS (SELECT rtrim(c_char) AS value, count(*) AS n FROM trained GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5)
SELECT f ->> 'name' AS feature, f ->> 'kind' AS kind, CASE f ->> 'kind' WHEN 'frequency' THEN
  f -> 'values' = (SELECT jsonb_agg(value ORDER BY value) FROM counted) AND
  f -> 'counts' = (SELECT jsonb_agg(n ORDER BY value) FROM counted) END AS as_counted
FROM fraud.model_version, jsonb_array_elements(signature -> 'features') AS f WHERE version = 3;

-- Labels: numbers and pairs of texts, in any order of rows.
SELECT rows, frauds FROM fraud_train('labels', 'SELECT measure, c_text, is_fraud::int AS is_fraud FROM typed', params => '{"rounds": 3}');
SELECT rows, frauds FROM fraud_train('labels', 'SELECT measure, c_text, is_fraud::int::numeric AS is_fraud FROM typed', params => '{"rounds": 3}');
SELECT rows, frauds FROM fraud_train('labels', 'SELECT measure, c_text, CASE WHEN is_fraud THEN ''fraud'' ELSE ''ok'' END AS y FROM typed',
  label => 'y', params => '{"rounds": 3}');
SELECT rows, frauds FROM fraud_train('labels', 'SELECT measure, c_text, CASE WHEN is_fraud THEN ''fraud'' ELSE ''ok'' END AS y FROM typed ORDER BY is_fraud DESC',
  label => 'y', params => '{"rounds": 3}');
SELECT count(DISTINCT image) AS models FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'labels';

-- NULL and constant columns, and not-a-number, which is NULL.
RESET client_min_messages;
SELECT version FROM fraud_train('typed', 'SELECT measure, c_text, is_fraud, NULL::int AS nothing, ''NaN''::float8 AS nan, NULL::text AS no_text,
  7 AS seven, ''x''::text AS x, CASE WHEN c_bool THEN 7 END AS seven_or_null FROM typed', params => '{"rounds": 3}');

-- What gives the label away: by name, by being filled in, by its values, by its order, by being unique,
-- by being a clock.
CREATE VIEW leaky AS
SELECT typed.*, row_number() OVER () AS id, md5(random()::text) AS code,
  (row_number() OVER ())::numeric(10, 0) AS numeric_id,
  CASE WHEN is_fraud THEN c_date END AS label_time,
  CASE WHEN is_fraud AND c_int4 % 10 <> 0 THEN c_text END AS chargeback_reason,
  CASE WHEN NOT is_fraud OR c_int4 % 10 = 0 THEN c_text END AS delivered_to,
  CASE WHEN is_fraud AND c_int4 % 10 <> 0 THEN 'blocked' ELSE c_text END AS state,
  CASE WHEN is_fraud THEN 1 + random() ELSE random() END AS refund,
  CASE WHEN is_fraud AND c_int4 % 3 <> 0 THEN 10 + c_int4 ELSE c_int4 % 7 END AS loss,
  floor(extract(epoch FROM c_timestamp) / 3600)::int AS hour_number
FROM typed;
SELECT version FROM fraud_train('leaky', 'leaky', event_time => 'c_timestamp', params => '{"rounds": 3}',
  exclude => '{c_array,c_jsonb,c_point,c_bytea}');
-- Refused when named.
\set VERBOSITY terse
SELECT fraud_train('leaky', 'leaky', event_time => 'c_timestamp', features => '{measure,id}');
SELECT fraud_train('leaky', 'leaky', event_time => 'c_timestamp', features => '{measure,code}');
SELECT fraud_train('leaky', 'leaky', event_time => 'c_timestamp', features => '{measure,state}');
SELECT fraud_train('leaky', 'leaky', event_time => 'c_timestamp', features => '{measure,refund}');
SELECT fraud_train('leaky', 'leaky', event_time => 'c_timestamp', features => '{measure,hour_number}');
SELECT fraud_train('leaky', 'leaky', event_time => 'c_timestamp', features => '{measure,label_time}');

-- A training that is repeated uses the settings that it was first done with; names may hold any character.
\set VERBOSITY default
SET fraud_detect.max_categories = 6;
SELECT version FROM fraud_train('größe', 'SELECT measure AS "Betrag €, [x] < 1", c_char, is_fraud FROM typed',
  params => '{"rounds": 3}');
RESET fraud_detect.max_categories;
SELECT version FROM fraud_retrain('größe');
SELECT count(*) AS versions, count(DISTINCT image) AS images, min(signature #>> '{features,0,name}') AS feature,
  min(signature #>> '{features,1,kind}') AS kind
FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'größe';

-- A time that is the same in all rows, such as that of loading, orders nothing.
SELECT rows, rounds FROM fraud_train('loaded',
  'SELECT i % 100 AS amount, i % 10 = 3 AS is_fraud, now() AS loaded_at FROM generate_series(1, 1000) AS i',
  params => '{"rounds": 2, "early_stopping_rounds": 0}');

-- The only time column splits, unless it is excluded; an excluded one splits where it is named.
SELECT FROM fraud_train('timed', 'SELECT measure, c_timestamp AS t, is_fraud FROM typed', params => '{"rounds": 2}');
SELECT FROM fraud_train('timed', 'SELECT measure, c_timestamp AS t, is_fraud FROM typed', params => '{"rounds": 2}', exclude => '{t}');
SELECT FROM fraud_train('timed', 'SELECT measure, c_timestamp AS t, is_fraud FROM typed', params => '{"rounds": 2}', exclude => '{t}', event_time => 't');
SELECT FROM fraud_train('timed', 'SELECT measure, c_timestamp AS t, c_timestamptz AS u, is_fraud FROM typed', params => '{"rounds": 2}', exclude => '{u}');
-- A label_time is one although it is excluded, for then it is kept from the features, not forgotten.
SELECT FROM fraud_train('timed', 'SELECT measure, c_timestamp AS t, c_timestamp + interval ''1 day'' AS label_time, is_fraud FROM typed',
  params => '{"rounds": 2}', exclude => '{t, label_time}', event_time => 't');
SELECT version, parts ->> 'split' AS split, parts ->> 'event_time' AS event_time, jsonb_array_length(signature -> 'features') AS features,
  (parts #>> '{validation,frauds_not_known_yet}')::int > 0 AS late_frauds, (parts #>> '{validation,share_of_frauds_known}')::float8 < 1 AS share
FROM fraud.model_version JOIN fraud.model USING (model_id) WHERE name = 'timed' ORDER BY version;
