-- Tallies $1 have the cells $2 more.
INSERT INTO tally_deltas (tally, cells)
SELECT tally, cells FROM unnest($1::bigint[], $2::bytea[]) AS added (tally, cells)
