-- The states of a job, and the references of a dataset, as conditions.
-- No SET clause: the planner inlines these, so that partial indexes on the states are used.

-- Its file has landed and is still being loaded.
CREATE OR REPLACE FUNCTION waybill.is_open(p_state text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN p_state IN ('LANDED', 'LOADING', 'MERGING');

CREATE OR REPLACE FUNCTION waybill.is_final(p_state text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN p_state IN (
    'COMPLETED', 'COMPLETED_WITH_REJECTS', 'FAILED', 'CANCELLED', 'EXPIRED', 'DUPLICATE',
    'REVERTED');

-- Its file was loaded, and its rows count.
CREATE OR REPLACE FUNCTION waybill.is_loaded(p_state text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN p_state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE');

-- Whether a contract has a foreign key to the table of a dataset.
CREATE OR REPLACE FUNCTION waybill.refers_to(p_contract jsonb, p_dataset text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN p_contract -> 'references'
        @> jsonb_build_array(jsonb_build_object('dataset', p_dataset))
    OR coalesce(p_contract -> 'transformation' ? 'enrich'
        AND jsonb_path_exists(p_contract -> 'transformation' -> 'enrich',
            '$.*.dataset ? (@ == $name)', jsonb_build_object('name', p_dataset)), false);
