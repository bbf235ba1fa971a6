-- The first $3 values of field $1 by arrival but the value $2.
SELECT value FROM coded_values WHERE field = $1 AND value <> $2 ORDER BY code LIMIT $3
