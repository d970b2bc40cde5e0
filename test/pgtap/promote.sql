-- Promotion, rollback, aliases, dropping and export, on versions that nobody trained.
\ir fixture/untrained_versions.sql
BEGIN;
SELECT plan(50);

SELECT throws_ok($$SELECT fraud_promote('card_fraud', 1)$$, 'FD002',
  'model "card_fraud" does not exist',
  'no model at all');
SELECT throws_ok($$SELECT fraud_promote(NULL, 1)$$, 'FD002', 'there is no model yet',
  'no model at all, none named');

SELECT pg_temp.untrained_version('card_fraud', v) FROM generate_series(1, 3) AS v;
SELECT fraud.assign_alias(model_id, 'champion', 1, 'train', NULL) FROM fraud.model;

-- promotion
SELECT results_eq($$SELECT * FROM fraud_promote(model => 'card_fraud', version => 2)$$,
  $$VALUES ('card_fraud', 2, 1)$$, 'promotion returns the champion and the one before');
SELECT results_eq($$SELECT * FROM fraud_promote(NULL, 3)$$,
  $$VALUES ('card_fraud', 3, 2)$$, 'the only model need not be named');
SELECT results_eq($$SELECT * FROM fraud_promote('card_fraud', 3)$$,
  $$VALUES ('card_fraud', 3, 3)$$, 'promoting the champion does nothing');
SELECT is(count(*), 3::bigint, 'and leaves nothing in the history') FROM fraud.alias_history;
SELECT throws_ok($$SELECT fraud_promote('card_fraud', 4)$$, 'FD003',
  'model "card_fraud" has no version 4');
SELECT throws_ok($$SELECT fraud_promote('card_fraud', 0)$$, 'FD003',
  'model "card_fraud" has no version 0');
SELECT throws_ok($$SELECT fraud_promote('card_fraud', NULL)$$, '22004', 'version must not be null');
SELECT throws_ok($$SELECT fraud_promote('Card_fraud', 1)$$, 'FD002',
  'model "Card_fraud" does not exist');

-- rollback walks back, it does not swap
SELECT results_eq($$SELECT * FROM fraud_rollback('card_fraud')$$, $$VALUES ('card_fraud', 2, 3)$$,
  'rollback of version 3');
SELECT results_eq($$SELECT * FROM fraud_rollback('card_fraud')$$, $$VALUES ('card_fraud', 1, 2)$$,
  'rollback of version 2');
SELECT throws_ok($$SELECT fraud_rollback('card_fraud')$$, 'FD003',
  'model "card_fraud" has no champion before the present one', 'nothing is left to return to');
SELECT results_eq(
  $$SELECT version, previous_id - min(assignment_id) OVER () + 1,
    action FROM fraud.alias_history ORDER BY assignment_id$$,
  $$VALUES (1, NULL::bigint, 'train'), (2, 1, 'promote'), (3, 2, 'promote'), (2, 1, 'rollback'),
    (1, NULL, 'rollback')$$,
  'every assignment is kept, linked to the one before');
SELECT results_eq($$SELECT * FROM fraud_promote('card_fraud', 3)$$, $$VALUES ('card_fraud', 3,
  1)$$, 'forward again');
SELECT results_eq($$SELECT * FROM fraud_rollback('card_fraud')$$, $$VALUES ('card_fraud', 1, 3)$$,
  'a rollback after it returns to what was champion then');

-- rollback passes over versions that were dropped
SELECT fraud_promote('card_fraud', 2);
SELECT fraud_promote('card_fraud', 3);
SELECT results_eq($$SELECT * FROM fraud_drop_version('card_fraud', 2)$$, $$VALUES ('card_fraud',
  2)$$, 'drop a version');
SELECT results_eq($$SELECT * FROM fraud_rollback('card_fraud')$$, $$VALUES ('card_fraud', 1, 3)$$,
  'rollback passes over it');
SELECT throws_ok($$SELECT fraud_drop_version('card_fraud', 2)$$, 'FD003',
  'model "card_fraud" has no version 2');
SELECT throws_ok($$SELECT fraud_drop_version('card_fraud', 1)$$, '2BP01',
  'cannot drop version 1 of model "card_fraud" because an alias points at it',
    'the champion cannot be dropped');
SELECT throws_ok($$DELETE FROM fraud.model_version WHERE version = 1$$, '23503', NULL,
  'nor by hand');
SELECT throws_ok($$UPDATE fraud.alias SET version = 9$$, '23503', NULL,
  'an alias cannot point at nothing');

SELECT throws_ok($$TRUNCATE fraud.model_version$$, '55000', 'fraud.model_version cannot be truncated');
SELECT throws_ok($$TRUNCATE fraud.model$$, '55000', 'fraud.model cannot be truncated');

-- what a version is does not change
SELECT throws_ok($$UPDATE fraud.model_version SET rows = 1$$, '55000',
  'rows of fraud.model_version are immutable');
