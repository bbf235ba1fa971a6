-- The time of the oldest verdict.
SELECT first_time FROM verdict_blocks ORDER BY first_time LIMIT 1
