-- The scheduled job: each run is kept, so that a schedule knows what was done and what was missed, whatever process did it.

CREATE TABLE job_runs (
  run        INTEGER PRIMARY KEY,
  work       TEXT NOT NULL CHECK (work IN ('fold', 'retention', 'reports')),
  started_at INTEGER NOT NULL,                     -- microseconds since 1970
  duration   INTEGER NOT NULL CHECK (duration >= 0), -- microseconds
  outcome    TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed'))
) STRICT;
CREATE INDEX job_runs_by_work ON job_runs (work, outcome, started_at);
