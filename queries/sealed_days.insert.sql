-- $1 day, $2 verdicts, $3 newest_verdict, $4 digest.
INSERT INTO sealed_days (day, verdicts, newest_verdict, digest) VALUES ($1, $2, $3, $4)
