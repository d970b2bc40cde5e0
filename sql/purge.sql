
-- purge: partitions of decisions, made ahead of time, and the end of what is old
-- (docs/decisions.md).

CREATE FUNCTION fraud.purge_rows(relation regclass, before timestamptz) RETURNS bigint
LANGUAGE c VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS '$libdir/fraud_detect', 'fraud_purge_rows';
REVOKE ALL ON FUNCTION fraud.purge_rows(regclass, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fraud.purge_rows(regclass, timestamptz) IS
'deletes from a record (a partition of decisions, resolved rows of the quarantine, removed entries of lists, labels) what is '
'older, and returns how many rows; NULL for NULL. 22023 for another relation, or for what is younger than a day; 42501';

CREATE FUNCTION fraud.move_decisions(partition regclass, since timestamptz, until timestamptz) RETURNS bigint
LANGUAGE c VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS '$libdir/fraud_detect', 'fraud_move_decisions';
REVOKE ALL ON FUNCTION fraud.move_decisions(regclass, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fraud.move_decisions(regclass, timestamptz, timestamptz) IS
'moves decisions from the default partition to a table that is about to become theirs, and returns how many; NULL for NULL';

-- The locks come in the order in which a guard takes them: the parent, then a partition.
CREATE FUNCTION fraud.make_decision_partition(month timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  name text := 'fraud.decision_' || to_char(month, 'YYYY_MM');
  until timestamptz := month + interval '1 month';
  moved bigint;
BEGIN
  EXECUTE format('CREATE TABLE %s (LIKE fraud.decision INCLUDING STORAGE INCLUDING COMPRESSION '
    'INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS)', name);
  EXECUTE format('ALTER TABLE %s OWNER TO %s', name,
    (SELECT c.relowner::regrole FROM pg_class c WHERE c.oid = 'fraud.decision'::regclass));
  LOCK TABLE fraud.decision_default IN ACCESS EXCLUSIVE MODE;
  moved := fraud.move_decisions(name::regclass, month, until);
  PERFORM fraud.complete_decision_partition(name::regclass);
  EXECUTE format('ALTER TABLE fraud.decision ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', name, month, until);
  RETURN moved;
END
$$;
REVOKE ALL ON FUNCTION fraud.make_decision_partition(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fraud.make_decision_partition(timestamptz) IS
'makes the partition of decisions of a month, which begins at that time, and returns how many rows moved to it';

CREATE VIEW fraud.decision_partition WITH (security_invoker = true) AS
SELECT c.oid::regclass AS partition,
  substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']*)''\)')::timestamptz AS since,
  substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']*)''\)')::timestamptz AS until
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'fraud.decision'::regclass
ORDER BY since;
COMMENT ON VIEW fraud.decision_partition IS
'partitions of fraud.decision with their bounds; NULL: the default partition, which takes what has none of its own';

CREATE FUNCTION @extschema@.fraud_decision_partitions(months int DEFAULT 3)
RETURNS TABLE (partition text, rows_moved bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  month timestamptz;
BEGIN
  IF months IS NULL OR months NOT BETWEEN 1 AND 120 THEN
    RAISE EXCEPTION 'months must be from 1 to 120, not %', coalesce(months::text, 'NULL')
      USING ERRCODE = CASE WHEN months IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END;
  END IF;
  LOCK TABLE ONLY fraud.decision IN SHARE UPDATE EXCLUSIVE MODE;
  FOR month IN
    SELECT date_trunc('month', now()) + i * interval '1 month' FROM generate_series(0, months - 1) AS i
    UNION SELECT date_trunc('month', d.decided_at) FROM fraud.decision_default d
    EXCEPT SELECT p.since FROM fraud.decision_partition p
    ORDER BY 1
  LOOP
    rows_moved := fraud.make_decision_partition(month);
    partition := 'fraud.decision_' || to_char(month, 'YYYY_MM');
    RETURN NEXT;
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_decision_partitions(int) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_decision_partitions(int) IS
'makes the partitions of fraud.decision that are missing for this month and the coming ones (by UTC, named fraud.decision_YYYY_MM), '
'and for decisions that the default partition holds, which move; returns those that it made. For the owner of fraud.decision (42501); '
'guards wait while rows move. 22023 for fewer than 1 month or more than 120, 22004 for NULL';

CREATE FUNCTION fraud.check_purge_age(older_than interval) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF older_than IS NULL THEN
    RAISE EXCEPTION 'older_than must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF now() - older_than > now() - interval '1 day' THEN
    RAISE EXCEPTION 'older_than must be at least 1 day, not %', older_than
      USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Decisions are kept for audit and for labels that come late: think of months.';
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_purge_age(interval) IS '22023 for an age of less than a day, 22004 for NULL';

CREATE FUNCTION @extschema@.fraud_purge(older_than interval)
RETURNS TABLE (relation text, removed bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  before timestamptz := now() - older_than;
  part record;
  dropped text[] := '{}';
  record_table regclass;
BEGIN
  PERFORM fraud.check_purge_age(older_than);

  FOR part IN SELECT p.* FROM fraud.decision_partition p LOOP
    relation := part.partition;
    IF part.until <= before THEN
      EXECUTE format('SELECT count(*) FROM %s', part.partition) INTO removed;
      dropped := dropped || relation;
      RETURN NEXT;
    ELSIF part.since IS NULL OR part.since < before THEN
      removed := fraud.purge_rows(part.partition, before);
      RETURN NEXT;
    END IF;
  END LOOP;
  FOREACH record_table IN ARRAY '{fraud.quarantine,fraud.list_entry,fraud.label}'::regclass[] LOOP
    relation := record_table;
    removed := fraud.purge_rows(record_table, before);
    RETURN NEXT;
  END LOOP;

  -- Last, and at once: guards wait for it.
  IF dropped <> '{}' THEN
    EXECUTE 'DROP TABLE ' || array_to_string(dropped, ', ');
  END IF;
  PERFORM FROM @extschema@.fraud_decision_partitions();
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_purge(interval) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_purge(interval) IS
'removes what is older: decisions (whole partitions are dropped, the rest is deleted), rows of the quarantine that were resolved, '
'entries that were removed from lists, and labels; held rows stay; makes the coming partitions, too; returns how many rows of which relation. '
'For the owner of fraud.decision (42501). 22023 for less than 1 day, 22004 for NULL';
