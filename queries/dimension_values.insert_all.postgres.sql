-- Codes $2 of dimension $1 with values $3 and checksums $4.
INSERT INTO dimension_values (dimension, code, value, checksum)
SELECT $1, code, value, checksum FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS added (code, value, checksum)
