-- The block that holds, or would hold, the key ($1 time, $2 source, $3 id): block, first_time, first_source, first_id, payload.
SELECT block, first_time, first_source, first_id, payload
FROM verdict_blocks
WHERE (first_time, first_source, first_id) <= ($1, $2, $3)
ORDER BY first_time DESC, first_source DESC, first_id DESC
LIMIT 1
