-- Days from day $1 on and before day $2 with an overall tally and without day tallies, as whole days since 1970, the newest first;
-- 96 buckets are a day.
SELECT day FROM (SELECT DISTINCT tally / 96 AS day FROM tallies WHERE tally >= $1 * 96 AND tally < 4294967296 AND tally < $2 * 96) AS counted
WHERE NOT EXISTS (SELECT 1 FROM day_tallies WHERE tally >= day << 8 AND tally < (day + 1) << 8)
ORDER BY day DESC
