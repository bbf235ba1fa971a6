-- Of the schema $1: whether it is there (1 or 0), has the table of migrations, how many tables it has, and whether the role may use it.
SELECT
  (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1),
  (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = 'schema_migrations' AND c.relkind = 'r'),
  (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm')),
  (SELECT count(*) FROM pg_catalog.pg_namespace
   WHERE nspname = $1 AND pg_catalog.has_schema_privilege(current_user, oid, 'USAGE'))
