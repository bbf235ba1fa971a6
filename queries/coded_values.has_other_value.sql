-- A row where field $1 has a value besides $2.
SELECT 1 FROM coded_values WHERE field = $1 AND value <> $2 LIMIT 1
