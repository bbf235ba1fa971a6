-- Tallies $1 have the cells $2 more, sources $3 have verdicts of the times $4, and counters $5 with labels $6 and parts $7 have $8 more:
-- in one statement, for each costs the server as much as ten of its rows.
WITH tallied AS (
  INSERT INTO tally_deltas (tally, cells)
  SELECT tally, cells FROM unnest($1::bigint[], $2::bytea[]) AS added (tally, cells)
), active AS (
  INSERT INTO source_activity_deltas (source, last_verdict)
  SELECT source, last_verdict FROM unnest($3::bigint[], $4::bigint[]) AS seen (source, last_verdict)
)
INSERT INTO counter_deltas (counter, label, part, value)
SELECT counter, label, part, value
FROM unnest($5::text[], $6::text[], $7::text[], $8::bigint[]) AS added (counter, label, part, value)
