-- Days with a verdict, as whole days since 1970: each found from the one before by the key.
WITH RECURSIVE days (day) AS (
  SELECT (SELECT min(time) FROM verdicts) / 86400000000
  UNION ALL
  SELECT (SELECT min(time) FROM verdicts WHERE time >= (days.day + 1) * 86400000000) / 86400000000
  FROM days
  WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL
