-- list: what is known of cards, customers, merchants, devices and countries, beyond any
-- model: named lists of values that allow, review or block.

CREATE SEQUENCE fraud.list_entry_id_seq AS bigint;
CREATE TABLE fraud.list_entry (
  entry_id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('fraud.list_entry_id_seq'),
  list text COLLATE pg_catalog."C" NOT NULL CHECK (list <> ''),
  kind text COLLATE pg_catalog."C" NOT NULL CHECK (kind IN ('card', 'customer', 'merchant', 'device', 'country')),
  value text COLLATE pg_catalog."C" NOT NULL,
  decision text NOT NULL CHECK (decision IN ('approve', 'review', 'block')),
  expires timestamptz,
  note text,
  added_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  added_by text NOT NULL DEFAULT CURRENT_USER,
  removed_at timestamptz,
  removed_by text
);
ALTER SEQUENCE fraud.list_entry_id_seq OWNED BY fraud.list_entry.entry_id;
CREATE UNIQUE INDEX list_entry_once ON fraud.list_entry (value, kind, list) WHERE removed_at IS NULL;
CREATE INDEX list_entry_value ON fraud.list_entry USING hash (value) WHERE removed_at IS NULL;
COMMENT ON SEQUENCE fraud.list_entry_id_seq IS 'numbers of entries';
COMMENT ON TABLE fraud.list_entry IS
'entries of lists, present and past ones: a value of a kind, and what it means for a transaction';
COMMENT ON COLUMN fraud.list_entry.value IS 'the value as its column''s type prints it';
COMMENT ON COLUMN fraud.list_entry.expires IS 'from then on it counts no more; NULL: never';
SELECT pg_catalog.pg_extension_config_dump('fraud.list_entry', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.list_entry_id_seq', '');

-- What was written stays: an entry is removed once, now and in the role's own name, and then it is history
-- until fraud_purge, which goes by removed_at.
CREATE TRIGGER list_entry_is_removed_only BEFORE UPDATE ON fraud.list_entry
  FOR EACH ROW WHEN (
    OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL OR NEW.removed_by IS DISTINCT FROM CURRENT_USER
    OR NEW.removed_at NOT BETWEEN now() AND clock_timestamp()
    OR (OLD.entry_id, OLD.list, OLD.kind, OLD.value, OLD.decision)
      IS DISTINCT FROM (NEW.entry_id, NEW.list, NEW.kind, NEW.value, NEW.decision)
    OR (OLD.expires, OLD.note, OLD.added_at, OLD.added_by)
      IS DISTINCT FROM (NEW.expires, NEW.note, NEW.added_at, NEW.added_by))
  EXECUTE FUNCTION fraud.keep_record('fraud_list_add replaces an entry, fraud_list_remove ends it.');
CREATE TRIGGER list_entry_stays BEFORE DELETE ON fraud.list_entry
  FOR EACH ROW EXECUTE FUNCTION fraud.keep_record();
CREATE TRIGGER list_entry_is_not_truncated BEFORE TRUNCATE ON fraud.list_entry
  EXECUTE FUNCTION fraud.keep_record();
ALTER TABLE fraud.list_entry ENABLE ALWAYS TRIGGER list_entry_is_removed_only;
ALTER TABLE fraud.list_entry ENABLE ALWAYS TRIGGER list_entry_stays;
ALTER TABLE fraud.list_entry ENABLE ALWAYS TRIGGER list_entry_is_not_truncated;

CREATE FUNCTION fraud.refuse_made_up_entry() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
    RETURN NEW;
  ELSIF NEW.added_by <> current_user THEN
    RAISE EXCEPTION 'role "%" cannot add to a list in the name of role "%"', current_user, NEW.added_by
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RAISE EXCEPTION 'role "%" cannot choose added_at, removed_at and removed_by of an entry', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'Leave them out.';
END
$$;
REVOKE ALL ON FUNCTION fraud.refuse_made_up_entry() FROM PUBLIC;
COMMENT ON FUNCTION fraud.refuse_made_up_entry() IS
'trigger of fraud.list_entry: 42501 for an entry in the name of another role or of another time, except in a superuser''s restore';
CREATE TRIGGER list_entry_says_who_added_it_when BEFORE INSERT ON fraud.list_entry
  FOR EACH ROW WHEN (NEW.added_by <> CURRENT_USER OR NEW.added_at NOT BETWEEN now() AND clock_timestamp()
    OR NEW.removed_at IS NOT NULL OR NEW.removed_by IS NOT NULL)
  EXECUTE FUNCTION fraud.refuse_made_up_entry();
ALTER TABLE fraud.list_entry ENABLE ALWAYS TRIGGER list_entry_says_who_added_it_when;

CREATE FUNCTION fraud.decision_named(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names constant text[] := '{approve,review,block}';
BEGIN
  IF name = ANY (names) THEN
    RETURN name;
  ELSIF name = 'allow' THEN
    RETURN 'approve';
  ELSIF name IS NULL THEN
    RAISE EXCEPTION 'decision must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  RAISE EXCEPTION 'there is no decision "%"', name USING ERRCODE = 'invalid_parameter_value',
    HINT = fraud.name_hint(name, names, format('There are %s.', fraud.name_list(names)));
END
$$;
COMMENT ON FUNCTION fraud.decision_named(text) IS
'approve, review or block; allow means approve. 22023 for any other name, 22004 for NULL';

-- No message holds the value: what a list is given by mistake may be a card number.
CREATE FUNCTION fraud.check_list_entry(list text, kind text, value text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kinds constant text[] := '{card,customer,merchant,device,country}';
BEGIN
  IF list IS NULL OR kind IS NULL OR value IS NULL THEN
    RAISE EXCEPTION 'list, kind and value must not be null' USING ERRCODE = 'null_value_not_allowed';
  ELSIF list = '' THEN
    RAISE EXCEPTION 'the name of a list must not be empty' USING ERRCODE = 'invalid_parameter_value';
  ELSIF kind <> ALL (kinds) THEN
    RAISE EXCEPTION 'lists have no kind "%"', kind USING ERRCODE = 'invalid_parameter_value',
      HINT = fraud.name_hint(kind, kinds, format('There are %s.', fraud.name_list(kinds)));
  ELSIF octet_length(value) NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION 'the value of a list''s entry must have 1 to 1000 bytes, not %', octet_length(value)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
END
$$;
COMMENT ON FUNCTION fraud.check_list_entry(text, text, text) IS
'22023 for an entry with an unknown kind, without a name of its list, or with a value that is empty or has more than 1000 bytes; '
'22004 for NULL';

CREATE FUNCTION @extschema@.fraud_list_add(list text, kind text, value text, decision text,
  expires timestamptz DEFAULT NULL, note text DEFAULT NULL, not_card_number bool DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  exception constant text := 'What only looks like a card number is taken with not_card_number => true.';
  meaning constant text := fraud.decision_named(decision);
  added bigint;
BEGIN
  PERFORM fraud.check_list_entry(list, kind, value);
  IF not_card_number IS NOT TRUE THEN
    PERFORM fraud.refuse_card_number(value, format('the value for list "%s"', list), exception),
      fraud.refuse_card_number(note, format('a part of the note for list "%s"', list), exception);
  END IF;
  IF expires <= clock_timestamp() THEN
    RAISE EXCEPTION 'an entry cannot expire in the past' USING ERRCODE = 'invalid_parameter_value',
      DETAIL = format('expires is %s.', expires);
  END IF;
  -- Whoever comes second replaces what the first one added.
  LOOP
    INSERT INTO fraud.list_entry AS e (list, kind, value, decision, expires, note)
      VALUES ($1, $2, $3, meaning, $5, $6)
      ON CONFLICT (value, kind, list) WHERE removed_at IS NULL DO NOTHING RETURNING e.entry_id INTO added;
    EXIT WHEN added IS NOT NULL;
    PERFORM FROM @extschema@.fraud_list_remove($1, $2, $3);
  END LOOP;
  RETURN added;
END
$$;
REVOKE ALL ON FUNCTION
  @extschema@.fraud_list_add(text, text, text, text, timestamptz, text, bool) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_list_add(text, text, text, text, timestamptz, text, bool) IS
'adds a value to a list, in place of the entry that the list has of it; the number of the entry. kind: card, customer, merchant, '
'device or country; decision: approve (or allow), review or block; expires NULL: never. FD010 for what looks like a card number, also in the note, '
'unless not_card_number; 22023 for an unknown kind or decision, an empty value or one of more than 1000 bytes, or a time that is '
'over; 22004 for NULL';

CREATE FUNCTION @extschema@.fraud_list_remove(list text, kind text, value text) RETURNS bool
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM fraud.check_list_entry(list, kind, value);
  UPDATE fraud.list_entry AS e SET removed_at = clock_timestamp(), removed_by = current_user
    WHERE e.list = $1 AND e.kind = $2 AND e.value = $3 AND e.removed_at IS NULL;
  RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION @extschema@.fraud_list_remove(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.fraud_list_remove(text, text, text) IS
'takes a value out of a list; its entry stays in fraud.list_entry, with who removed it and when. False where the list does not '
'have the value; 22023 for an unknown kind, 22004 for NULL';

CREATE VIEW fraud.lists WITH (security_invoker = true) AS
SELECT e.list, e.kind, e.value, e.decision, e.expires, e.note, e.added_at, e.added_by, e.entry_id
FROM fraud.list_entry e
WHERE e.removed_at IS NULL AND (e.expires IS NULL OR e.expires > pg_catalog.statement_timestamp());
COMMENT ON VIEW fraud.lists IS 'entries of lists that count now';
