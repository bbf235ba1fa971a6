-- Verdicts, their tallies, counters and ledger. docs/architecture.md explains each table and what must always hold.

CREATE TABLE schema_migrations (
  version    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at INTEGER NOT NULL -- microseconds since 1970
) STRICT;

-- The distinct values of each dimension but stage, numbered from 1 in order of arrival.
CREATE TABLE dimension_values (
  dimension INTEGER NOT NULL, -- 0 source, 1 model, 3 method, 4 language, 5 region
  code      INTEGER NOT NULL CHECK (code > 0),
  value     TEXT NOT NULL CHECK (length(CAST(value AS BLOB)) BETWEEN 1 AND 64),
  checksum  INTEGER NOT NULL, -- over the other columns: renaming a value would rename its verdicts
  PRIMARY KEY (dimension, code)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dimension_values_by_value ON dimension_values (dimension, value);

-- Verdicts in order of (time, source, id), some hundreds to a block. Blocks do not overlap: every verdict lies at or after
-- its block's first key and before the next block's. docs/decisions/0001-verdict-blocks.md describes the payload.
CREATE TABLE verdict_blocks (
  block        INTEGER PRIMARY KEY,
  first_time   INTEGER NOT NULL, -- microseconds since 1970
  first_source INTEGER NOT NULL, -- code of the source
  first_id     BLOB NOT NULL,
  last_time    INTEGER NOT NULL CHECK (last_time >= first_time),
  verdicts     INTEGER NOT NULL CHECK (verdicts > 0),
  payload      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX verdict_blocks_by_first ON verdict_blocks (first_time, first_source, first_id);

-- Exact counts by 15-minute bucket, one row for each combination of dimensions that is kept.
CREATE TABLE tallies (
  tally INTEGER PRIMARY KEY, -- combination * 2^32 + bucket; bucket is whole 15-minute steps since 1970
  cells BLOB NOT NULL
) STRICT;

-- Cumulative sums that are only ever added to.
CREATE TABLE counters (
  counter TEXT NOT NULL CHECK (counter IN (
    'request', 'request_duration', 'request_duration_sum', 'risk_type', 'ingest_records', 'unrecognised_values')),
  label   TEXT NOT NULL,
  part    TEXT NOT NULL,
  value   INTEGER NOT NULL CHECK (value >= 0),
  PRIMARY KEY (counter, label, part)
) STRICT, WITHOUT ROWID;

-- The newest verdict of each source.
CREATE TABLE source_activity (
  source       INTEGER PRIMARY KEY, -- code of the source
  last_verdict INTEGER NOT NULL     -- microseconds since 1970
) STRICT;

-- One row for each run over one input: read = stored + duplicates + conflicts + rejected.
CREATE TABLE ledger (
  run          INTEGER PRIMARY KEY,
  input        TEXT NOT NULL,
  started_at   INTEGER NOT NULL, -- microseconds since 1970
  read         INTEGER NOT NULL CHECK (read >= 0),
  stored       INTEGER NOT NULL CHECK (stored >= 0),
  duplicates   INTEGER NOT NULL CHECK (duplicates >= 0),
  conflicts    INTEGER NOT NULL CHECK (conflicts >= 0),
  rejected     INTEGER NOT NULL CHECK (rejected >= 0),
  unrecognised INTEGER NOT NULL CHECK (unrecognised >= 0),
  checksum     INTEGER NOT NULL -- over all other columns
) STRICT;

-- floor: microseconds since 1970, absent in a store that never dropped a verdict. verdicts_retired: how many were dropped.
CREATE TABLE store_state (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
