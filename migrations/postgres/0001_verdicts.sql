-- Verdicts, their tallies, counters and ledger. docs/architecture.md explains each table and what must always hold. Text is
-- compared bytewise (COLLATE "C") and times are numbers, so that no setting of the server changes an answer.

CREATE TABLE schema_migrations (
  version    bigint PRIMARY KEY,
  name       text NOT NULL,
  applied_at bigint NOT NULL -- microseconds since 1970
);

-- The distinct values of each dimension but stage, numbered from 1 in order of arrival.
CREATE TABLE dimension_values (
  dimension smallint NOT NULL, -- 0 source, 1 model, 3 method, 4 language, 5 region
  code      integer NOT NULL CHECK (code > 0),
  value     text COLLATE "C" NOT NULL CHECK (octet_length(value) BETWEEN 1 AND 64),
  checksum  bigint NOT NULL, -- over the other columns: renaming a value would rename its verdicts
  PRIMARY KEY (dimension, code)
);
CREATE UNIQUE INDEX dimension_values_by_value ON dimension_values (dimension, value);

-- One row for each verdict. No CHECK stands here: each would cost as much as a column of every row that is copied in, and
-- guardtally verify looks at all that they could.
CREATE TABLE verdicts (
  time       bigint NOT NULL,   -- microseconds since 1970
  latency    bigint,            -- microseconds
  source     integer NOT NULL,  -- this and the next four: codes of dimension_values
  model      integer NOT NULL,
  method     integer NOT NULL,
  language   integer NOT NULL,
  region     integer NOT NULL,
  risk_types integer NOT NULL,  -- a bit for each type
  attributes smallint NOT NULL, -- verdict (bits 0-1), stage (2-3), refusal (4-5), action (6-8), error cause (9-11)
  id         text COLLATE "C" NOT NULL,
  PRIMARY KEY (time, source, id)
) PARTITION BY RANGE (time);

-- The partitions of verdicts: [begins, ends) in microseconds since 1970, on 00:00 UTC of days.
CREATE TABLE verdict_partitions (
  begins bigint PRIMARY KEY,
  ends   bigint NOT NULL CHECK (ends > begins),
  name   text COLLATE "C" NOT NULL
);

-- Makes the partition of an instant where there is none: of its day, for the first 1,000 of them; after that of the whole gap
-- between its neighbours, within its year, so that scattered times cannot make partitions without bound. Runs with its owner's
-- rights: those who ingest need none to make tables. Attaching locks nobody out, unlike CREATE TABLE … PARTITION OF.
CREATE FUNCTION ensure_verdict_partition(instant bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' SET client_min_messages = error AS $$
DECLARE
  day constant bigint := 86400000000;
  year_of_instant constant timestamp := date_trunc('year', to_timestamp(instant / 1000000) AT TIME ZONE 'UTC');
  first_begin bigint := instant - instant % day;
  first_end bigint := first_begin + day;
  partition_name text;
BEGIN
  IF instant < 946684800000000 OR instant >= 253402300800000000 THEN
    RAISE EXCEPTION 'no verdict can have this time' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  LOCK TABLE verdict_partitions IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM verdict_partitions WHERE begins <= instant AND ends > instant) THEN
    RETURN;
  END IF;
  IF (SELECT count(*) FROM verdict_partitions) >= 1000 THEN
    first_begin := greatest(
      extract(epoch FROM year_of_instant)::bigint * 1000000,
      coalesce((SELECT max(ends) FROM verdict_partitions WHERE ends <= instant), 0));
    first_end := least(
      extract(epoch FROM year_of_instant + interval '1 year')::bigint * 1000000,
      coalesce((SELECT min(begins) FROM verdict_partitions WHERE begins > instant), 253402300800000000));
  END IF;
  partition_name := 'verdicts_' || to_char(to_timestamp(first_begin / 1000000) AT TIME ZONE 'UTC', 'YYYYMMDD');
  EXECUTE format('CREATE TABLE %I (LIKE verdicts INCLUDING ALL)', partition_name);
  EXECUTE format('ALTER TABLE verdicts ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', partition_name, first_begin, first_end);
  INSERT INTO verdict_partitions (begins, ends, name) VALUES (first_begin, first_end, partition_name);
END
$$;

-- Exact counts by 15-minute bucket, one row for each combination of dimensions that is kept; as far as they are folded.
CREATE TABLE tallies (
  tally bigint PRIMARY KEY, -- combination * 2^32 + bucket; bucket is whole 15-minute steps since 1970
  cells bytea NOT NULL
);

-- What has been stored since: each batch appends its own counts in its own transaction, so that no worker waits for another's
-- tallies. Every reader adds them; guardtally aggregate folds them.
CREATE TABLE tally_deltas (
  tally bigint NOT NULL,
  cells bytea NOT NULL
);
CREATE INDEX tally_deltas_by_tally ON tally_deltas (tally);

-- Cells are dense already; compressing them costs more than it saves.
ALTER TABLE tallies ALTER COLUMN cells SET STORAGE EXTERNAL;
ALTER TABLE tally_deltas ALTER COLUMN cells SET STORAGE EXTERNAL;

-- Cumulative sums that are only ever added to.
CREATE TABLE counters (
  counter text COLLATE "C" NOT NULL CHECK (counter IN (
    'request', 'request_duration', 'request_duration_sum', 'risk_type', 'ingest_records', 'unrecognised_values',
    'aggregation_runs')),
  label   text COLLATE "C" NOT NULL,
  part    text COLLATE "C" NOT NULL,
  value   bigint NOT NULL CHECK (value >= 0),
  PRIMARY KEY (counter, label, part)
);
CREATE TABLE counter_deltas (
  counter text COLLATE "C" NOT NULL,
  label   text COLLATE "C" NOT NULL,
  part    text COLLATE "C" NOT NULL,
  value   bigint NOT NULL
);

-- The newest verdict of each source.
CREATE TABLE source_activity (
  source       integer PRIMARY KEY, -- code of the source
  last_verdict bigint NOT NULL      -- microseconds since 1970
);
CREATE TABLE source_activity_deltas (
  source       integer NOT NULL,
  last_verdict bigint NOT NULL
);

-- What is appended and deleted all the time is vacuumed by its number, not by its share of a table that is empty in between.
ALTER TABLE tally_deltas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
ALTER TABLE counter_deltas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
ALTER TABLE source_activity_deltas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- One row for each run over one input: read = stored + duplicates + conflicts + rejected.
CREATE TABLE ledger (
  run          bigint PRIMARY KEY,
  input        text COLLATE "C" NOT NULL,
  started_at   bigint NOT NULL, -- microseconds since 1970
  read         bigint NOT NULL CHECK (read >= 0),
  stored       bigint NOT NULL CHECK (stored >= 0),
  duplicates   bigint NOT NULL CHECK (duplicates >= 0),
  conflicts    bigint NOT NULL CHECK (conflicts >= 0),
  rejected     bigint NOT NULL CHECK (rejected >= 0),
  unrecognised bigint NOT NULL CHECK (unrecognised >= 0),
  checksum     bigint NOT NULL -- over all other columns
) WITH (fillfactor = 50);
CREATE SEQUENCE ledger_runs OWNED BY ledger.run;

-- floor: microseconds since 1970, absent in a store that never dropped a verdict. verdicts_retired: how many were dropped.
CREATE TABLE store_state (
  name  text COLLATE "C" PRIMARY KEY,
  value bigint NOT NULL
);
