
-- schedule: retraining and housekeeping by pg_cron, which is looked for when it is needed, not
-- when the extension is created. fraud.task says what was asked for; the job
-- itself is a row of cron.job, run as the role that scheduled it.

CREATE TABLE fraud.task (
  name text PRIMARY KEY,
  model_id bigint CHECK ((model_id IS NULL) = (kind = 'purge')),
  kind text NOT NULL CHECK (kind IN ('retrain', 'purge')),
  schedule text NOT NULL,
  command text NOT NULL,
  cron_job_id bigint NOT NULL,
  cron_job_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by text NOT NULL DEFAULT CURRENT_USER,
  UNIQUE (model_id, kind)
);
COMMENT ON TABLE fraud.task IS 'what runs on a schedule (fraud_schedule, fraud_schedule_purge)';
COMMENT ON COLUMN fraud.task.model_id IS 'NULL: it is about no model';
COMMENT ON COLUMN fraud.task.cron_job_id IS
'cron.job.jobid; valid only while that job has the name of cron_job_name';
SELECT pg_catalog.pg_extension_config_dump('fraud.task', '');
CREATE TRIGGER task_names_its_creator BEFORE INSERT OR UPDATE ON fraud.task
  FOR EACH ROW WHEN (NEW.created_by <> CURRENT_USER)
  EXECUTE FUNCTION fraud.refuse_other_creator();
ALTER TABLE fraud.task ENABLE ALWAYS TRIGGER task_names_its_creator;

