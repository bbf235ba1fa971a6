-- The tallies of all periods that days $1 are of: 256 numbers are a day's, and of these the upper 128 sixteen days' that begin with it.
DELETE FROM period_tallies USING (
  SELECT day * 256 AS low, day * 256 + 127 AS high FROM unnest($1::bigint[]) AS day
  UNION SELECT day / 16 * 4096 + 128, day / 16 * 4096 + 255 FROM unnest($1::bigint[]) AS day
) AS changed
WHERE tally BETWEEN changed.low AND changed.high
