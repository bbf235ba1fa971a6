-- Verdicts in [$1, $2) in order of key, without ids: time, latency, source, model, method, language, region, risk_types, attributes, native_names.
SELECT time, latency, source, model, method, language, region, risk_types, attributes, native_names
FROM verdicts
WHERE time >= $1 AND time < $2
ORDER BY time, source, id
