-- $1 field, $2 code, $3 value, $4 checksum.
INSERT INTO coded_values (field, code, value, checksum) VALUES ($1, $2, $3, $4)
