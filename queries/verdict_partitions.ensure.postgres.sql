-- Makes the partitions of the instants $1 where there are none.
SELECT ensure_verdict_partition(instant) FROM unnest($1::bigint[]) AS instants (instant)
