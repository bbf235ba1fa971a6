-- Lock $2 of space $1 until the session's end or until it is given back.
SELECT pg_advisory_lock($1::integer, $2::integer)
