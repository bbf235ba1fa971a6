-- Rows in PostgreSQL's binary format, in order of key.
COPY verdicts (time, latency, source, model, method, language, region, risk_types, attributes, native_names, id) FROM STDIN (FORMAT binary)
