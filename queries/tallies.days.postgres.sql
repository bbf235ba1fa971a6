-- Days with a tally of any combination, as whole days since 1970; 96 buckets are a day.
SELECT (tally & 4294967295) / 96 FROM tallies
UNION
SELECT (tally & 4294967295) / 96 FROM tally_deltas