SELECT throws_ok($$UPDATE fraud.alias_history SET version = 1$$, '55000',
  'rows of fraud.alias_history are immutable');
SELECT throws_ok($$DELETE FROM fraud.alias_history$$, '55000',
  'rows of fraud.alias_history are immutable', 'history cannot be forgotten');
SELECT throws_ok($$TRUNCATE fraud.alias_history$$, '55000',
  'fraud.alias_history cannot be truncated');

-- a version that asks for more than the champion does
SELECT pg_temp.untrained_version('card_fraud', 4, '{amount,mcc,device_id}');
SELECT throws_ok($$SELECT fraud_promote('card_fraud', 4)$$, '55000',
  'version 4 of model "card_fraud" reads columns that champion version 1 does not',
    'new columns need consent');
SELECT results_eq($$SELECT * FROM fraud_promote('card_fraud', 4, force => true)$$,
  $$VALUES ('card_fraud', 4, 1)$$, 'consent is given by force');
SELECT results_eq($$SELECT * FROM fraud_promote('card_fraud', 3)$$, $$VALUES ('card_fraud', 3, 4)$$,
  'fewer columns need none');

-- other aliases
SELECT results_eq($$SELECT * FROM fraud_set_alias('card_fraud', 'challenger', 4)$$,
  $$VALUES ('card_fraud', 'challenger', 4, NULL::int)$$, 'a new alias');
SELECT results_eq($$SELECT * FROM fraud_set_alias('card_fraud', 'challenger', 1)$$,
  $$VALUES ('card_fraud', 'challenger', 1, 4)$$, 'an alias moves');
SELECT results_eq($$SELECT * FROM fraud_set_alias('card_fraud', 'challenger', 1)$$,
  $$VALUES ('card_fraud', 'challenger', 1, 1)$$, 'or stays');
SELECT throws_ok($$SELECT fraud_drop_version('card_fraud', 1)$$, '2BP01', NULL,
  'it protects its version');
SELECT results_eq($$SELECT * FROM fraud_set_alias('card_fraud', 'challenger', NULL)$$,
  $$VALUES ('card_fraud', 'challenger', NULL::int, 1)$$, 'an alias is removed');
SELECT throws_ok($$SELECT fraud_set_alias('card_fraud', 'challenger', NULL)$$, 'FD003',
  'model "card_fraud" has no alias "challenger"');
SELECT throws_ok($$SELECT fraud_set_alias('card_fraud', 'champion', 1)$$, '22023',
  'the alias champion is set by promotion');
SELECT throws_ok($$SELECT fraud_set_alias('card_fraud', NULL, 1)$$, '22004',
  'alias must not be null');
SELECT throws_ok($$SELECT fraud_set_alias('card_fraud', '', 1)$$, '22023',
  'an alias has 1 to 200 bytes');
SELECT throws_ok($$SELECT fraud_set_alias('card_fraud', 'shadow', 8)$$, 'FD003',
  'model "card_fraud" has no version 8');

-- names are data, whatever they hold
SELECT pg_temp.untrained_version($$o'clock "; DROP TABLE fraud.alias; --$$, 1);
SELECT results_eq($$SELECT version FROM fraud_promote('o''clock "; DROP TABLE fraud.alias; --',
  1)$$, $$VALUES (1)$$,
  'SQL in a name is not run');
SELECT throws_ok($$SELECT fraud_promote(NULL, 1)$$, 'FD002',
  'there are several models and the call names none');
SET LOCAL fraud_detect.model = 'card_fraud';
SELECT results_eq($$SELECT model FROM fraud_promote(NULL, 1)$$, $$VALUES ('card_fraud')$$,
  'the setting names the model');

-- export
SELECT is(fraud_export('card_fraud'), 'artifact'::bytea, 'the artifact comes out as it was stored');
SELECT throws_ok($$SELECT fraud_export('card_fraud', 2)$$, 'FD003',
  'model "card_fraud" has no version 2');
ALTER TABLE fraud.model_version DISABLE TRIGGER model_version_is_immutable;
UPDATE fraud.model_version SET artifact = 'artifacT' WHERE version = 3;
SELECT throws_ok($$SELECT fraud_export('card_fraud', 3)$$, 'FD005',
  'the artifact of version 3 of model "card_fraud" is damaged');

-- dropping a model
SELECT results_eq($$SELECT * FROM fraud_drop_model('card_fraud')$$, $$VALUES ('card_fraud', 3)$$,
  'drop a model');
SELECT results_eq($$SELECT name COLLATE "default", champion.version FROM fraud.model LEFT JOIN
  fraud.alias AS
  champion USING (model_id)$$,
  $$VALUES ('o''clock "; DROP TABLE fraud.alias; --', 1)$$, 'all of it, and nothing else');

SELECT is(count(*), 1::bigint, 'its history as well') FROM fraud.alias_history;

SELECT * FROM finish();
ROLLBACK;
