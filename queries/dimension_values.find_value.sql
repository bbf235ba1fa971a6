-- The value of code $2 of dimension $1.
SELECT value FROM dimension_values WHERE dimension = $1 AND code = $2
