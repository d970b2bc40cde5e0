-- Rules run with the rights of the table's owner, in sessions of those who insert: neither gets at
-- what is the other's, and nobody else's code runs.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(36);

CREATE ROLE fraud_test_owner;
CREATE ROLE fraud_test_member;
CREATE ROLE fraud_test_payer;
CREATE ROLE fraud_test_other;
GRANT fraud_test_owner TO fraud_test_member;
GRANT CREATE ON SCHEMA public TO fraud_test_owner, fraud_test_other;
CREATE SCHEMA payers AUTHORIZATION fraud_test_payer;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA fraud TO fraud_test_owner, fraud_test_other;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA fraud TO fraud_test_owner, fraud_test_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO fraud_test_owner, fraud_test_other;
GRANT EXECUTE ON FUNCTION fraud_guard, fraud_rule, fraud_rule_drop, fraud_list_add, fraud_list_remove TO fraud_test_owner, fraud_test_other;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

SET LOCAL ROLE fraud_test_owner;
CREATE TABLE public.payment (id int, card text, amount numeric, fraud_decision text);
CREATE TABLE public.secret (card text);
INSERT INTO public.secret VALUES ('watched');
CREATE FUNCTION public.is_watched(card text) RETURNS bool LANGUAGE sql STABLE
AS $$ SELECT EXISTS (SELECT FROM public.secret s WHERE s.card = is_watched.card) $$;
REVOKE ALL ON FUNCTION public.is_watched FROM PUBLIC;
GRANT INSERT ON public.payment TO fraud_test_payer;
SELECT lives_ok($$SELECT fraud_guard('public.payment', model => '', on_block => 'flag', key => 'id', on_error => 'review')$$,
  'an owner guards the table');
SELECT lives_ok($$SELECT fraud_rule('public.payment', 'watched', 'public.is_watched(card)', 'block')$$, 'and makes a rule');
RESET ROLE;
PREPARE flag_of(int) AS SELECT fraud_decision FROM public.payment WHERE id = $1;
PREPARE rule_as(text) AS SELECT fraud_rule('public.payment', 'r', $1, 'block');

-- who may make rules
SET LOCAL ROLE fraud_test_payer;
SELECT throws_ok($$EXECUTE rule_as('true')$$, '42501', 'permission denied for function fraud_rule', 'rules are not for everybody');
RESET ROLE;
SET LOCAL ROLE fraud_test_other;
SELECT throws_ok($$EXECUTE rule_as('true')$$, '42501', 'must be owner of table public.payment', 'nor for who does not own the table');
SELECT throws_ok($$SELECT fraud_rule_drop('public.payment', 'watched')$$, '42501', 'must be owner of table public.payment',
  'who cannot drop one either');
SELECT throws_like($$INSERT INTO fraud.policy SELECT p.relation, 9, p.model, NULL, NULL, p.on_block, p.on_error, p.key, p.options,
  '[{"name": "r", "condition": "true", "decision": "block"}]', p.owner FROM fraud.policy p LIMIT 1$$, '%cannot write a policy%',
  'nor write a policy by hand');
RESET ROLE;
SET LOCAL ROLE fraud_test_member;
SELECT lives_ok($$SELECT fraud_rule('public.payment', 'large', 'amount > 1000', 'block')$$, 'a member of the owner may');
RESET ROLE;

-- a rule runs as the owner
SET LOCAL ROLE fraud_test_payer;
SELECT throws_ok($$SELECT public.is_watched('watched')$$, '42501', 'permission denied for function is_watched', 'who inserts may not call it');
SELECT lives_ok($$INSERT INTO public.payment VALUES (1, 'watched', 1), (2, 'other', 1)$$, 'but is asked');
SELECT throws_ok('TABLE public.payment', '42501', 'permission denied for table payment', 'and still reads nothing');
RESET ROLE;
SELECT results_eq('EXECUTE flag_of(1)', ARRAY['block'], 'the rule reads what its owner may read');
SELECT results_eq('EXECUTE flag_of(2)', ARRAY['approve'], 'for each row');

