
-- decision_skew: were guards given the features that the definition says? (docs/decisions.md)

-- A version's features of the rows that have certain keys, as its training would compute them.
CREATE FUNCTION fraud.defined_features(relation regclass, key text, model text, version int, keys text[])
RETURNS TABLE (row_key text, features float4[])
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  set_name text := (SELECT v.signature -> 'feature_set' ->> 'name' FROM fraud.model m
    JOIN fraud.model_version v USING (model_id)
    WHERE m.name = model AND v.version = defined_features.version);
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT s.%1$I::text, @extschema@.fraud_feature_vector(s, %2$L, %3$s) FROM %4$s s WHERE s.%1$I::text = ANY ($1)',
    key, model, version, CASE WHEN set_name IS NULL THEN relation::text ELSE 'fraud_features.' || quote_ident(set_name) END)
    USING keys;
END
$$;
COMMENT ON FUNCTION fraud.defined_features(regclass, text, text, int, text[]) IS
'fraud_feature_vector of a version for the rows of a table with these keys, from the view of its set of features, or from the '
'table itself where it has none';

CREATE FUNCTION @extschema@.fraud_skew_check_decisions(relation regclass, sample int DEFAULT 1000)
RETURNS TABLE (model text, version int, feature text, compared bigint, different bigint)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000000 ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key text := (SELECT p.key FROM fraud.policy p WHERE p.relation = fraud_skew_check_decisions.relation
    ORDER BY p.version DESC LIMIT 1);
BEGIN
  IF num_nulls(relation, sample) > 0 THEN
    RAISE EXCEPTION 'relation and sample must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF sample NOT BETWEEN 1 AND 10000000 THEN
    RAISE EXCEPTION 'sample must be from 1 to 10000000, not %', sample USING ERRCODE = 'invalid_parameter_value';
  ELSIF key IS NULL THEN
    RAISE EXCEPTION 'the policy of % has no key', relation USING ERRCODE = 'FD012',
      DETAIL = 'Without one, no row can be found for a decision.', HINT = 'fraud_guard(..., key => ...) names its column.';
  END IF;
  RETURN QUERY
  WITH chosen AS MATERIALIZED (
    SELECT d.key, d.model, d.version, d.features
    FROM fraud.decision d
    JOIN fraud.model_version v ON v.version_uid = d.version_uid
    WHERE d.relation = fraud_skew_check_decisions.relation AND d.key IS NOT NULL AND d.features IS NOT NULL
    ORDER BY hashint8extended(d.decision_id, 42), d.decision_id
    LIMIT sample),
  defined AS MATERIALIZED (
    SELECT c.model, c.version, f.row_key, f.features
    FROM (SELECT c.model, c.version, array_agg(DISTINCT c.key) AS keys FROM chosen c
          GROUP BY c.model, c.version) c
    CROSS JOIN LATERAL fraud.defined_features(relation, key, c.model, c.version, c.keys) f)
  SELECT c.model COLLATE "default", c.version, n.feature ->> 'name', count(*),
    count(*) FILTER (WHERE float4send(c.features[n.place]) IS DISTINCT FROM float4send(d.features[n.place]))
  FROM chosen c
  JOIN defined d ON d.model = c.model AND d.version = c.version AND d.row_key = c.key
  JOIN fraud.model m ON m.name = c.model
  JOIN fraud.model_version v ON v.model_id = m.model_id AND v.version = c.version
  CROSS JOIN LATERAL jsonb_array_elements(v.signature -> 'features') WITH ORDINALITY AS n (feature, place)
  GROUP BY c.model, c.version, n.place, n.feature ->> 'name'
  ORDER BY 1, 2, n.place;
END
$$;
COMMENT ON FUNCTION @extschema@.fraud_skew_check_decisions(regclass, int) IS
'are the features that decisions were made from those that the definition (the view of the set of features, or the table) gives '
'for the same row, found by the policy''s key? For each version and feature of it how many decisions were compared, of a sample, and '
'in how many the bits differ: because rows came later than the time that they say, were changed, or a rate was refreshed. '
'Decisions of rows that the table does not have are not compared. Needs SELECT on the table, its view and fraud''s tables (42501). FD012 for a '
'table without a policy that names a key, 22023 for a sample below 1, 22004 for NULL; FD004, FD009 as fraud_feature_vector';
