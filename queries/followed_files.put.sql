-- Followed file $1 has been read as far as $2.
INSERT INTO followed_files (name, place) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET place = excluded.place
