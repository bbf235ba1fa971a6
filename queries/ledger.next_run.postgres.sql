-- A number for the next run that no run has so far; two workers may be given the same, and then one of them asks again.
SELECT greatest(nextval('ledger_runs'), (SELECT coalesce(max(run), 0) + 1 FROM ledger))
