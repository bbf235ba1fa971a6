-- The scheduled job: runs are counted, and days whose verdicts were dropped are sealed. Tallies now tell errors by cause, so
-- those that are there are counted anew by the program in this same transaction.

CREATE TABLE counters_of_2 (
  counter TEXT NOT NULL CHECK (counter IN (
    'request', 'request_duration', 'request_duration_sum', 'risk_type', 'ingest_records', 'unrecognised_values',
    'aggregation_runs')),
  label   TEXT NOT NULL,
  part    TEXT NOT NULL,
  value   INTEGER NOT NULL CHECK (value >= 0),
  PRIMARY KEY (counter, label, part)
) STRICT, WITHOUT ROWID;
INSERT INTO counters_of_2 SELECT counter, label, part, value FROM counters;
DROP TABLE counters;
ALTER TABLE counters_of_2 RENAME TO counters;

-- A day (UTC) whose verdicts were dropped. Its tallies stay as they are for ever.
CREATE TABLE sealed_days (
  day            INTEGER PRIMARY KEY, -- microseconds since 1970, 00:00 UTC
  verdicts       INTEGER NOT NULL CHECK (verdicts > 0),
  newest_verdict INTEGER NOT NULL,    -- microseconds since 1970
  digest         BLOB NOT NULL        -- SHA-256 over the day's tallies and the columns before
) STRICT;

-- store_state has one name more: last_aggregation, when the job last succeeded, in microseconds since 1970.
DELETE FROM tallies;
