-- Numbers of the day tallies in [$1, $2), ascending.
SELECT tally FROM day_tallies WHERE tally >= $1 AND tally < $2 ORDER BY tally
