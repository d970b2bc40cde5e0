-- schedule_purge: fraud_purge on a schedule. It makes the coming partitions of decisions, too, so it is
-- all the housekeeping that a guarded database needs.

CREATE FUNCTION @extschema@.fraud_schedule_purge(
  INOUT schedule text, INOUT older_than interval, OUT task text, OUT job_id bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET intervalstyle = 'postgres'
AS $$
DECLARE
  owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = 'fraud.decision'::regclass);
  command text := format('SELECT * FROM @extschema@.fraud_purge(%L)', older_than);
  -- Unique in a cluster: pg_cron has one list for all databases.
  job_name text := format('fraud_purge/%s', (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()));
BEGIN
  IF schedule IS NULL THEN
    RAISE EXCEPTION 'schedule must not be null' USING ERRCODE = 'null_value_not_allowed',
      HINT = 'fraud_unschedule_purge ends a schedule.';
  END IF;
  PERFORM fraud.check_purge_age(older_than);
  IF NOT pg_has_role(current_user, owner, 'USAGE') THEN
    RAISE EXCEPTION 'must be owner of table fraud.decision' USING ERRCODE = 'insufficient_privilege',
      DETAIL = 'The job runs as the role that schedules it.';
  END IF;
  PERFORM fraud.require_scheduler('fraud_purge', schedule, command);
  -- One at a time: a job that nobody knows of would stay for ever.
  LOCK TABLE fraud.task IN SHARE ROW EXCLUSIVE MODE;
  PERFORM fraud.end_task(t) FROM fraud.task t WHERE t.kind = 'purge';

  task := 'purge';
  job_id := fraud.make_job(job_name, schedule, command);
  INSERT INTO fraud.task (name, kind, schedule, command, cron_job_id, cron_job_name)
    VALUES (task, 'purge', schedule, command, job_id, job_name);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_schedule_purge(text, interval) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_schedule_purge(text, interval) IS
'runs fraud_purge on a cron schedule, as the calling role, instead of the schedule it had; returns the task and its pg_cron job. '
'For the owner of fraud.decision (42501). FD008 without pg_cron; 22023 for an invalid schedule, or for less than 1 day; '
'22004 for NULL';

CREATE FUNCTION @extschema@.fraud_unschedule_purge() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended bigint := (SELECT count(fraud.end_task(t)) FROM fraud.task t WHERE t.kind = 'purge');
BEGIN
  IF ended = 0 THEN
    RAISE NOTICE 'fraud_purge has no schedule';
  END IF;
  RETURN ended;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_unschedule_purge() FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_unschedule_purge() IS
'ends what fraud_schedule_purge began; returns how many tasks that were, with a notice for none. 42501 for a task of another role';
