-- Sources in order of arrival: source, last_verdict.
SELECT source, last_verdict FROM source_activity ORDER BY source
