-- Days added up: the tallies of a whole day (UTC), made by the scheduled job so that long spans are answered by reading little.
-- Whoever changes a tally of a day deletes all of that day's rows in the same transaction.
CREATE TABLE day_tallies (
  tally INTEGER PRIMARY KEY, -- whole days since 1970 * 2^8 + what it is counted by + 64 for latencies
  cells BLOB NOT NULL
) STRICT;

CREATE TABLE job_runs_of_7 (
  run        INTEGER PRIMARY KEY,
  work       TEXT NOT NULL CHECK (work IN ('fold', 'day_tallies', 'retention', 'reports')),
  started_at INTEGER NOT NULL,                     -- microseconds since 1970
  duration   INTEGER NOT NULL CHECK (duration >= 0), -- microseconds
  outcome    TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed'))
) STRICT;
INSERT INTO job_runs_of_7 SELECT run, work, started_at, duration, outcome FROM job_runs;
DROP TABLE job_runs;
ALTER TABLE job_runs_of_7 RENAME TO job_runs;
CREATE INDEX job_runs_by_work ON job_runs (work, outcome, started_at);
