-- Notifications: who receives what, and the events that no message has told yet.

CREATE TABLE waybill.receivers (
    name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z_][a-z0-9_]{0,62}$'),
    definition jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object'),
    declared_in text NOT NULL
);
COMMENT ON TABLE waybill.receivers IS 'Where notifications are sent, as sql/receivers/ declares.';
COMMENT ON COLUMN waybill.receivers.definition IS
    'Kind and address; secrets are references to Secrets Manager.';

CREATE TABLE waybill.notifications (
    notification_id uuid PRIMARY KEY DEFAULT uuidv7(),
    receiver text COLLATE "C" NOT NULL REFERENCES waybill.receivers ON DELETE CASCADE,
    event text NOT NULL CHECK (event IN ('finished', 'rejects', 'failed', 'late')),
    dataset text NOT NULL,
    source text,
    job_id uuid,
    detail jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE waybill.notifications IS
    'Events to tell a receiver, each until it is in a digest; without values of records.';
CREATE INDEX notifications_receiver ON waybill.notifications (receiver, created_at);
CREATE INDEX notifications_job ON waybill.notifications (job_id);

ALTER TABLE waybill.datasets
    ADD COLUMN notify jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN waybill.datasets.notify IS
    'Events to notify, by receiver: {"data_team": ["rejects", "failed"]}.';

ALTER TABLE waybill.data_sources ADD COLUMN late_since timestamptz;
COMMENT ON COLUMN waybill.data_sources.late_since IS
    'Age of the data when the source was last reported as late, so that it is reported once.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
