-- Raises by exactly the deltas that it takes away.
WITH taken AS (DELETE FROM source_activity_deltas RETURNING source, last_verdict),
raised AS (
  INSERT INTO source_activity (source, last_verdict)
  SELECT source, max(last_verdict) FROM taken GROUP BY source
  ON CONFLICT (source) DO UPDATE SET last_verdict = greatest(source_activity.last_verdict, excluded.last_verdict)
)
SELECT count(*) FROM taken
