-- Until the transaction's end, beside others that share lock $2 of space $1.
SELECT pg_advisory_xact_lock_shared($1::integer, $2::integer)
