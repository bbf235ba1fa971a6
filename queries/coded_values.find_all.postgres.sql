-- The codes of values $2 of field $1: value, code.
SELECT value, code FROM coded_values WHERE field = $1 AND value = ANY ($2::text[])
