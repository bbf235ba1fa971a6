-- Values of dimension $1: code, value, checksum; in order of arrival.
SELECT code, value, checksum FROM dimension_values WHERE dimension = $1 ORDER BY code
