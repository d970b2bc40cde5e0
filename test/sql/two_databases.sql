-- two_databases: databases of one cluster never see each other's models.
SET client_min_messages = warning;
SELECT current_database() AS first_database \gset
CREATE EXTENSION fraud_detect;
CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 1000) / 10.0 AS amount FROM generate_series(1, 600) i;
SELECT version FROM fraud_train(
  'm', 'SELECT amount, amount > 90 AND id % 4 <> 0 AS is_fraud FROM payment',
  calibration => 'none', params => '{"rounds": 1, "max_depth": 1}');
SELECT fraud_margin(r) AS margin FROM (SELECT 99.5 AS amount) r \gset

CREATE DATABASE regress_fraud_other TEMPLATE template0;
\connect regress_fraud_other
SET client_min_messages = warning;
CREATE EXTENSION fraud_detect;
SELECT fraud_score(r) FROM (SELECT 99.5 AS amount) r;
SELECT fraud_score(r, 'm') FROM (SELECT 99.5 AS amount) r;
CREATE TABLE payment AS
SELECT i AS id, (i * 7919 % 1000) / 10.0 AS amount FROM generate_series(1, 600) i;
SELECT version FROM fraud_train(
  'm', 'SELECT amount, amount > 60 AND id % 4 <> 0 AS is_fraud FROM payment',
  calibration => 'none', params => '{"rounds": 1, "max_depth": 1}');
SELECT fraud_margin(r) <> :margin::float4 AS another_model FROM (SELECT 99.5 AS amount) r;

\connect :first_database
SELECT fraud_margin(r) = :margin::float4 AS as_before FROM (SELECT 99.5 AS amount) r;
SELECT count(*) FROM fraud.model_version;
DROP DATABASE regress_fraud_other;
