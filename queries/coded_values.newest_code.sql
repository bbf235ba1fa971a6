-- The highest code of field $1, or 0.
SELECT coalesce(max(code), 0) FROM coded_values WHERE field = $1
