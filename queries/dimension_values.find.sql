-- The code of value $2 of dimension $1.
SELECT code FROM dimension_values WHERE dimension = $1 AND value = $2
