-- How far files that are followed have been read: a hint that saves reading them again, and nothing that a number depends on.

CREATE TABLE followed_files (
  name  text COLLATE "C" PRIMARY KEY, -- host and path
  place text COLLATE "C" NOT NULL     -- device, inode, bytes and checksum of the beginning, offset
);
