-- Source $1 has a verdict of time $2.
INSERT INTO source_activity (source, last_verdict) VALUES ($1, $2)
ON CONFLICT (source) DO UPDATE SET last_verdict = excluded.last_verdict
WHERE source_activity.last_verdict < excluded.last_verdict
