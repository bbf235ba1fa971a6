-- The labels that counter $1 has.
SELECT DISTINCT label FROM counters WHERE counter = $1
