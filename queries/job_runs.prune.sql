-- Keeps the newest $2 runs of work $1.
DELETE FROM job_runs
WHERE work = $1 AND run <= (SELECT run FROM job_runs WHERE work = $1 ORDER BY run DESC LIMIT 1 OFFSET $2)
