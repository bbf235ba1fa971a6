-- $1 version, $2 name, $3 time of application in microseconds since 1970.
INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)
