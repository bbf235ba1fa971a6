-- Days added up: the folded tallies of a whole day (UTC), made by the scheduled job so that long spans are answered by reading little.
-- Whoever changes a folded tally of a day deletes all of that day's rows in the same transaction; a reader does without those of a
-- day of which anything is not folded yet.
CREATE TABLE day_tallies (
  tally bigint PRIMARY KEY, -- whole days since 1970 * 2^8 + what it is counted by + 64 for latencies
  cells bytea NOT NULL
);
ALTER TABLE day_tallies ALTER COLUMN cells SET STORAGE EXTERNAL;

ALTER TABLE job_runs DROP CONSTRAINT job_runs_work_check;
ALTER TABLE job_runs ADD CONSTRAINT job_runs_work_check CHECK (work IN ('fold', 'day_tallies', 'retention', 'reports'));
