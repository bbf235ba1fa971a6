-- A row where dimension $1 has a value besides $2.
SELECT 1 FROM dimension_values WHERE dimension = $1 AND value <> $2 LIMIT 1
