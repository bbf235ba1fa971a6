-- Period tallies $1 to $2, both included.
DELETE FROM period_tallies WHERE tally >= $1 AND tally <= $2
