-- Pending records as the API shows them.
CREATE OR REPLACE VIEW waybill.pending_documents AS
SELECT p.job_id, p.line, jsonb_build_object('line', p.line, 'values', p.record,
    'errors', jsonb_build_array(jsonb_build_object('column', p.missing -> 'columns' -> 0,
        'code', 'unknown_reference',
        'message', coalesce(p.missing ->> 'message',
            format('has no parent in %s yet', p.missing ->> 'table'))))) AS document
FROM waybill.pending_references AS p;
