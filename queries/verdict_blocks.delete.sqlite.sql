-- Block $1.
DELETE FROM verdict_blocks WHERE block = $1
