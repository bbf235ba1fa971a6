-- The first $3 values of dimension $1 by arrival but the value $2.
SELECT value FROM dimension_values WHERE dimension = $1 AND value <> $2 ORDER BY code LIMIT $3
