-- Removes the verdicts of [$1, $2) with one of the codes of each dimension, where codes are given ($3 source, $4 model, $5 stage,
-- $6 method, $7 language, $8 region; an empty array lets all through), and says how many of which source: source, verdicts.
WITH discarded AS (
  DELETE FROM verdicts
  WHERE time >= $1 AND time < $2
    AND (cardinality($3::integer[]) = 0 OR source = ANY ($3::integer[]))
    AND (cardinality($4::integer[]) = 0 OR model = ANY ($4::integer[]))
    AND (cardinality($5::integer[]) = 0 OR (attributes >> 2 & 3) = ANY ($5::integer[]))
    AND (cardinality($6::integer[]) = 0 OR method = ANY ($6::integer[]))
    AND (cardinality($7::integer[]) = 0 OR language = ANY ($7::integer[]))
    AND (cardinality($8::integer[]) = 0 OR region = ANY ($8::integer[]))
  RETURNING source
)
SELECT source, count(*) FROM discarded GROUP BY source ORDER BY source
