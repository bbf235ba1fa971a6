-- Numbers of the period tallies in [$1, $2), ascending.
SELECT tally FROM period_tallies WHERE tally >= $1 AND tally < $2 ORDER BY tally
