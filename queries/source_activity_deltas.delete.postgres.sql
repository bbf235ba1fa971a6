-- What is to be folded of source $1.
DELETE FROM source_activity_deltas WHERE source = $1
