-- The cells of period tally $1.
SELECT cells FROM period_tallies WHERE tally = $1
