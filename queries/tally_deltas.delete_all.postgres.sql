-- Deltas of the tallies $1.
DELETE FROM tally_deltas WHERE tally = ANY ($1::bigint[])
