-- The time of the newest verdict before $1; no row without any.
SELECT time FROM verdicts WHERE time < $1 ORDER BY time DESC LIMIT 1
