-- How many verdicts are present.
SELECT CAST(total(verdicts) AS INTEGER) FROM verdict_blocks
