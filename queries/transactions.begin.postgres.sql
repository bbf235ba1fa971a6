-- A transaction, at the server's default level: each statement sees what was committed before it.
BEGIN
