-- The first key of the next block after the key ($1 time, $2 source, $3 id): first_time, first_source, first_id.
SELECT first_time, first_source, first_id
FROM verdict_blocks
WHERE (first_time, first_source, first_id) > ($1, $2, $3)
ORDER BY first_time, first_source, first_id
LIMIT 1
