-- Beginnings of periods of $3 days from day $1 on and before day $2, both of which are one, with an overall tally and without period tallies,
-- as whole days since 1970, the newest first; 96 buckets are a day. $4 is what the numbers of such periods' tallies begin at.
SELECT day FROM (
  SELECT DISTINCT tally / (96 * $3) * $3 AS day FROM tallies WHERE tally >= $1 * 96 AND tally < 4294967296 AND tally < $2 * 96
) AS counted
WHERE NOT EXISTS (SELECT 1 FROM period_tallies WHERE tally >= day * 256 + $4 AND tally < day * 256 + $4 + 128)
ORDER BY day DESC
