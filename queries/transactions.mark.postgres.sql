-- Writes a few bytes to the write-ahead log, which nobody reads: the transaction's end then waits for the disk.
SELECT pg_logical_emit_message(true, 'guardtally', '')::text
