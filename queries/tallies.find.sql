-- The cells of tally $1.
SELECT cells FROM tallies WHERE tally = $1
