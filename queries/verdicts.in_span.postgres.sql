-- Verdicts in [$1, $2) in order of key: time, latency, source, model, method, language, region, risk_types, attributes, native_names, id.
SELECT time, latency, source, model, method, language, region, risk_types, attributes, native_names, id
FROM verdicts
WHERE time >= $1 AND time < $2
ORDER BY time, source, id
