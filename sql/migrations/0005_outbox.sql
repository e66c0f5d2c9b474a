-- Events to publish, and responses kept for idempotency keys.

CREATE TABLE waybill.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
);
COMMENT ON TABLE waybill.outbox IS
    'Events to publish after a commit, written in that commit.';
CREATE INDEX outbox_unpublished ON waybill.outbox (id) WHERE published_at IS NULL;

CREATE TABLE waybill.idempotency_keys (
    key text NOT NULL,
    dataset text NOT NULL,
    sha256 text NOT NULL,
    response jsonb NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (key, dataset)
);
COMMENT ON TABLE waybill.idempotency_keys IS
    'Responses to batches: a batch that is sent again is not written again.';
