-- What every object of the extension must have, present ones and future ones.
BEGIN;
LOAD 'fraud_detect';
SELECT plan(15);

CREATE TEMPORARY VIEW members AS
  SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
  WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'fraud_detect';
CREATE TEMPORARY VIEW functions AS
  SELECT p.*, p.oid::regprocedure::text AS signature, l.lanname, n.nspname
  FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace;
CREATE TEMPORARY VIEW relations AS
  SELECT c.*, c.oid::regclass::text AS name, n.nspname
  FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
  JOIN pg_namespace n ON n.oid = c.relnamespace;

SELECT cmp_ok((SELECT count(*) FROM functions), '>=', 10::bigint,
  'the views of this test see functions');
SELECT cmp_ok((SELECT count(*) FROM relations), '>=', 10::bigint,
  'the views of this test see relations');

-- comments
SELECT is_empty($$SELECT signature FROM functions WHERE obj_description(oid, 'pg_proc') IS NULL$$,
  'every function has a comment');
SELECT is_empty($$SELECT name FROM relations WHERE relkind <> 'c' AND obj_description(oid,
  'pg_class') IS NULL$$,
  'every relation has a comment');
SELECT is_empty($$SELECT m.objid::regtype FROM members m JOIN pg_type t ON m.classid =
  'pg_type'::regclass AND t.oid = m.objid
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE t.typelem = 0 AND coalesce(c.relkind, 'c') = 'c' AND obj_description(t.oid,
    'pg_type') IS NULL
    AND (c.oid IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)$$,
  'every type has a comment');
SELECT is_empty($$SELECT name FROM pg_settings WHERE name LIKE 'fraud_detect.%'
  AND (coalesce(short_desc, '') = '' OR category <> 'Customized Options')$$,
  'every setting has a description');

-- safety
SELECT is_empty($$SELECT signature FROM functions WHERE lanname <> 'c' AND prokind <> 'a' AND prosqlbody IS NULL
  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)$$,
  'every function that is not in C pins its search_path');
SELECT is_empty($$SELECT signature FROM functions WHERE prosecdef$$,
  'no function lends the rights of its owner');
-- (SQL cannot call a function of type internal.)
SELECT is_empty($$SELECT signature FROM functions
  WHERE (provolatile = 'v' OR prorettype = 'trigger'::regtype)
  AND 'internal'::regtype <> ALL (proargtypes)
  AND has_function_privilege('public', oid, 'EXECUTE')$$,
  'PUBLIC executes nothing that may write');
SELECT is_empty($$SELECT name, privilege FROM relations,
    unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
  WHERE relkind IN ('r', 'v', 'm', 'p') AND has_table_privilege('public', oid, privilege)$$,
  'PUBLIC has no right on any relation');
SELECT is_empty($$SELECT name FROM relations WHERE relkind = 'v'
  AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)$$,
  'views use the rights of who reads them');

-- where things are
SELECT is_empty($$SELECT signature FROM functions WHERE nspname <> 'fraud' AND proname NOT LIKE
  'fraud\_%'$$,
  'functions for users begin with fraud_');
SELECT is_empty($$SELECT name FROM relations WHERE nspname <> 'fraud'$$,
  'relations are in the schema fraud');

-- dumps
SELECT is_empty($$SELECT name FROM relations, pg_extension e WHERE e.extname = 'fraud_detect'
  AND relkind IN ('r', 'S') AND relpersistence = 'p' AND NOT relations.oid = ANY (e.extconfig)
  AND name <> 'fraud.restored_decision_id_seq'$$,
  'the rows of every table, and every sequence, go into a dump, but for the one that the restore itself writes');

SELECT is_empty($$SELECT conname FROM pg_constraint
  WHERE contype = 'f' AND conrelid IN (SELECT oid FROM relations)$$,
  'no foreign keys, which break a parallel restore (sql/integrity.sql)');

SELECT * FROM finish();
ROLLBACK;
