-- Blocks that reach over at least one whole day: payload.
SELECT payload FROM verdict_blocks WHERE last_time / 86400000000 > first_time / 86400000000 + 1
