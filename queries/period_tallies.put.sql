-- Period tally $1 has the cells $2.
INSERT INTO period_tallies (tally, cells) VALUES ($1, $2)
