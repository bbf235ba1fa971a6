-- Takes away the deltas of tallies $1 to $2, both included: tally, cells.
DELETE FROM tally_deltas WHERE tally >= $1 AND tally <= $2 RETURNING tally, cells
