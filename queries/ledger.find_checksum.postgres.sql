-- The checksum of run $1.
SELECT checksum FROM ledger WHERE run = $1
