-- The time of the newest verdict.
SELECT last_time FROM verdict_blocks ORDER BY first_time DESC, first_source DESC, first_id DESC LIMIT 1
