-- label: what became of rows, as it became known (docs/labels.md).
--
-- Events are appended and never changed. What is known of a row at an instant is its latest event
-- until then, by known_at, then by label_id. Who may append what is a trigger's business, so
-- that an INSERT of many rows obeys the same rules as fraud_label. No function lends its owner's
-- rights: who labels needs INSERT, which can be granted for the columns that one may choose.

-- Free texts would let a misspelt source be one of its own, which no query reads.
CREATE FUNCTION fraud.label_sources() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{chargeback,analyst}'::text[];
COMMENT ON FUNCTION fraud.label_sources() IS 'where labels come from';

CREATE FUNCTION fraud.check_label_sources(sources text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wrong text := (SELECT coalesce(s, 'NULL') FROM unnest(sources) AS s
    WHERE (s = ANY (fraud.label_sources())) IS NOT TRUE ORDER BY 1 LIMIT 1);
BEGIN
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'labels have no source "%"', wrong USING ERRCODE = 'invalid_parameter_value',
      HINT = fraud.name_hint(wrong, fraud.label_sources(), format('Sources are %s.', fraud.name_list(fraud.label_sources())));
  ELSIF coalesce(cardinality(sources), 0) = 0 THEN
    RAISE EXCEPTION 'labels need a source at least' USING ERRCODE = 'invalid_parameter_value',
      HINT = format('Sources are %s.', fraud.name_list(fraud.label_sources()));
  END IF;
  RETURN sources;
END
$$;
COMMENT ON FUNCTION fraud.check_label_sources(text[]) IS
'the sources themselves; 22023 where one is not known, or there is none';

CREATE SEQUENCE fraud.label_id_seq AS bigint;
CREATE TABLE fraud.label (
  label_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.label_id_seq'),
  relation regclass NOT NULL,
  key text COLLATE pg_catalog."C" NOT NULL CHECK (pg_catalog.octet_length(key) <= 1000),
  is_fraud bool NOT NULL,
  source text COLLATE pg_catalog."C" NOT NULL CHECK (source = ANY (fraud.label_sources())),
  known_at timestamptz NOT NULL CHECK (pg_catalog.isfinite(known_at)),
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  recorded_by text NOT NULL DEFAULT CURRENT_USER,
  note text
);
ALTER SEQUENCE fraud.label_id_seq OWNED BY fraud.label.label_id;
CREATE INDEX label_relation_key_idx ON fraud.label (relation, key, known_at, label_id);
COMMENT ON TABLE fraud.label IS
'what became of rows: chargebacks and verdicts of analysts, as they became known; append-only';
COMMENT ON COLUMN fraud.label.relation IS 'the table of the row; of a partition, the whole table';
COMMENT ON COLUMN fraud.label.key IS 'the row''s key, as text';
COMMENT ON COLUMN fraud.label.source IS 'chargeback or analyst: two records, kept apart';
COMMENT ON COLUMN fraud.label.known_at IS 'since when it is known: what counts for features and evaluation';
COMMENT ON COLUMN fraud.label.recorded_at IS 'when it was written here';
COMMENT ON SEQUENCE fraud.label_id_seq IS 'keys of fraud.label';
-- Of a table that was dropped, only a number is left, which another table may have after a restore.
SELECT pg_catalog.pg_extension_config_dump('fraud.label',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = relation)');
SELECT pg_catalog.pg_extension_config_dump('fraud.label_id_seq', '');

CREATE TRIGGER label_is_immutable BEFORE UPDATE OR DELETE ON fraud.label FOR EACH ROW
  EXECUTE FUNCTION fraud.keep_record('A later label of the same source replaces an earlier one: fraud_label.');
CREATE TRIGGER label_is_not_truncated BEFORE TRUNCATE ON fraud.label
  EXECUTE FUNCTION fraud.keep_record();
ALTER TABLE fraud.label ENABLE ALWAYS TRIGGER label_is_immutable;
ALTER TABLE fraud.label ENABLE ALWAYS TRIGGER label_is_not_truncated;

CREATE FUNCTION fraud.label_relation(relation regclass) RETURNS regclass
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pg_partition_root(relation), relation);
COMMENT ON FUNCTION fraud.label_relation(regclass) IS
'the table under which labels of a table''s rows are: of a partition the whole table, else itself';

CREATE FUNCTION fraud.refuse_label(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation) THEN
    RAISE EXCEPTION 'the table of a label does not exist' USING ERRCODE = 'undefined_table';
  ELSIF NOT has_table_privilege(relation, 'SELECT') THEN
    RAISE EXCEPTION 'permission denied for table %', relation USING ERRCODE = 'insufficient_privilege',
      DETAIL = 'Who labels rows must be allowed to see them.',
      HINT = format('GRANT SELECT ON %s TO %I', relation, current_user);
  END IF;
  RAISE EXCEPTION 'row-level security of % applies to role "%"', relation, current_user
    USING ERRCODE = 'insufficient_privilege',
    DETAIL = 'A key does not tell whether the role sees the row.',
    HINT = 'Let a role that sees all rows label them.';
END
$$;
COMMENT ON FUNCTION fraud.refuse_label(regclass) IS
'raises why the role cannot label rows of a table: 42P01, 42501';

