-- The partition that begins at $1.
DELETE FROM verdict_partitions WHERE begins = $1
