-- Partitions in order: begins, ends, name.
SELECT begins, ends, name FROM verdict_partitions ORDER BY begins
