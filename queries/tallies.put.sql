-- Tally $1 has exactly the cells $2.
INSERT INTO tallies (tally, cells) VALUES ($1, $2)
ON CONFLICT (tally) DO UPDATE SET cells = excluded.cells