-- A restore writes times and roles of the past, and only a superuser may.
CREATE FUNCTION fraud.check_label() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF (has_table_privilege(NEW.relation, 'SELECT') AND NOT row_security_active(NEW.relation)) IS NOT TRUE THEN
    PERFORM fraud.refuse_label(NEW.relation);
  END IF;
  IF (NEW.source = ANY (fraud.label_sources())) IS NOT TRUE THEN
    PERFORM fraud.check_label_sources(ARRAY[NEW.source]);
  END IF;
  IF (NEW.recorded_by <> current_user OR NEW.recorded_at NOT BETWEEN now() AND clock_timestamp())
      AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
    RAISE EXCEPTION 'role "%" cannot choose recorded_at and recorded_by of a label', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = 'Leave them out.';
  ELSIF octet_length(NEW.key) > 1000 THEN
    RAISE EXCEPTION 'key of a label is longer than 1000 bytes' USING ERRCODE = 'invalid_parameter_value';
  ELSIF NOT isfinite(NEW.known_at) THEN
    RAISE EXCEPTION 'known_at of a label must be finite' USING ERRCODE = 'invalid_parameter_value';
  ELSIF NEW.known_at > NEW.recorded_at THEN
    RAISE EXCEPTION 'a label cannot be known in the future: %', NEW.known_at
      USING ERRCODE = 'invalid_parameter_value', HINT = 'known_at is when somebody knew it, now at the latest.';
  END IF;
  NEW.relation := fraud.label_relation(NEW.relation);
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION fraud.check_label() FROM PUBLIC;
COMMENT ON FUNCTION fraud.check_label() IS
'trigger of fraud.label: 42501 for a table whose rows the role does not see, or in the name of another role or time; '
'22023 for a source that is not known, a time in the future, a long key';
CREATE TRIGGER label_is_checked BEFORE INSERT ON fraud.label
  FOR EACH ROW EXECUTE FUNCTION fraud.check_label();

CREATE FUNCTION @extschema@.fraud_label(relation regclass, key text, is_fraud bool,
  source text DEFAULT 'chargeback', known_at timestamptz DEFAULT pg_catalog.now(), note text DEFAULT NULL,
  not_card_number bool DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  exception constant text := 'What only looks like a card number is taken with not_card_number => true.';
  id bigint;
BEGIN
  IF num_nulls(relation, key, is_fraud, source, known_at) > 0 THEN
    RAISE EXCEPTION 'relation, key, is_fraud, source and known_at of a label must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF not_card_number IS NOT TRUE THEN
    PERFORM fraud.refuse_card_number(key, 'the key of the label', exception),
      fraud.refuse_card_number(note, 'a part of the note of the label', exception);
  END IF;
  INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, note)
    VALUES (relation, key, is_fraud, source, known_at, note) RETURNING label_id INTO id;
  RETURN id;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_label(regclass, text, bool, text, timestamptz, text, bool)
FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_label(regclass, text, bool, text, timestamptz, text, bool) IS
'records what became of a row: a chargeback, or the verdict of an analyst; is_fraud false takes an earlier label of the '
'same source back. key is the row''s key as text; a row of that key need not be there. Returns label_id. '
'Needs INSERT on fraud.label, SELECT on its label_id, USAGE on fraud.label_id_seq, and SELECT on the table, which must not '
'be under row-level security for the role (42501). 22004 for a NULL other than note, 22023 for another source, a key of more than '
'1000 bytes, or known_at in the future or infinite, FD010 for a key or a note that looks like a card number unless not_card_number, '
'42P01 for a table that does not exist';

CREATE FUNCTION @extschema@.fraud_labels(relation regclass, sources text[] DEFAULT '{chargeback}',
  as_of timestamptz DEFAULT 'infinity')
RETURNS TABLE (key text, is_fraud bool, known_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT DISTINCT ON (l.key) l.key, l.is_fraud, l.known_at
  FROM fraud.label AS l
  WHERE l.relation = fraud.label_relation(fraud_labels.relation)
    AND l.source = ANY (fraud.check_label_sources(fraud_labels.sources))
    AND l.known_at <= fraud_labels.as_of
  ORDER BY l.key DESC, l.known_at DESC, l.label_id DESC;
END;
COMMENT ON FUNCTION @extschema@.fraud_labels(regclass, text[], timestamptz) IS
'what was known of the rows of a table at an instant, one row for each key: of the events of these sources with known_at '
'until then, the latest. Needs SELECT on fraud.label (42501). 22023 for a source that is not known; a NULL table or instant gives no rows';

-- For the views of fraud_features, which evaluate it for each event of a window.
CREATE FUNCTION fraud.label_changes(relation regclass, key text, sources text[]) RETURNS timestamptz[]
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100
AS '$libdir/fraud_detect', 'fraud_label_changes';
COMMENT ON FUNCTION fraud.label_changes(regclass, text, text[]) IS
'when a row became known as fraud, then as none, as fraud again, and so on, by the events of these sources; NULL where '
'it never was known as fraud, and for NULL. Needs SELECT on fraud.label (42501)';
