-- Blocks that may have a verdict in [$1, $2), in order: block, first_time, first_source, first_id, last_time, verdicts, payload.
-- Blocks do not overlap, so only the last that begins before $1 can reach into the span.
SELECT block, first_time, first_source, first_id, last_time, verdicts, payload
FROM verdict_blocks
WHERE first_time >= coalesce((SELECT max(first_time) FROM verdict_blocks WHERE first_time < $1), $1)
  AND first_time < $2
ORDER BY first_time, first_source, first_id
