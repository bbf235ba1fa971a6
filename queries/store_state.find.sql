-- The value of state $1.
SELECT value FROM store_state WHERE name = $1
