-- Errors that name what exists and guess what was meant.
\ir fixture/untrained_versions.sql
BEGIN;
SELECT plan(10);

CREATE FUNCTION pg_temp.complaint(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', message, detail, hint);
END
$$;

SELECT is(fraud.nearest_name('max_dept', '{eta,max_depth}'), 'max_depth', 'a slip of the finger');
SELECT is(fraud.nearest_name('learning_rate', '{eta,max_depth}'), NULL, 'a stranger');
SELECT is(fraud.nearest_name('eta', ARRAY[NULL, 'etc']), 'etc', 'NULL candidates are passed over');
SELECT is(fraud.nearest_name('eta', '{}'), NULL, 'no candidates');
SELECT is(fraud.name_list(array_agg('n' || i ORDER BY i)),
  '"n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10" and 15 more',
  'a list for a message stays short') FROM generate_series(1, 25) AS i;

SELECT is(pg_temp.complaint($$SELECT fraud_rollback('card_frod')$$),
  'model "card_frod" does not exist |  | Train one with fraud_train.', 'no models');
SELECT pg_temp.untrained_version('card_fraud', v) FROM generate_series(1, 2) AS v;
SELECT pg_temp.untrained_version('wire_fraud', 1);
SELECT is(pg_temp.complaint($$SELECT fraud_rollback('card_frod')$$),
  'model "card_frod" does not exist | Models: "card_fraud", "wire_fraud". | Perhaps you meant '
    '"card_fraud".', 'a near name');
SELECT is(pg_temp.complaint($$SELECT fraud_rollback('insurance')$$),
  'model "insurance" does not exist | Models: "card_fraud", "wire_fraud". | The view fraud.models '
    'lists all models.', 'no near name');
SELECT is(pg_temp.complaint($$SELECT fraud_rollback(NULL)$$),
  'there are several models and the call names none | Models: "card_fraud", "wire_fraud". | '
    'Pass model => ''...'', or set fraud_detect.model.',
  'no name');
SELECT is(pg_temp.complaint($$SELECT fraud_promote('card_fraud', 3)$$),
  'model "card_fraud" has no version 3 | Versions: 2, 1. | SELECT * FROM fraud.leaderboard WHERE '
    'model = ''card_fraud'';', 'no version');

SELECT * FROM finish();
ROLLBACK;
