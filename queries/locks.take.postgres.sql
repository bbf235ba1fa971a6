-- Lock $2 of space $1, until the transaction's end.
SELECT pg_advisory_xact_lock($1::integer, $2::integer)
