-- The place in followed file $1.
SELECT place FROM followed_files WHERE name = $1
