-- Values of dimension $1: code, value; in order of arrival.
SELECT code, value FROM dimension_values WHERE dimension = $1 ORDER BY code
