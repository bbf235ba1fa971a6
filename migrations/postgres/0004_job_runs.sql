-- The scheduled job: each run is kept, so that a schedule knows what was done and what was missed, whatever process did it.

CREATE TABLE job_runs (
  run        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  work       text COLLATE "C" NOT NULL CHECK (work IN ('fold', 'retention', 'reports')),
  started_at bigint NOT NULL,                       -- microseconds since 1970
  duration   bigint NOT NULL CHECK (duration >= 0), -- microseconds
  outcome    text COLLATE "C" NOT NULL CHECK (outcome IN ('succeeded', 'failed'))
);
CREATE INDEX job_runs_by_work ON job_runs (work, outcome, started_at);
