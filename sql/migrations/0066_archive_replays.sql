-- Rejects of an archive's members are replayed by one request: an archive of replays, of which each
-- counts right after the member whose rejects it has.

CREATE TABLE waybill.replayed_members (
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    position integer NOT NULL CHECK (position >= 1),
    member_job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    name text NOT NULL,
    effective_order bigint NOT NULL,
    PRIMARY KEY (job_id, position)
);
COMMENT ON TABLE waybill.replayed_members IS
    'The members of an archive whose rejects a replay has, recorded with the request.';
COMMENT ON COLUMN waybill.replayed_members.job_id IS 'The replay, an archive itself.';
COMMENT ON COLUMN waybill.replayed_members.position IS 'In the replay.';
CREATE INDEX replayed_members_of ON waybill.replayed_members (member_job_id);
CREATE INDEX replayed_members_order ON waybill.replayed_members (effective_order);
