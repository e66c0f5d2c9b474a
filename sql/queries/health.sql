-- name: ping()$
-- The cheapest round trip: it shows that a session can be had and answers.
SELECT 1;
