-- The last block that begins before $1: last_time, payload.
SELECT last_time, payload FROM verdict_blocks
WHERE first_time < $1
ORDER BY first_time DESC, first_source DESC, first_id DESC
LIMIT 1
