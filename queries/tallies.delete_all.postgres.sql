-- Tallies $1.
DELETE FROM tallies WHERE tally = ANY ($1::bigint[])
