-- How far files that are followed have been read: a hint that saves reading them again, and nothing that a number depends on.

CREATE TABLE followed_files (
  name  TEXT PRIMARY KEY, -- host and path
  place TEXT NOT NULL     -- device, inode, bytes and checksum of the beginning, offset
) STRICT, WITHOUT ROWID;
