-- Sources $1 have verdicts of the times $2.
INSERT INTO source_activity_deltas (source, last_verdict)
SELECT source, last_verdict FROM unnest($1::bigint[], $2::bigint[]) AS seen (source, last_verdict)
