-- $1 first_time, $2 first_source, $3 first_id, $4 last_time, $5 verdicts, $6 payload.
INSERT INTO verdict_blocks (first_time, first_source, first_id, last_time, verdicts, payload)
VALUES ($1, $2, $3, $4, $5, $6)
