-- Verdicts with the keys ($1 time, $2 source, $3 id), in their order: time, latency, source, model, method, language, region,
-- risk_types, attributes, native_names, id. OFFSET 0 keeps the look-up of each key a look-up.
SELECT found.time, found.latency, found.source, found.model, found.method, found.language, found.region, found.risk_types,
  found.attributes, found.native_names, found.id
FROM unnest($1::bigint[], $2::integer[], $3::text[]) WITH ORDINALITY AS key (time, source, id, place)
CROSS JOIN LATERAL (
  SELECT verdicts.* FROM verdicts
  WHERE verdicts.time = key.time AND verdicts.source = key.source AND verdicts.id = key.id COLLATE "C"
  OFFSET 0
) AS found
ORDER BY key.place
