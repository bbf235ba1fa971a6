-- When work $1 last began that succeeded; no row where it never did.
SELECT started_at FROM job_runs WHERE work = $1 AND outcome = 'succeeded' ORDER BY started_at DESC LIMIT 1
