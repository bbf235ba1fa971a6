-- $1 dimension, $2 code, $3 value.
INSERT INTO dimension_values (dimension, code, value) VALUES ($1, $2, $3)
