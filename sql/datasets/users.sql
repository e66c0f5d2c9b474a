-- Users, to measure what an index, a partial index, a composite index and a cache are worth.
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at timestamptz NOT NULL
);
-- Where two indexes cost the same, the planner takes the one that was created last.
CREATE INDEX idx_users_email_status ON users (email, status);
CREATE INDEX idx_users_email_active ON users (email) WHERE status = 'active';
CREATE INDEX idx_users_email ON users (email);
COMMENT ON TABLE users IS 'Users, found by e-mail address in five ways.';
COMMENT ON COLUMN users.id IS 'Number of the user.';
COMMENT ON COLUMN users.email IS 'E-mail address.';
COMMENT ON COLUMN users.name IS 'Name and surname.';
COMMENT ON COLUMN users.status IS 'active or inactive.';
COMMENT ON COLUMN users.created_at IS 'When the account was created, ISO 8601 with a zone.';

SELECT waybill.register_dataset(
    'users',
    personal => '{email,name}',
    searchable => '{email}',
    lookups => '{
        "scan": {"columns": ["email"], "filters": {"status": null}},
        "indexed": {
            "columns": ["email"], "filters": {"status": null}, "index": "idx_users_email"},
        "partial": {
            "columns": ["email"], "where": {"status": "active"},
            "index": "idx_users_email_active"},
        "composite": {
            "columns": ["email"], "filters": {"status": "active"},
            "index": "idx_users_email_status"},
        "cached": {
            "columns": ["email"], "filters": {"status": null}, "index": "idx_users_email",
            "cached": true}
    }'
);
