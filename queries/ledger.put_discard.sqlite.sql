-- Run $1, named $2, that began at $3, has discarded $4 verdicts; $5 checksum.
INSERT INTO ledger (run, input, started_at, read, stored, duplicates, conflicts, rejected, unrecognised, discarded, checksum, knows_periods)
VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, $4, $5, 1)
ON CONFLICT (run) DO UPDATE SET discarded = excluded.discarded, checksum = excluded.checksum
