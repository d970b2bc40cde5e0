-- data.sql: the rows that the figures are measured on; psql variable: rows.
--
--   bench_labelled   30 float8 columns (with all their digits, five of them counts), label, event time, id
--   bench_float8     the 30 columns alone
--   bench_numeric    the same as numeric, four digits after the point
--
-- The same at each run: one generator, seeded, in one process.
SET max_parallel_workers_per_gather = 0;
SELECT setseed(0.42);

CREATE TABLE bench_labelled AS
SELECT f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15,
       f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30,
       random() < 1 / (1 + exp(6 - 1.2 * f01 * f02 + 0.8 * f03 - sin(3 * f04) * f05
                               - 0.6 * (f06 > 0.3 AND f13 > 1)::int - 0.4 * abs(f07) + 0.3 * f08 * f08
                               - 0.3 * f10 * f11 - 0.5 * f20 - 0.7 * f25 * (f26 > 70)::int)) AS is_fraud,
       timestamptz '2026-01-01 00:00+00' + id * interval '10 seconds' AS event_time,
       id
FROM (SELECT id,
             random() * 4 - 2 AS f01, random() * 4 - 2 AS f02, random() * 4 - 2 AS f03, random() * 4 - 2 AS f04,
             random() * 4 - 2 AS f05, random() * 4 - 2 AS f06, random() * 4 - 2 AS f07, random() * 4 - 2 AS f08,
             random() * 4 - 2 AS f09, random() * 4 - 2 AS f10,
             -ln(1 - random()) AS f11, -ln(1 - random()) AS f12, -ln(1 - random()) AS f13, -ln(1 - random()) AS f14,
             -ln(1 - random()) AS f15, -ln(1 - random()) AS f16, -ln(1 - random()) AS f17, -ln(1 - random()) AS f18,
             -ln(1 - random()) AS f19, -ln(1 - random()) AS f20,
             floor(random() * 10) AS f21, floor(random() * 20) AS f22, floor(random() * 30) AS f23,
             floor(random() * 50) AS f24, floor(random() * 2) AS f25,
             random() * 100 AS f26, random() * 100 AS f27, random() * 100 AS f28, random() * 100 AS f29,
             random() * 100 AS f30
      FROM generate_series(1, :rows) AS id
      OFFSET 0) AS drawn;

CREATE TABLE bench_float8 AS
SELECT f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15,
       f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30
FROM bench_labelled;

CREATE TABLE bench_numeric AS
SELECT round(f01::numeric, 4) AS f01, round(f02::numeric, 4) AS f02, round(f03::numeric, 4) AS f03,
       round(f04::numeric, 4) AS f04, round(f05::numeric, 4) AS f05, round(f06::numeric, 4) AS f06,
       round(f07::numeric, 4) AS f07, round(f08::numeric, 4) AS f08, round(f09::numeric, 4) AS f09,
       round(f10::numeric, 4) AS f10, round(f11::numeric, 4) AS f11, round(f12::numeric, 4) AS f12,
       round(f13::numeric, 4) AS f13, round(f14::numeric, 4) AS f14, round(f15::numeric, 4) AS f15,
       round(f16::numeric, 4) AS f16, round(f17::numeric, 4) AS f17, round(f18::numeric, 4) AS f18,
       round(f19::numeric, 4) AS f19, round(f20::numeric, 4) AS f20, f21::numeric, f22::numeric, f23::numeric,
       f24::numeric, f25::numeric, round(f26::numeric, 4) AS f26, round(f27::numeric, 4) AS f27,
       round(f28::numeric, 4) AS f28, round(f29::numeric, 4) AS f29, round(f30::numeric, 4) AS f30
FROM bench_float8;

VACUUM (ANALYZE) bench_labelled, bench_float8, bench_numeric;
