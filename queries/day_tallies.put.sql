-- Day tally $1 has the cells $2.
INSERT INTO day_tallies (tally, cells) VALUES ($1, $2)
