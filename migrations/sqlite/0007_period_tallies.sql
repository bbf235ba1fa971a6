-- Periods added up: the tallies of a whole day (UTC), or of sixteen, made by the scheduled job so that long spans are answered by reading
-- little. Whoever changes a tally deletes the rows of its day and of its sixteen days in the same transaction.

CREATE TABLE period_tallies (
  tally INTEGER PRIMARY KEY, -- first day, in days since 1970, * 2^8 + what it is counted by + 64 for latencies + 128 for sixteen days
  cells BLOB NOT NULL
) STRICT;

-- A process of an older version may be running on, and deletes none. But with all that it stores it writes the row of its run, in which it
-- does not say that it knows of them: then all go.
ALTER TABLE ledger ADD COLUMN knows_periods INTEGER;
CREATE TRIGGER ledger_inserted AFTER INSERT ON ledger WHEN new.knows_periods IS NULL BEGIN DELETE FROM period_tallies; END;
CREATE TRIGGER ledger_updated AFTER UPDATE ON ledger WHEN new.knows_periods IS NULL BEGIN DELETE FROM period_tallies; END;

CREATE TABLE job_runs_of_7 (
  run        INTEGER PRIMARY KEY,
  work       TEXT NOT NULL CHECK (work IN ('fold', 'period_tallies', 'retention', 'reports')),
  started_at INTEGER NOT NULL,                     -- microseconds since 1970
  duration   INTEGER NOT NULL CHECK (duration >= 0), -- microseconds
  outcome    TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed'))
) STRICT;
INSERT INTO job_runs_of_7 SELECT run, work, started_at, duration, outcome FROM job_runs;
DROP TABLE job_runs;
ALTER TABLE job_runs_of_7 RENAME TO job_runs;
CREATE INDEX job_runs_by_work ON job_runs (work, outcome, started_at);
