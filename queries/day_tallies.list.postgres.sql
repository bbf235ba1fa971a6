-- Numbers of the day tallies in [$1, $2), ascending, of days all of which is folded; 96 buckets are a day.
SELECT tally FROM day_tallies
WHERE tally >= $1 AND tally < $2 AND NOT EXISTS (
  SELECT FROM tally_deltas AS delta WHERE delta.tally >= (day_tallies.tally >> 8) * 96 AND delta.tally < ((day_tallies.tally >> 8) + 1) * 96)
ORDER BY tally
