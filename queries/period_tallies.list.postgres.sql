-- Numbers of the period tallies in [$1, $2), ascending, of periods all of which is folded; 96 buckets are a day.
SELECT tally FROM period_tallies
WHERE tally >= $1 AND tally < $2 AND NOT EXISTS (
  SELECT FROM tally_deltas AS delta WHERE delta.tally >= (period_tallies.tally >> 8) * 96
    AND delta.tally < ((period_tallies.tally >> 8) + CASE (period_tallies.tally & 128) WHEN 128 THEN 16 ELSE 1 END) * 96)
ORDER BY tally
