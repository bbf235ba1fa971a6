-- Block $1: block, first_time, first_source, first_id, payload.
SELECT block, first_time, first_source, first_id, payload FROM verdict_blocks WHERE block = $1
