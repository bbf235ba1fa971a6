-- How many verdicts lie before $1.
SELECT count(*) FROM verdicts WHERE time < $1
