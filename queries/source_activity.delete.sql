-- Source $1 has no verdict.
DELETE FROM source_activity WHERE source = $1
