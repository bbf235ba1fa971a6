-- Run $1 of input $2 that began at $3: $4 read, $5 stored, $6 duplicates, $7 conflicts, $8 rejected, $9 unrecognised, $10 checksum;
-- fails, by a division by zero, unless its checksum is $11, as this worker left it.
WITH changed AS (
  UPDATE ledger
  SET read = $4, stored = $5, duplicates = $6, conflicts = $7, rejected = $8, unrecognised = $9, checksum = $10
  WHERE run = $1 AND input = $2 AND started_at = $3 AND checksum = $11
  RETURNING run
)
SELECT 1 / count(*) FROM changed
