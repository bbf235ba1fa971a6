-- Tallies $1 have exactly the cells $2.
INSERT INTO tallies (tally, cells)
SELECT tally, cells FROM unnest($1::bigint[], $2::bytea[]) AS put (tally, cells)
ON CONFLICT (tally) DO UPDATE SET cells = excluded.cells
