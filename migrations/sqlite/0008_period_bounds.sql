-- Changes a rule of Postgres' period tallies; here it is as it was, and this is only for the numbers to be the same.
SELECT 1;
