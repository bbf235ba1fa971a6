-- Tally $1.
DELETE FROM tallies WHERE tally = $1
