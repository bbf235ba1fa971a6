-- Block $1 keeps its first key: $2 last_time, $3 verdicts, $4 payload.
UPDATE verdict_blocks SET last_time = $2, verdicts = $3, payload = $4 WHERE block = $1
