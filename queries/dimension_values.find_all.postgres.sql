-- The codes of values $2 of dimension $1: value, code.
SELECT value, code FROM dimension_values WHERE dimension = $1 AND value = ANY ($2::text[])
