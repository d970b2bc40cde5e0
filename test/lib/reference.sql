-- docs/reference.md, made from what the catalog says of the extension: signatures,
-- rights and descriptions stand in one place, sql/.
\pset format unaligned
\pset tuples_only on
\pset recordsep '\n'
SET search_path = pg_catalog, public;
SET TimeZone = UTC;

\echo '# SQL reference'
\echo
\echo 'Every function, relation and type of the extension, from its description in the catalog (`\\df+ fraud_*`,'
\echo '`\\d+ fraud.*` in psql). A test compares this page with the catalog; `UPDATE=1 make check-docs TESTS=reference`'
\echo 'writes it anew. Settings are in [settings](settings.md), SQLSTATEs in [errors](errors.md).'
\echo
\echo '## Functions'
\echo
\echo 'They are in the schema in which the extension was created. Call them with named arguments: `name => value`.'

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e
  ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'fraud_detect' AND d.deptype = 'e';

CREATE TEMP VIEW function AS
SELECT p.proname, n.nspname, obj_description(p.oid, 'pg_proc') AS description,
  p.proname || '(' || replace(pg_get_function_arguments(p.oid), ', ', E',\n  ') || ')'
    || CASE WHEN 'o' = ANY (p.proargmodes) OR 'b' = ANY (p.proargmodes) THEN ''
            ELSE E'\n  RETURNS ' || pg_get_function_result(p.oid) END AS signature,
  has_function_privilege('public', p.oid, 'EXECUTE') AS everybody
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;

SELECT format(E'\n### %s\n\n```text\n%s\n```\n\n%s%s.%s', proname, signature, upper(left(description, 1)), substr(description, 2),
  CASE WHEN everybody THEN '' ELSE E'\n\nOnly for roles to which it is granted ([roles](registry.md#roles)).' END)
FROM function WHERE nspname <> 'fraud' ORDER BY proname COLLATE "C", signature COLLATE "C";

\echo
\echo '## Relations'
\echo
\echo 'In the schema `fraud`. Read them; the functions write them.'
\echo
\echo '| relation | what it holds | columns |'
\echo '|---|---|---|'
SELECT format('| `fraud.%s` | %s | %s |', c.relname, obj_description(c.oid, 'pg_class'),
  (SELECT string_agg(a.attname || coalesce(' (' || col_description(c.oid, a.attnum) || ')', ''), ', ' ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
WHERE c.relkind IN ('r', 'v') ORDER BY c.relname COLLATE "C";

\echo
\echo '## Types'
\echo
\echo '| type | what it is | fields |'
\echo '|---|---|---|'
SELECT format('| `fraud.%s` | %s | %s |', t.typname, obj_description(t.oid, 'pg_type'),
  (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0))
FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
  JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' ORDER BY t.typname COLLATE "C";

\echo
\echo '## Support functions'
\echo
\echo 'In the schema `fraud`, for the functions above.'
\echo
\echo '| function | what it does |'
\echo '|---|---|'
SELECT format('| `fraud.%s` | %s |', proname, description) FROM function WHERE nspname = 'fraud' ORDER BY proname COLLATE "C", signature COLLATE "C";
