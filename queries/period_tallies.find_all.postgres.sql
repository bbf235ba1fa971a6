-- Period tallies $1, ascending: tally, cells.
SELECT tally, cells FROM period_tallies WHERE tally = ANY ($1::bigint[]) ORDER BY tally
