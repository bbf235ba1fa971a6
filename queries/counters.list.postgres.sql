-- All counters with what is not folded yet: counter, label, part, value.
SELECT counter, label, part, sum(value)::bigint
FROM (SELECT counter, label, part, value FROM counters UNION ALL SELECT counter, label, part, value FROM counter_deltas) AS kept
GROUP BY counter, label, part
