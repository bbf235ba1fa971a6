-- Days with a tally of any of the 9 combinations, as whole days since 1970; 96 buckets are a day.
SELECT DISTINCT (tally & 4294967295) / 96 FROM tallies
WHERE tally >= 0 AND tally < 38654705664 AND (tally & 4294967295) <= 281558112
