-- Days with a verdict: the first and last day of each block, as whole days since 1970.
SELECT DISTINCT first_time / 86400000000, last_time / 86400000000 FROM verdict_blocks
