-- Periods added up: the tallies of a whole day (UTC), or of sixteen, made by the scheduled job so that long spans are answered by reading
-- little. The triggers see to it that they go with any change of a tally, also by a program that does not know of them.

CREATE TABLE period_tallies (
  tally INTEGER PRIMARY KEY, -- first day, in days since 1970, * 2^8 + what it is counted by + 64 for latencies + 128 for sixteen days
  cells BLOB NOT NULL
) STRICT;

-- The low 32 bits of a tally are its bucket; 96 buckets are a day.
CREATE TRIGGER tallies_inserted AFTER INSERT ON tallies BEGIN
  DELETE FROM period_tallies
  WHERE tally >= (new.tally & 4294967295) / 96 * 256 AND tally <= (new.tally & 4294967295) / 96 * 256 + 127;
  DELETE FROM period_tallies
  WHERE tally >= (new.tally & 4294967295) / 1536 * 4096 + 128 AND tally <= (new.tally & 4294967295) / 1536 * 4096 + 255;
END;
CREATE TRIGGER tallies_updated AFTER UPDATE ON tallies BEGIN
  DELETE FROM period_tallies
  WHERE tally >= (new.tally & 4294967295) / 96 * 256 AND tally <= (new.tally & 4294967295) / 96 * 256 + 127;
  DELETE FROM period_tallies
  WHERE tally >= (new.tally & 4294967295) / 1536 * 4096 + 128 AND tally <= (new.tally & 4294967295) / 1536 * 4096 + 255;
END;
CREATE TRIGGER tallies_moved AFTER UPDATE OF tally ON tallies BEGIN
  DELETE FROM period_tallies
  WHERE tally >= (old.tally & 4294967295) / 96 * 256 AND tally <= (old.tally & 4294967295) / 96 * 256 + 127;
  DELETE FROM period_tallies
  WHERE tally >= (old.tally & 4294967295) / 1536 * 4096 + 128 AND tally <= (old.tally & 4294967295) / 1536 * 4096 + 255;
END;
CREATE TRIGGER tallies_deleted AFTER DELETE ON tallies BEGIN
  DELETE FROM period_tallies
  WHERE tally >= (old.tally & 4294967295) / 96 * 256 AND tally <= (old.tally & 4294967295) / 96 * 256 + 127;
  DELETE FROM period_tallies
  WHERE tally >= (old.tally & 4294967295) / 1536 * 4096 + 128 AND tally <= (old.tally & 4294967295) / 1536 * 4096 + 255;
END;

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
