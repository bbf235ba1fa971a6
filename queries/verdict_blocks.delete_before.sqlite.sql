-- Blocks that lie wholly before $1.
DELETE FROM verdict_blocks WHERE last_time < $1
