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
CREATE INDEX list_entry_value ON fraud.list_entry (value, kind) WHERE removed_at IS NULL;
COMMENT ON SEQUENCE fraud.list_entry_id_seq IS 'numbers of entries';
COMMENT ON TABLE fraud.list_entry IS
'entries of lists, present and past ones: a value of a kind, and what it means for a transaction';
COMMENT ON COLUMN fraud.list_entry.value IS 'the value as its column''s type prints it';
COMMENT ON COLUMN fraud.list_entry.expires IS 'from then on it counts no more; NULL: never';
SELECT pg_catalog.pg_extension_config_dump('fraud.list_entry', '');
SELECT pg_catalog.pg_extension_config_dump('fraud.list_entry_id_seq', '');
