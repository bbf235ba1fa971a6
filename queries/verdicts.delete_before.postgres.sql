-- Verdicts before $1.
DELETE FROM verdicts WHERE time < $1
