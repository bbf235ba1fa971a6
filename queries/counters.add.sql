-- Adds $4 to the counter $1 with label $2 and part $3.
INSERT INTO counters (counter, label, part, value) VALUES ($1, $2, $3, $4)
ON CONFLICT (counter, label, part) DO UPDATE SET value = counters.value + excluded.value
