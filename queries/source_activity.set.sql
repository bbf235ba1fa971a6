-- The newest verdict of source $1 is of time $2.
INSERT INTO source_activity (source, last_verdict) VALUES ($1, $2)
ON CONFLICT (source) DO UPDATE SET last_verdict = excluded.last_verdict
