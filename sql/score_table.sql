-- score_table: all rows of a source with their scores (docs/scoring.md).
--
-- No SET search_path: the source is the caller's text, and its names are the caller's to resolve.

CREATE FUNCTION @extschema@.fraud_score_table(
  source text, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 100000
AS '$libdir/fraud_detect', 'fraud_score_table';
COMMENT ON FUNCTION @extschema@.fraud_score_table(text, text, int) IS
'all rows of a source (a relation or a query, read as the caller) with their scores, evaluated in '
'blocks. The column definition list of the call says what the rows are to have: columns of the source '
'by name, score (double precision), margin (real). Values, privileges and errors as for fraud_score; '
'42703 for a column that the source does not have, 42804 for another type, length or scale than it has, '
'22004 for a source that is NULL, 22023 for one that is neither a name nor a query';
