-- Codes $2 of field $1 with values $3 and checksums $4.
INSERT INTO coded_values (field, code, value, checksum)
SELECT $1, code, value, checksum FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS added (code, value, checksum)
