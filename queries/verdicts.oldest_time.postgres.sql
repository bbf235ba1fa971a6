-- The time of the oldest verdict; no row without any.
SELECT time FROM verdicts ORDER BY time LIMIT 1
