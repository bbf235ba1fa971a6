-- The code of value $2 of field $1.
SELECT code FROM coded_values WHERE field = $1 AND value = $2
