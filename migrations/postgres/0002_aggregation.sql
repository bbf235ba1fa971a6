-- The scheduled job: days whose verdicts were dropped are sealed.

-- A day (UTC) whose verdicts were dropped. Its tallies stay as they are for ever.
CREATE TABLE sealed_days (
  day            bigint PRIMARY KEY, -- microseconds since 1970, 00:00 UTC
  verdicts       bigint NOT NULL CHECK (verdicts > 0),
  newest_verdict bigint NOT NULL,    -- microseconds since 1970
  digest         bytea NOT NULL      -- SHA-256 over the day's tallies and the columns before
);

-- store_state has one name more: last_aggregation, when the job last succeeded, in microseconds since 1970.
