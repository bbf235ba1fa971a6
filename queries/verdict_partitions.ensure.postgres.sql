-- Makes the partition of the instant $1 where there is none.
SELECT ensure_verdict_partition($1)
