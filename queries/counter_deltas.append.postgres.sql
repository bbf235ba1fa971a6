-- Counters $1 with labels $2 and parts $3 have $4 more.
INSERT INTO counter_deltas (counter, label, part, value)
SELECT counter, label, part, value
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS added (counter, label, part, value)
