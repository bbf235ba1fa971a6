-- Values of field $1: code, value, checksum; in order of arrival.
SELECT code, value, checksum FROM coded_values WHERE field = $1 ORDER BY code
