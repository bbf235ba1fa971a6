-- State $1 has the value $2.
INSERT INTO store_state (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
