-- Fails, by a division by zero, unless the retention floor is $1; -1 stands for none.
SELECT 1 / (coalesce((SELECT value FROM store_state WHERE name = 'floor'), -1) = $1)::integer
