-- Gives back lock $2 of space $1.
SELECT pg_advisory_unlock($1::integer, $2::integer)
