-- Tallies in [$1, $2), ascending: tally, cells.
SELECT tally, cells FROM tallies WHERE tally >= $1 AND tally < $2 ORDER BY tally
