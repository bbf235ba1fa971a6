-- Numbers that no tally has: not of the 9 combinations, or of a bucket after the year 9999.
SELECT tally FROM tallies WHERE tally < 0 OR tally >= 38654705664 OR (tally & 4294967295) > 281558112
UNION
SELECT tally FROM tally_deltas WHERE tally < 0 OR tally >= 38654705664 OR (tally & 4294967295) > 281558112
ORDER BY tally
