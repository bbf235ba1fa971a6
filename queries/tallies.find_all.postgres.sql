-- The folded tallies of the numbers $1: tally, cells.
SELECT tally, cells FROM tallies WHERE tally = ANY ($1::bigint[])
