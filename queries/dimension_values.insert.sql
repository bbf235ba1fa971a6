-- $1 dimension, $2 code, $3 value, $4 checksum.
INSERT INTO dimension_values (dimension, code, value, checksum) VALUES ($1, $2, $3, $4)
