-- All runs: run, input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, discarded, checksum.
SELECT run, input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, discarded, checksum FROM ledger ORDER BY run
