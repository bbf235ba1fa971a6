-- The day tallies of days $1.
DELETE FROM day_tallies USING unnest($1::bigint[]) AS day WHERE tally >= day << 8 AND tally < (day + 1) << 8
