-- card_number: no card number (PAN) where a token belongs.

CREATE FUNCTION fraud.is_card_number(value anyelement) RETURNS bool
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_is_card_number';
COMMENT ON FUNCTION fraud.is_card_number(anyelement) IS
'does a text hold, or is a number, what looks like the number of a payment card: 13 to 19 digits, in one piece or in groups of '
'six at most, whose check digit is right (Luhn)? Values of other types as they are printed; smaller numbers, times and uuids never '
'do. NULL for NULL';

-- In C: the error leaves out its context, and the statement stays out of the log.
CREATE FUNCTION fraud.refuse_card_number(value text, what text, exception text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS '$libdir/fraud_detect', 'fraud_refuse_card_number';
COMMENT ON FUNCTION fraud.refuse_card_number(text, text, text) IS
'FD010 for a value that looks like a card number (fraud.is_card_number); the message says what it is, never the value, and the '
'hint how an exception is made. Nothing for NULL';

CREATE FUNCTION fraud.refuse_card_numbers(relation regclass, columns text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  looked_at constant int := 10000;
  -- Rows by the planner's statistics; without them all rows are candidates.
  rows float8 := (SELECT sum(c.reltuples)
    FROM pg_partition_tree(relation) t JOIN pg_class c ON c.oid = t.relid WHERE t.isleaf AND c.reltuples > 0);
  percent float8 := least(100, 200.0 * looked_at / coalesce(nullif(rows, 0), 1));
  wanted text;
  found bool;
BEGIN
  FOREACH wanted IN ARRAY coalesce(columns, '{}') LOOP
    PERFORM fraud.require_column(relation, wanted, 'what must not hold card numbers');
    EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT t.%1$I AS value FROM %2$s AS t TABLESAMPLE SYSTEM (%3$s) REPEATABLE (42) '
                   'WHERE t.%1$I IS NOT NULL LIMIT %4$s) AS s WHERE fraud.is_card_number(s.value))',
                   wanted, relation, percent, looked_at) INTO found;
    IF found THEN
      RAISE EXCEPTION 'column "%" of % holds what looks like card numbers', wanted, relation
        USING ERRCODE = 'FD010',
        HINT = 'Store tokens in their place. Where values only look like card numbers, name the column in the option "not_card_numbers".';
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION fraud.refuse_card_numbers(regclass, text[]) IS
'FD010 where a column holds a card number in one of 10,000 rows, a seeded sample of the table; it names the column, never a '
'value. 42703 for a column that is not there, 42501 without SELECT on the table. NULL columns are none';
