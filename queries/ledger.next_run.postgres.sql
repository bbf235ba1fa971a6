-- The number of the next run.
SELECT nextval('ledger_runs')
