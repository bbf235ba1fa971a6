-- The numbers of tallies in [$1, $2), ascending.
SELECT tally FROM tallies WHERE tally >= $1 AND tally < $2 ORDER BY tally
