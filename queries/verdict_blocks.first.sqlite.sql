-- The first block of all: block, first_time, first_source, first_id, payload.
SELECT block, first_time, first_source, first_id, payload
FROM verdict_blocks
ORDER BY first_time, first_source, first_id
LIMIT 1
