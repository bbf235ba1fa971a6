-- A row where there is a verdict.
SELECT 1 FROM verdicts LIMIT 1
