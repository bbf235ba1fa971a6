-- Sources in order of arrival with what is not folded yet: source, last_verdict.
SELECT source, max(last_verdict)
FROM (SELECT source, last_verdict FROM source_activity UNION ALL SELECT source, last_verdict FROM source_activity_deltas) AS kept
GROUP BY source
ORDER BY source
