-- Partitions that are not as they are listed, or not listed: name.
SELECT coalesce(listed.name, made.name)
FROM verdict_partitions AS listed
FULL JOIN (
  SELECT c.relname::text COLLATE "C" AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'verdicts'::regclass
) AS made ON made.name = listed.name
WHERE listed.name IS NULL OR made.name IS NULL
  OR made.bound <> format('FOR VALUES FROM (%L) TO (%L)', listed.begins, listed.ends)
ORDER BY 1
