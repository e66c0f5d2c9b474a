-- name: limit_statements(milliseconds)$
-- API Gateway times out after 29 s; a statement that takes longer would only burden the server.
SELECT set_config('statement_timeout', :milliseconds::text, false);

-- name: act_as(principal, source)$
-- For whom the session acts from now on: jobs record it as their creator, and the audit log.
SELECT set_config('waybill.principal', :principal, false)
FROM set_config('waybill.source', :source, false);

-- name: limit_transaction(milliseconds)$
-- The same for the statements of this transaction; what is left of a request may be less.
SELECT set_config('statement_timeout', least(:milliseconds, nullif(s.setting::integer, 0))::text, true)
FROM pg_settings AS s
WHERE s.name = 'statement_timeout';
