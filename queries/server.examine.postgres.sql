-- The server and the rights of this session in schema $1: version, whether it is read-only, encoding, collation, its clock in
-- microseconds since 1970, whether it syncs, whether it writes whole pages, whether verdicts may be stored, whether they may be removed,
-- whether there is a store.
SELECT
  current_setting('server_version'), pg_is_in_recovery(), pg_encoding_to_char(encoding),
  -- What another provider than the C library has stands in a column whose name changes with the version.
  coalesce(to_jsonb(here) ->> 'datlocale', to_jsonb(here) ->> 'daticulocale', datcollate, ''),
  (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
  coalesce(
    has_table_privilege(to_regclass(quote_ident($1) || '.verdicts'), 'SELECT')
    AND has_table_privilege(to_regclass(quote_ident($1) || '.verdicts'), 'INSERT')
    AND has_table_privilege(to_regclass(quote_ident($1) || '.verdicts'), 'UPDATE'), false),
  coalesce(has_table_privilege(to_regclass(quote_ident($1) || '.verdicts'), 'DELETE'), false),
  to_regclass(quote_ident($1) || '.verdicts') IS NOT NULL
FROM pg_database AS here
WHERE datname = current_database()
