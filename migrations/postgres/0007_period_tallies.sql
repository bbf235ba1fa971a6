-- Periods added up: the folded tallies of a whole day (UTC), or of sixteen, made by the scheduled job so that long spans are answered by
-- reading little. Whoever changes a folded tally deletes the rows of its day and of its sixteen days in the same transaction; a reader
-- does without those of a period of which anything is not folded yet.
CREATE TABLE period_tallies (
  tally bigint PRIMARY KEY, -- first day, in days since 1970, * 2^8 + what it is counted by + 64 for latencies + 128 for sixteen days
  cells bytea NOT NULL
);
ALTER TABLE period_tallies ALTER COLUMN cells SET STORAGE EXTERNAL;

ALTER TABLE job_runs DROP CONSTRAINT job_runs_work_check;
ALTER TABLE job_runs ADD CONSTRAINT job_runs_work_check CHECK (work IN ('fold', 'period_tallies', 'retention', 'reports'));
