-- The names by which guards say what they found are kept beside the canonical types: listed and numbered as the dimensions' values
-- are, so the list has a name that fits both. Blocks of verdicts have a column more from now on; those that are there are read as
-- they are (docs/decisions/0008-native-names.md).

-- The distinct values of each coded field, numbered from 1 in order of arrival.
CREATE TABLE coded_values (
  field    INTEGER NOT NULL, -- 0 source, 1 model, 3 method, 4 language, 5 region, 6 native names
  code     INTEGER NOT NULL CHECK (code > 0),
  value    TEXT NOT NULL CHECK (length(CAST(value AS BLOB)) BETWEEN 1 AND CASE field WHEN 6 THEN 4096 ELSE 64 END),
  checksum INTEGER NOT NULL, -- over the other columns: renaming a value would rename its verdicts
  PRIMARY KEY (field, code)
) STRICT, WITHOUT ROWID;
INSERT INTO coded_values SELECT dimension, code, value, checksum FROM dimension_values;
DROP TABLE dimension_values;
CREATE UNIQUE INDEX coded_values_by_value ON coded_values (field, value);
