-- The cells of day tally $1.
SELECT cells FROM day_tallies WHERE tally = $1
