-- All runs: run, input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, checksum.
SELECT run, input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, checksum FROM ledger ORDER BY run
