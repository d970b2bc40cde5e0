
-- explain: why a row has the score it has (docs/explain.md).
--
-- In C, without a SET clause, for the reason given in sql/score.sql.

CREATE FUNCTION @extschema@.fraud_explain(
  record,
  model text DEFAULT NULL,
  top int DEFAULT 5,
  version int DEFAULT NULL)
RETURNS TABLE (rank int, feature text, value text, contribution float8, reason text)
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 5
AS '$libdir/fraud_detect', 'fraud_explain';
COMMENT ON FUNCTION @extschema@.fraud_explain(record, text, int, int) IS
'the features that matter most for the score of a row, largest contribution first, equal ones in the order of '
'the signature: what each adds to the margin (exact TreeSHAP, XGBoost''s pred_contribs), the value of its '
'column as text (what is derived from it for time of day and weekday; NULL if missing), and a reason in words. '
'All contributions and fraud_expected_margin add up to fraud_margin. What looks like a card number is masked. '
'No rows for a NULL record. 22023 for top NULL or below 1; FD005 too where the stored artifact is damaged. '
'Other arguments, privileges and errors as for fraud_score';

CREATE FUNCTION @extschema@.fraud_expected_margin(model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 5000
AS '$libdir/fraud_detect', 'fraud_expected_margin';
COMMENT ON FUNCTION @extschema@.fraud_expected_margin(text, int) IS
'the margin that a version expects of a row of which nothing is known: what the contributions of '
'fraud_explain start from. Never NULL. Arguments, privileges and errors as for fraud_explain';
