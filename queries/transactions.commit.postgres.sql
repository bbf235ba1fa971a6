-- What was written since the beginning holds, and is on disk.
COMMIT