-- A job can only be seen and made from the one database that pg_cron works from.
CREATE FUNCTION fraud.require_scheduler(job text, schedule text, command text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  home text := (SELECT s.setting FROM pg_settings s WHERE s.name = 'cron.database_name');
  here text := current_database();
BEGIN
  IF home <> here THEN
    RAISE EXCEPTION 'pg_cron cannot schedule from this database'
      USING ERRCODE = 'FD008',
      DETAIL = format('It works from database "%s", this is "%s" (setting cron.database_name).',
        home, here),
      HINT = format('Set cron.database_name = %L and restart, or run there: '
                    'SELECT cron.schedule_in_database(%L, %L, %L, %L);',
                    here, job || '/' || here, schedule, command, here);
  END IF;
  PERFORM FROM pg_extension e WHERE e.extname = 'pg_cron';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'scheduling needs pg_cron, which is not installed in this database'
      USING ERRCODE = 'FD008',
      DETAIL = CASE
        WHEN home IS NOT NULL THEN 'The server has loaded its library already.'
        WHEN EXISTS (SELECT FROM pg_available_extensions x WHERE x.name = 'pg_cron')
          THEN 'Its files are on this server, so it only needs to be set up.'
        ELSE format('Its files are not on this server (Debian: package postgresql-%s-cron).',
                    current_setting('server_version_num')::int / 10000) END,
      HINT = CASE WHEN home IS NOT NULL THEN 'CREATE EXTENSION pg_cron;' ELSE
             format('In postgresql.conf set shared_preload_libraries = ''pg_cron'' '
                    '(beside what is there) and cron.database_name = %L, '
                    'restart, then CREATE EXTENSION pg_cron.', here) END;
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.require_scheduler(text, text, text) IS
'FD008 that says what is missing, unless pg_cron can schedule from this database';

CREATE FUNCTION fraud.make_job(job_name text, schedule text, command text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  job_id bigint;
BEGIN
  EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job_id USING job_name, schedule, command;
  RETURN job_id;
EXCEPTION
  WHEN invalid_parameter_value THEN
    RAISE EXCEPTION 'pg_cron does not accept the schedule "%"', schedule
      USING ERRCODE = 'invalid_parameter_value',
      DETAIL = SQLERRM,
      HINT = 'A schedule is minute, hour, day of month, month and day of week, in GMT unless '
             'cron.timezone says otherwise: ''0 3 * * *'' is every day at three.';
  WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'role "%" may not schedule with pg_cron', current_user
      USING ERRCODE = 'insufficient_privilege',
      DETAIL = SQLERRM,
      HINT = format('A superuser can allow it: GRANT USAGE ON SCHEMA cron TO %I;', current_user);
  WHEN internal_error OR object_not_in_prerequisite_state OR undefined_file
    OR undefined_function THEN
    RAISE EXCEPTION 'pg_cron did not take the job'
      USING ERRCODE = 'FD008',
      DETAIL = SQLERRM,
      HINT = 'In postgresql.conf set shared_preload_libraries = ''pg_cron'' '
             '(beside what is there) and restart.';
END
$$;
REVOKE ALL ON FUNCTION fraud.make_job(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION fraud.make_job(text, text, text) IS
'hands a job to pg_cron and returns its id; 22023 for an invalid schedule, 42501 without rights '
'in pg_cron, FD008 where pg_cron is not loaded';

-- Ends the job of a task, if there is one still: it may be gone (cron.unschedule,
-- DROP EXTENSION pg_cron), or never have come along with a dump into another database,
-- where its id can belong to somebody else's job. A task's row may also have been made
-- by hand: a superuser who ends it must not end a job that is not its creator's.
CREATE FUNCTION fraud.end_task(task fraud.task) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  still_there bool := false;
BEGIN
  IF task.created_by <> current_user
     AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
    RAISE EXCEPTION 'task "%" was scheduled by another role', task.name
      USING ERRCODE = 'insufficient_privilege',
      DETAIL = format('Only role "%s" or a superuser can end it.', task.created_by);
  END IF;
  IF EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM cron.job j WHERE j.jobid = $1 AND j.jobname = $2 AND j.username = $3)'
      INTO still_there USING task.cron_job_id, task.cron_job_name, task.created_by;
  END IF;
  IF still_there THEN
    EXECUTE 'SELECT cron.unschedule($1)' USING task.cron_job_id;
  END IF;
  DELETE FROM fraud.task t WHERE t.name = task.name;
END
$$;
REVOKE ALL ON FUNCTION fraud.end_task(fraud.task) FROM PUBLIC;
COMMENT ON FUNCTION fraud.end_task(fraud.task) IS
'deletes a task and its job in pg_cron, where it still has one; 42501 for the task of another role';

CREATE FUNCTION fraud.end_tasks(model fraud.model) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT count(fraud.end_task(t)) FROM fraud.task t WHERE t.model_id = model.model_id
$$;
REVOKE ALL ON FUNCTION fraud.end_tasks(fraud.model) FROM PUBLIC;
COMMENT ON FUNCTION fraud.end_tasks(fraud.model) IS
'ends all tasks of a model and returns how many there were';

CREATE FUNCTION @extschema@.fraud_schedule(
  INOUT model text, retrain text DEFAULT NULL, OUT task text, OUT schedule text, OUT job_id bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model := fraud.lock_model(model);
  command text := 'SELECT @extschema@.fraud_retrain(' || quote_literal(m.name) || ')';
  -- Unique in a cluster, whatever the model is called: pg_cron has one list for all databases.
  job_name text := format('fraud_retrain/%s/%s',
                          (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()),
                          m.model_id);
BEGIN
  IF retrain IS NULL THEN
    RAISE EXCEPTION 'nothing to schedule for model "%"', m.name
      USING ERRCODE = 'invalid_parameter_value',
      HINT = format('Say when, e.g. fraud_schedule(%L, retrain => ''0 3 * * *''), '
                    'or end its schedule with fraud_unschedule.', m.name);
  END IF;
  PERFORM fraud.require_scheduler('fraud_retrain', retrain, command);
  PERFORM fraud.end_task(t) FROM fraud.task t WHERE t.model_id = m.model_id AND t.kind = 'retrain';

  model := m.name;
  task := m.name || '/retrain';
  schedule := retrain;
  job_id := fraud.make_job(job_name, retrain, command);
  INSERT INTO fraud.task (name, model_id, kind, schedule, command, cron_job_id, cron_job_name)
    VALUES (task, m.model_id, 'retrain', retrain, command, job_id, job_name);
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_schedule(text, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_schedule(text, text) IS
'retrains a model on a cron schedule, as the calling role, instead of the schedule it had; '
'returns the task and its pg_cron job. '
'Model NULL: the setting fraud_detect.model, else the only one. FD002 for an unknown model; '
'FD008 without pg_cron; '
'22023 for an invalid schedule or none; 42501 where another role scheduled it, or without rights '
'in pg_cron';

CREATE FUNCTION @extschema@.fraud_unschedule(INOUT model text, OUT ended bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m fraud.model := fraud.lock_model(model);
BEGIN
  model := m.name;
  ended := fraud.end_tasks(m);
  IF ended = 0 THEN
    RAISE NOTICE 'model "%" has no schedule', m.name;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_unschedule(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_unschedule(text) IS
'ends what fraud_schedule began; returns how many tasks that were, with a notice for none. '
'Model NULL: the setting fraud_detect.model, else the only one. FD002 for an unknown model; '
'42501 for tasks of another role';
