-- A run that undid a wrong load says how many verdicts it removed.

ALTER TABLE ledger ADD COLUMN discarded INTEGER NOT NULL DEFAULT 0 CHECK (discarded >= 0);
