-- How many verdicts are present.
SELECT count(*) FROM verdicts
