-- The number of the next run.
SELECT coalesce(max(run), 0) + 1 FROM ledger
