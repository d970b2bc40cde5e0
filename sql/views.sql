
-- views: the registry as one looks at it in psql. Names leave their collation "C"
-- behind, so that they can be compared with a user's own columns.

CREATE VIEW fraud.models WITH (security_invoker = true) AS
SELECT
  m.name COLLATE "default" AS model,
  c.version AS champion,
  (SELECT count(*) FROM fraud.model_version v WHERE v.model_id = m.model_id) AS versions,
  (SELECT date_trunc('second', max(v.created_at))
   FROM fraud.model_version v WHERE v.model_id = m.model_id) AS last_trained,
  round((c.metrics ->> 'auc')::numeric, 4) AS auc,
  round((c.metrics ->> 'average_precision')::numeric, 4) AS average_precision,
  t.schedule AS retrain
FROM fraud.model m
LEFT JOIN fraud.alias a ON a.model_id = m.model_id AND a.alias = 'champion'
LEFT JOIN fraud.model_version c
  ON c.model_id = a.model_id AND c.version = a.version
LEFT JOIN fraud.task t ON t.model_id = m.model_id AND t.kind = 'retrain'
ORDER BY m.name;
COMMENT ON VIEW fraud.models IS
'one row per model: champion, number of versions, last training, the champion''s holdout '
'metrics, retraining schedule';

CREATE VIEW fraud.leaderboard WITH (security_invoker = true) AS
SELECT
  m.name COLLATE "default" AS model,
  v.version,
  a.version IS NOT NULL AS champion,
  round((v.metrics ->> 'average_precision')::numeric, 4) AS average_precision,
  round((v.metrics ->> 'auc')::numeric, 4) AS auc,
  round((v.metrics ->> 'brier')::numeric, 5) AS brier,
  v.rows,
  v.frauds,
  v.rounds,
  date_trunc('second', v.created_at) AS trained
FROM fraud.model m
JOIN fraud.model_version v ON v.model_id = m.model_id
LEFT JOIN fraud.alias a ON a.model_id = v.model_id
  AND a.alias = 'champion' AND a.version = v.version
ORDER BY m.name, average_precision DESC NULLS LAST, v.version DESC;
COMMENT ON VIEW fraud.leaderboard IS
'all versions with the metrics of their own holdouts, best average precision first; compare '
'versions of the same data window only';
