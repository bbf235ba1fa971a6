-- Day tallies in [$1, $2).
DELETE FROM day_tallies WHERE tally >= $1 AND tally < $2
