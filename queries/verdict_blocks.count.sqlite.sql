-- How many verdicts are present.
SELECT coalesce(sum(verdicts), 0) FROM verdict_blocks
