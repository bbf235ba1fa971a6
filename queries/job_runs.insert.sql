-- $1 work, $2 started_at, $3 duration, $4 outcome.
INSERT INTO job_runs (work, started_at, duration, outcome) VALUES ($1, $2, $3, $4)
