-- Lock $2 of space $1 until the session's end: true, or false where another session has it.
SELECT pg_try_advisory_lock($1::integer, $2::integer)
