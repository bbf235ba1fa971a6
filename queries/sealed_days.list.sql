-- Days whose verdicts were dropped, ascending: day, verdicts, newest_verdict, digest.
SELECT day, verdicts, newest_verdict, digest FROM sealed_days ORDER BY day
