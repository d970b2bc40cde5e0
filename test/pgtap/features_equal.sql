-- Features have no skew: on random definitions and data with ties, NULLs, gaps and infinite
-- times, around both clock changes, for all types of event time and in any time zone, the view gives
-- what a naive query gives, and the single row the same bits as the view.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'UTC';
SELECT setseed(0.42);

CREATE FUNCTION pg_temp.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT choices[1 + floor(random() * cardinality(choices))::int]
$$;

-- Amounts are multiples of 1/64, so that sums of numeric are those of float8.
CREATE FUNCTION pg_temp.make_events(name text, time_type text, n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($sql$
    CREATE TABLE %1$I (id int PRIMARY KEY, dropped int, "At" %2$s, card text, "Shop" int, device uuid, amount numeric,
      small float4, flag bool, "order" text, fraud %3$s, label_time timestamptz, twice numeric GENERATED ALWAYS AS (amount * 2) STORED);
    ALTER TABLE %1$I DROP COLUMN dropped;
    INSERT INTO %1$I (id, "At", card, "Shop", device, amount, small, flag, "order", fraud, label_time)
    SELECT i, CASE WHEN i %% 97 = 0 THEN NULL WHEN i %% 89 = 0 THEN 'infinity' WHEN i %% 83 = 0 THEN '-infinity'
        ELSE (base + make_interval(secs => CASE WHEN random() < 0.3 THEN floor(i / 4) * 7200 ELSE floor(i / 4) * 7200
          + floor(random() * 7000000) / 1000 END))::%2$s END,
      CASE WHEN random() > 0.05 THEN 'c' || floor(random() * 6) END, floor(random() * 5),
      CASE WHEN random() > 0.3 THEN md5(floor(random() * 4)::text)::uuid END,
      CASE WHEN random() > 0.1 THEN floor(random() * 100000 - 20000) / 64 END,
      CASE WHEN random() > 0.1 THEN floor(random() * 1000) / 8 END,
      CASE WHEN random() > 0.1 THEN random() > 0.5 END, pg_temp.pick('x', 'y', 'Z', NULL),
      (CASE WHEN random() > 0.1 THEN (random() > 0.7)::int END)::%3$s,
      CASE WHEN random() > 0.2 THEN base + make_interval(secs => i * 1800 + floor(random() * 1000000)) END
    FROM generate_series(1, %4$s) AS i,
      (VALUES ('2026-03-27 00:00+00'::timestamptz), ('2026-10-23 12:00+00')) AS b (base)
    WHERE i %% 2 = (base > '2026-06-01')::int
    $sql$, name, time_type, pg_temp.pick('int', 'numeric'), n);
END
$$;

-- Labels of both sources, taken back and made again, at the times of events too, and told in any order.
CREATE FUNCTION pg_temp.make_labels(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($sql$
    INSERT INTO fraud.label (relation, key, is_fraud, source, known_at, recorded_at)
    SELECT %2$L::regclass, id, random() < 0.6, pg_temp.pick('chargeback', 'analyst'),
      base + make_interval(secs => id * 1800 + floor(random() * 60) * 7200), '2100-01-01'
    FROM %1$I, generate_series(1, 3) AS i,
      (VALUES ('2026-03-27 00:00+00'::timestamptz), ('2026-10-23 12:00+00')) AS b (base)
    WHERE id %% 2 = (base > '2026-06-01')::int AND random() < 0.4 ORDER BY random()
    $sql$, name, quote_ident(name));
END
$$;

CREATE FUNCTION pg_temp.make_feature(i int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  aggregates text[] := '{count,sum,avg,min,max,stddev,distinct,since_last,ratio_to_avg,first_seen,fraud_rate}';
  aggregate text := aggregates[1 + i % 11];
  latest bool := aggregate IN ('since_last', 'first_seen');
  feature jsonb := jsonb_build_object('name', format('F%s %s', i, aggregate), 'aggregate', aggregate,
    'per', pg_temp.pick('["card"]', '["Shop"]', '["device"]', '["card","Shop"]')::jsonb);
BEGIN
  IF NOT latest OR random() < 0.5 THEN
    feature := feature || jsonb_build_object('window', pg_temp.pick('90 seconds', '2 hours', '1 day', '3 days 12:00', '1 month'));
  END IF;
  IF aggregate = 'fraud_rate' THEN
    feature := feature || jsonb_build_object('delay', pg_temp.pick('1 day', '7200 seconds', '2 days'),
      'prior', pg_temp.pick('0', '20', '0.5')::numeric) || pg_temp.pick('{"label": "fraud"}',
      '{"label_sources": ["chargeback"]}', '{"label_sources": ["analyst", "chargeback"]}',
      '{"label": "fraud", "label_sources": ["chargeback"]}')::jsonb;
  ELSIF NOT latest AND random() < 0.3 THEN
    feature := feature || jsonb_build_object('delay', pg_temp.pick('7200 seconds', '1 day'));
  ELSIF NOT latest AND random() < 0.5 THEN
    feature := feature || jsonb_build_object('include_current', random() < 0.5);
  END IF;
  IF aggregate = 'distinct' THEN
    feature := feature || jsonb_build_object('value', pg_temp.pick('amount', 'order', 'Shop', 'device', 'flag'));
  ELSIF aggregate NOT IN ('count', 'since_last', 'first_seen', 'fraud_rate') THEN
    feature := feature || jsonb_build_object('value', pg_temp.pick('amount', 'small', 'twice', 'Shop', 'amount * 0.25 + small::numeric'));
  ELSIF aggregate = 'first_seen' AND random() < 0.5 THEN
    feature := feature || '{"value": "order"}';
  ELSIF aggregate = 'count' AND random() < 0.5 THEN
    feature := feature || '{"value": "order"}';
  END IF;
  IF random() < 0.4 THEN
    feature := feature || jsonb_build_object('filter', pg_temp.pick('flag', 'amount > 100', '"order" = ''x'' AND flag',
      'extract(dow from "At") IN (0, 1, 5)'));
  END IF;
  RETURN feature;
END
$$;

-- What is known of an event e before an instant, by its label or by its latest event in fraud.label.
CREATE FUNCTION pg_temp.known_fraud(name text, feature jsonb, event text, instant text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' OR ', CASE WHEN feature ? 'label' THEN format('%1$s.fraud = 1 AND %1$s.known < %2$s', event, instant) END,
    CASE WHEN feature ? 'label_sources' THEN format($sql$(SELECT l.is_fraud FROM fraud.label l WHERE l.relation = %L::regclass
      AND l.key = %s.id::text AND %L ? l.source AND extract(epoch FROM l.known_at) < %s
      ORDER BY l.known_at DESC, l.label_id DESC LIMIT 1)$sql$, quote_ident(name), event, feature -> 'label_sources', instant) END)
$$;

-- The reference, in plain SQL: for each row r all events e. Seconds are those of UTC.
CREATE FUNCTION pg_temp.naive(name text, feature jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  aggregate text := feature ->> 'aggregate';
  w numeric := extract(epoch FROM replace(feature ->> 'window', '1 month', '30 days')::interval);
  d numeric := coalesce(extract(epoch FROM (feature ->> 'delay')::interval), 0);
  latest bool := aggregate IN ('since_last', 'first_seen');
  current bool := coalesce((feature ->> 'include_current')::bool, aggregate <> 'ratio_to_avg' AND NOT latest AND d = 0);
  value text := CASE WHEN feature ->> 'value' IN ('amount', 'order', 'Shop', 'device', 'flag', 'small', 'twice')
    THEN quote_ident(feature ->> 'value') ELSE feature ->> 'value' END;
  entity text := (SELECT string_agg(format('e.%I = r.%I', p, p), ' AND ') FROM jsonb_array_elements_text(feature -> 'per') AS p);
  known text := (SELECT string_agg(format('r.%I IS NOT NULL', p), ' AND ') FROM jsonb_array_elements_text(feature -> 'per') AS p);
  inside text;
  event text;
  result text;
BEGIN
  IF aggregate = 'first_seen' AND value IS NOT NULL THEN
    entity := entity || format(' AND e.%1$s = r.%1$s', value);
    known := known || format(' AND r.%s IS NOT NULL', value);
  END IF;
  inside := CASE WHEN d = 0 THEN format('(e.s < r.s OR %s AND e.id = r.id)', current::text) ELSE format('e.s <= r.s - %s', d) END
    || CASE WHEN w IS NULL THEN '' ELSE format(' AND e.s > r.s - %s', d + w) END;
  -- The current row's own value stands beside that of the events.
  event := format('(SELECT *, (%s)::numeric AS v, %s AS w FROM numbered) AS e',
    CASE WHEN aggregate IN ('distinct', 'count', 'first_seen') OR value IS NULL THEN '0' ELSE value END, coalesce(value, '0'));
  result := CASE aggregate
    WHEN 'count' THEN CASE WHEN value IS NULL THEN 'count(*)' ELSE 'count(e.w)' END
    WHEN 'sum' THEN 'coalesce(sum(e.v), 0)' WHEN 'avg' THEN 'sum(e.v)::float8 / nullif(count(e.v), 0)'
    WHEN 'min' THEN 'min(e.v)' WHEN 'max' THEN 'max(e.v)' WHEN 'stddev' THEN 'stddev_samp(e.v)'
    WHEN 'distinct' THEN 'count(DISTINCT e.w)'
    WHEN 'ratio_to_avg' THEN 'r.v::float8 / nullif(sum(e.v)::float8 / nullif(count(e.v), 0), 0)'
    WHEN 'since_last' THEN 'r.s - max(e.s)' WHEN 'first_seen' THEN '(count(*) = 0)::int'
    ELSE format('CASE WHEN count(%5$s) + %1$s = 0 THEN 0 ELSE (count(*) FILTER (WHERE %3$s)'
      ' + %1$s::float8 * coalesce((SELECT count(*) FILTER (WHERE %4$s)::float8 / nullif(count(*), 0)'
      ' FROM numbered o WHERE o.s <= r.midnight - %2$s AND %6$s IS NOT NULL), 0)) / (count(%5$s) + %1$s::float8) END',
      coalesce(feature ->> 'prior', '0'), d, pg_temp.known_fraud(name, feature, 'e', 'r.s'),
      pg_temp.known_fraud(name, feature, 'o', 'r.midnight'),
      CASE WHEN feature ? 'label_sources' THEN '1' ELSE 'e.fraud' END,
      CASE WHEN feature ? 'label_sources' THEN '1' ELSE 'o.fraud' END) END;
  RETURN format($sql$
    WITH numbered AS MATERIALIZED (
      SELECT *, CASE WHEN isfinite("At") THEN extract(epoch FROM "At") END AS s, extract(epoch FROM label_time) AS known
      FROM %I)
    SELECT r.id, CASE WHEN r.s IS NOT NULL AND %s THEN
      (SELECT (%s)::float8 FROM %s WHERE %s AND %s AND (%s)) END AS value
    FROM (SELECT *, (%s)::numeric AS v, floor(s / 86400) * 86400 AS midnight FROM numbered) AS r
    $sql$, name, known, result, event, entity, inside, coalesce(feature ->> 'filter', 'true'),
    CASE WHEN aggregate = 'ratio_to_avg' THEN value ELSE '0' END);
END
$$;

-- How many rows differ: in any bit, but deviations, which a server computes with rounding.
CREATE FUNCTION pg_temp.differing(name text, feature jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (%s) AS n FULL JOIN fraud_features.%I AS v USING (id) WHERE '
    || CASE WHEN feature ->> 'aggregate' = 'stddev'
      THEN '(n.value IS NULL) <> (v.%3$I IS NULL) OR abs(n.value - v.%3$I) > 1e-12 * abs(n.value)'
      ELSE 'float8send(n.value) IS DISTINCT FROM float8send(v.%3$I)' END,
    pg_temp.naive(name, feature), name, feature ->> 'name') INTO n;
  RETURN n;
END
$$;

CREATE TEMPORARY TABLE definition (name text, time_type text, features jsonb);
INSERT INTO definition
SELECT 'Events ' || r, (ARRAY['timestamptz', 'timestamp', 'date'])[1 + r % 3],
  (SELECT jsonb_agg(pg_temp.make_feature(r * 5 + i)) FROM generate_series(1, 22) AS i)
FROM generate_series(1, 6) AS r;

SELECT plan(6 * 5 + 6);
SELECT pg_temp.make_events(name, time_type, 400) FROM definition;
SELECT pg_temp.make_labels(name) FROM definition;
SELECT cmp_ok((SELECT count(DISTINCT f - 'name' - 'per' - 'window' - 'delay' - 'filter') FROM definition, jsonb_array_elements(features) AS f
  WHERE f ? 'label_sources'), '>', 4::bigint, 'several features use fraud.label');
SELECT fraud_define_features(name, format('%I', name)::regclass, 'At', features, 'id') FROM definition;
-- With indexes, one of which holds all that is read, and without.
SELECT format('CREATE INDEX ON %I (card, "At")', name) FROM definition WHERE name < 'Events 3' \gexec
CREATE INDEX covering ON "Events 3" (card, "At") INCLUDE (id, "Shop", device, amount, small, flag, "order", fraud, label_time, twice);

SELECT is(d.name || ': ' || (f ->> 'name') || ' ' || f::text, NULL, 'naive') FROM definition d, jsonb_array_elements(d.features) AS f
  WHERE pg_temp.differing(d.name, f) <> 0 LIMIT 5;
SELECT is(sum(pg_temp.differing(d.name, f)), 0::numeric, d.name || ': the view gives what a naive query gives')
  FROM definition d, jsonb_array_elements(d.features) AS f GROUP BY d.name ORDER BY d.name;
SELECT is((SELECT count(DISTINCT k.feature) FROM fraud_skew_check(d.name, 10000) AS k WHERE k.compared = 400), 22::bigint,
  d.name || ': every row is compared') FROM definition d ORDER BY d.name;
SELECT cmp_ok(pg_stat_get_xact_tuples_returned('covering'::regclass), '>', 400::bigint, 'rows are computed by the index that holds all that is read');

CREATE FUNCTION pg_temp.digest(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  digest text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(md5(record_send(r)), '''' ORDER BY id)) FROM (SELECT * FROM fraud_features.%I) AS r', name)
    INTO digest;
  RETURN digest;
END
$$;
CREATE TEMPORARY TABLE digest AS SELECT name, pg_temp.digest(name) FROM definition;
SET LOCAL TimeZone = 'Europe/Berlin';
SELECT is((SELECT sum(different) FROM fraud_skew_check(d.name, 10000)), 0::numeric,
  d.name || ': a single row has the bits of the view, in Berlin') FROM definition d ORDER BY d.name;
SET LOCAL TimeZone = 'Pacific/Auckland';
SET LOCAL IntervalStyle = 'iso_8601';
SET LOCAL extra_float_digits = 0;
SELECT is((SELECT sum(different) FROM fraud_skew_check(d.name, 10000)), 0::numeric, d.name || ': and in Auckland')
  FROM definition d ORDER BY d.name;
SELECT is(pg_temp.digest(name), digest, d.name || ': the view is the same in any time zone')
  FROM definition d JOIN digest USING (name) ORDER BY d.name;

-- What a numeric is as float8: the cast's value.
CREATE TABLE numbers AS
  SELECT i AS id, '2026-01-01'::timestamp + make_interval(secs => i) AS at, 1 AS card,
    CASE i % 3 WHEN 0 THEN round(hashint8(i) / 100.0, 2) WHEN 1 THEN hashint8(i) * 10::numeric ^ (i % 60 - 30)
      ELSE hashint8(i) * 10::numeric ^ (i % 600 - 300) / 7 END AS amount
  FROM generate_series(1, 6000) AS i;
SELECT fraud_define_features('numbers', 'numbers', 'at',
  '[{"name":"largest","per":"card","aggregate":"max","value":"amount","window":"1 microsecond"}]');
SELECT is(count(*) FILTER (WHERE float8send(largest) = float8send(amount::float8 + 0)), 6000::bigint, 'a numeric is rounded as the cast does')
  FROM fraud_features.numbers;

-- The largest and the smallest numbers.
CREATE TABLE extremes AS
  SELECT i AS id, '2026-03-29'::timestamp + make_interval(secs => i / 2) AS at, i % 3 AS card,
    (ARRAY[1e300, -1e300, 1e-300, 0.1, 1e15, 3, 'infinity', 'nan', -0.0, 1e22])[1 + (i * 7) % 10]::float8 AS amount
  FROM generate_series(1, 300) AS i;
SELECT fraud_define_features('extremes', 'extremes', 'at', (SELECT jsonb_agg(jsonb_build_object('name', a, 'per', 'card',
  'aggregate', a, 'value', 'amount', 'window', '30 seconds'))
  FROM unnest('{sum,avg,min,max,stddev,distinct,ratio_to_avg}'::text[]) AS a));
SELECT is((SELECT sum(different) FROM fraud_skew_check('extremes', 1000)), 0::numeric, 'extreme numbers have the same bits');
SELECT ok(bool_or(sum = 'infinity') AND count(sum) = 300, 'infinity is a sum') FROM fraud_features.extremes;
SELECT cmp_ok(count(DISTINCT stddev), '>', 2::bigint, 'deviations of extreme numbers are numbers') FROM fraud_features.extremes;

SELECT * FROM finish();
ROLLBACK;