-- nothing of the session gets into it
SET LOCAL ROLE fraud_test_payer;
CREATE FUNCTION payers.steals(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'as %', current_user; END $$;
CREATE FUNCTION payers.lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'as %', current_user; END $$;
CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'as %', current_user; END $$;
CREATE FUNCTION payers.more(numeric, int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'as %', current_user; END $$;
CREATE OPERATOR payers.> (LEFTARG = numeric, RIGHTARG = int, FUNCTION = payers.more);
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (payers.lower(VALUE) IS NOT NULL);
RESET ROLE;
SET LOCAL ROLE fraud_test_owner;
SELECT fraud_rule('public.payment', 'r', 'lower(card::text) = ''low'' AND amount > 10', 'block') > 0;
RESET ROLE;
SET LOCAL ROLE fraud_test_payer;
SET LOCAL search_path = payers, pg_temp, pg_catalog, public;
INSERT INTO public.payment VALUES (3, 'LOW', 11);
RESET search_path;
RESET ROLE;
SELECT results_eq('EXECUTE flag_of(3)', ARRAY['block'], 'functions, operators and types are not those of the session');
DROP DOMAIN pg_temp.text;

-- nobody else's code
SET LOCAL ROLE fraud_test_other;
CREATE FUNCTION public.foreign_code(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'as %', current_user; END $$;
CREATE DOMAIN public.foreign_type AS text CHECK (public.foreign_code(VALUE));
CREATE TYPE public.foreign_row AS (a public.foreign_type);
CREATE OPERATOR public.=== (RIGHTARG = text, FUNCTION = public.foreign_code);
RESET ROLE;
SET LOCAL ROLE fraud_test_owner;
SELECT throws_ok($$EXECUTE rule_as('public.foreign_code(''x'')')$$, '42501',
  'a condition cannot use function public.foreign_code(text) of role "fraud_test_other"', 'no function of another role');
SELECT throws_ok($$EXECUTE rule_as('OPERATOR(public.===) card')$$, '42501',
  'a condition cannot use function public.foreign_code(text) of role "fraud_test_other"', 'nor by an operator');
SELECT throws_ok($$EXECUTE rule_as('''x''::public.foreign_type = card')$$, '42501',
  'a condition cannot use type public.foreign_type of role "fraud_test_other"', 'nor by the check of a domain');
SELECT throws_ok($$EXECUTE rule_as('''(x)''::public.foreign_row IS NULL')$$, '42501',
  'a condition cannot use type public.foreign_row of role "fraud_test_other"', 'nor by a row with a domain');
SELECT throws_ok($$EXECUTE rule_as('''{(x)}''::public.foreign_row[] IS NULL')$$, '42501',
  'a condition cannot use type public.foreign_row of role "fraud_test_other"', 'nor by an array of them');
CREATE DOMAIN public.own_type AS public.foreign_type;
SELECT throws_ok($$EXECUTE rule_as('''x''::public.own_type = card')$$, '42501',
  'a condition cannot use type public.foreign_type of role "fraud_test_other"', 'nor by an own domain of theirs');
CREATE TYPE public.own_row AS (a public.foreign_type[]);
SELECT throws_ok($$EXECUTE rule_as('''({x})''::public.own_row IS NULL')$$, '42501',
  'a condition cannot use type public.foreign_type of role "fraud_test_other"', 'nor by an own row with one');
SELECT throws_ok($$EXECUTE rule_as('payers.lower(card) = ''x''')$$, '42501', 'permission denied for schema payers',
  'nor what the owner has no right to');
RESET ROLE;

-- a function that is given away later
ALTER FUNCTION public.is_watched OWNER TO fraud_test_other;
SET LOCAL ROLE fraud_test_payer;
INSERT INTO public.payment VALUES (4, 'watched', 1);
RESET ROLE;
SELECT results_eq('EXECUTE flag_of(4)', ARRAY['review'], 'a function that is given to another role is not called any more');
SELECT results_eq($$SELECT error ->> 'message' FROM fraud.decision WHERE key = '4'$$,
  ARRAY['a condition cannot use function public.is_watched(text) of role "fraud_test_other"'], 'which is recorded');

-- a member that is none any more: what its function calls can change without a word
CREATE SCHEMA members AUTHORIZATION fraud_test_member;
GRANT USAGE ON SCHEMA members TO fraud_test_owner;
SET LOCAL ROLE fraud_test_member;
CREATE FUNCTION members.agrees() RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM set_config('fraud_test.ran_as', current_user, false); RETURN true; END $$;
SELECT fraud_rule_drop('public.payment', 'watched') > 0;
SELECT fraud_rule('public.payment', 'r', 'members.agrees()', 'block') > 0;
RESET ROLE;
SET LOCAL ROLE fraud_test_payer;
INSERT INTO public.payment VALUES (5, 'x', 1);
RESET ROLE;
SELECT results_eq('EXECUTE flag_of(5)', ARRAY['block'], 'a member''s function is called');
REVOKE fraud_test_owner FROM fraud_test_member;
SELECT set_config('fraud_test.ran_as', '', false);
SET LOCAL ROLE fraud_test_payer;
INSERT INTO public.payment VALUES (6, 'x', 1);
RESET ROLE;
SELECT results_eq('EXECUTE flag_of(6)', ARRAY['review'], 'until the role is a member no more, in sessions that have called it, too');
SELECT is(current_setting('fraud_test.ran_as'), '', 'and does not run');

-- lists
SET LOCAL ROLE fraud_test_payer;
SELECT throws_ok($$SELECT fraud_list_add('l', 'card', 'x', 'block')$$, '42501', 'permission denied for function fraud_list_add',
  'lists are not for everybody');
RESET ROLE;
SET LOCAL ROLE fraud_test_other;
SELECT lives_ok($$SELECT fraud_list_add('l', 'card', 'x', 'block')$$, 'whoever may insert entries adds them');
SELECT throws_ok($$INSERT INTO fraud.list_entry (list, kind, value, decision, added_by) VALUES ('l', 'card', 'y', 'approve', 'postgres')$$,
  '42501', 'role "fraud_test_other" cannot add to a list in the name of role "postgres"', 'in the own name');
SELECT throws_ok($$INSERT INTO fraud.list_entry (list, kind, value, decision, added_at) VALUES ('l', 'card', 'y', 'approve', now() - interval '1 year')$$,
  '42501', 'role "fraud_test_other" cannot choose added_at, removed_at and removed_by of an entry', 'as of now');
SELECT throws_ok($$INSERT INTO fraud.list_entry (list, kind, value, decision, removed_at) VALUES ('l', 'card', 'y', 'approve', now())$$,
  '42501', 'role "fraud_test_other" cannot choose added_at, removed_at and removed_by of an entry', 'which are not removed yet');
RESET ROLE;
CREATE ROLE fraud_test_keeper;
GRANT EXECUTE ON FUNCTION fraud_list_add, fraud_list_remove TO fraud_test_keeper;
GRANT SELECT, INSERT (list, kind, value, decision, expires, note), UPDATE (removed_at, removed_by) ON fraud.list_entry TO fraud_test_keeper;
GRANT USAGE ON SEQUENCE fraud.list_entry_id_seq TO fraud_test_keeper;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO fraud_test_keeper;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO fraud_test_keeper;
SET LOCAL ROLE fraud_test_keeper;
SELECT lives_ok($$SELECT fraud_list_add('k', 'card', 'x', 'block'), fraud_list_add('k', 'card', 'x', 'review')$$,
  'who has the rights that the documentation lists adds entries, and replaces them');
SELECT results_eq($$SELECT fraud_list_remove('k', 'card', 'x')$$, ARRAY[true], 'and removes them');
SELECT lives_ok($$SELECT fraud_list_add('k', 'card', 'y', 'block')$$, 'there is another one');
SELECT throws_ok($$UPDATE fraud.list_entry SET removed_at = now() - interval '10 years', removed_by = current_user WHERE value = 'y'$$,
  '55000', 'rows of fraud.list_entry are immutable', 'nobody removes one long ago, for fraud_purge to take away');
SELECT throws_ok($$UPDATE fraud.list_entry SET removed_at = clock_timestamp(), removed_by = 'postgres' WHERE value = 'y'$$,
  '55000', 'rows of fraud.list_entry are immutable', 'nor in the name of somebody else');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
