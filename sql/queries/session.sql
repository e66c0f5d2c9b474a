-- name: bound_statements#
-- Someone waits for the answer and the gateway gives up after 29 s: what is not answered by
-- then must not go on holding the server.
SET statement_timeout = '25s';
