-- The names by which guards say what they found are kept beside the canonical types: listed and numbered as the dimensions' values
-- are, so the list has a name that fits both (docs/decisions/0008-native-names.md).

ALTER TABLE dimension_values RENAME TO coded_values;
ALTER TABLE coded_values RENAME COLUMN dimension TO field; -- 0 source, 1 model, 3 method, 4 language, 5 region, 6 native names
ALTER INDEX dimension_values_by_value RENAME TO coded_values_by_value;
ALTER TABLE coded_values DROP CONSTRAINT dimension_values_value_check;
ALTER TABLE coded_values ADD CONSTRAINT coded_values_value_check
  CHECK (octet_length(value) BETWEEN 1 AND CASE field WHEN 6 THEN 4096 ELSE 64 END);

-- A code of coded_values; NULL for a verdict that names nothing in its guard's words. A change of the catalogue alone.
ALTER TABLE verdicts ADD COLUMN native_names integer;
