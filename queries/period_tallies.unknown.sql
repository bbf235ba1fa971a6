-- Numbers that no period tally has: of a day before day $1, of sixteen days that begin within others, of what periods are not counted
-- by, or of a period without an overall tally; 96 buckets are a day.
SELECT tally FROM period_tallies
WHERE tally < $1 * 256 OR tally > 750821631 OR (tally & 128) = 128 AND (tally >> 8) % 16 <> 0
  OR (tally & 127) NOT IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75)
  OR NOT EXISTS (
    SELECT 1 FROM tallies WHERE tallies.tally >= (period_tallies.tally >> 8) * 96
      AND tallies.tally < ((period_tallies.tally >> 8) + CASE (period_tallies.tally & 128) WHEN 128 THEN 16 ELSE 1 END) * 96)
ORDER BY tally
