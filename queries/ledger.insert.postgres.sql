-- Run $1: $2 input, $3 started_at, $4 read, $5 stored, $6 duplicates, $7 conflicts, $8 rejected, $9 unrecognised, $10 checksum.
INSERT INTO ledger (run, input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, checksum)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
