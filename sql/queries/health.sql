-- name: ping()$
-- The cheapest round trip: it shows that a session can be opened and used.
SELECT 1;
