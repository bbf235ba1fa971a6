-- The highest code of dimension $1, or 0.
SELECT coalesce(max(code), 0) FROM dimension_values WHERE dimension = $1
