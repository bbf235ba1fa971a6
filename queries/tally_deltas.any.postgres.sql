-- Whether there is a delta of a tally in [$1, $2): a row or none.
SELECT tally FROM tally_deltas WHERE tally >= $1 AND tally < $2 LIMIT 1
