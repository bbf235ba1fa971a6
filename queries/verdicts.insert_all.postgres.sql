-- Stores verdicts none of which is there.
INSERT INTO verdicts (time, latency, source, model, method, language, region, risk_types, attributes, native_names, id)
SELECT time, latency, source, model, method, language, region, risk_types, attributes, native_names, id
FROM unnest(
  $1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::integer[],
  $9::integer[], $10::integer[], $11::text[]
) AS batch (time, latency, source, model, method, language, region, risk_types, attributes, native_names, id)
