-- Adds exactly the deltas that it takes away.
WITH taken AS (DELETE FROM counter_deltas RETURNING counter, label, part, value),
added AS (
  INSERT INTO counters (counter, label, part, value)
  SELECT counter, label, part, sum(value)::bigint FROM taken GROUP BY counter, label, part
  ON CONFLICT (counter, label, part) DO UPDATE SET value = counters.value + excluded.value
)
SELECT count(*) FROM taken
