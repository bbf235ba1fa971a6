-- Day tallies $1 to $2, both included.
DELETE FROM day_tallies WHERE tally >= $1 AND tally <= $2
