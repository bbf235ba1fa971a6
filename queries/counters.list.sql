-- All counters: counter, label, part, value.
SELECT counter, label, part, value FROM counters
