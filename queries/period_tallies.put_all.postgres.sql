-- Period tallies $1 have the cells $2.
INSERT INTO period_tallies (tally, cells) SELECT tally, cells FROM unnest($1::bigint[], $2::bytea[]) AS put (tally, cells)
