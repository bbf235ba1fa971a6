-- Numbers that no day tally has: of a day before day $1 or without an overall tally, or of what days are not counted by; 96 buckets
-- are a day.
SELECT tally FROM day_tallies
WHERE tally < $1 << 8 OR tally > 750821631
  OR (tally & 255) NOT IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75)
  OR NOT EXISTS (
    SELECT 1 FROM tallies WHERE tallies.tally >= (day_tallies.tally >> 8) * 96 AND tallies.tally < ((day_tallies.tally >> 8) + 1) * 96)
ORDER BY tally
