-- Applied migrations: version, ascending.
SELECT version FROM schema_migrations ORDER BY version
