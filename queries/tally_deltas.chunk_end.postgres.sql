-- The tally of the $2nd delta from tally $1 on, or of the last one; no row value without any.
SELECT max(tally) FROM (SELECT tally FROM tally_deltas WHERE tally >= $1 ORDER BY tally LIMIT $2) AS chunk
