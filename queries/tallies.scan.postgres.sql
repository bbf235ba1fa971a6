-- Tallies in [$1, $2) with what is not folded yet, ascending, several rows for one that must be added up: tally, cells.
SELECT tally, cells FROM tallies WHERE tally >= $1 AND tally < $2
UNION ALL
SELECT tally, cells FROM tally_deltas WHERE tally >= $1 AND tally < $2
ORDER BY tally
