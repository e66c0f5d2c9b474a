-- Rules that change records before they are checked, and leave records out. They are declared for
-- a dataset, when it is registered, or for a source; a rule that means nothing is refused then.

-- The problem of a rule, or null.
CREATE OR REPLACE FUNCTION waybill.rule_problem(p_dataset waybill.datasets, p_rule text,
    p_value jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_rule IN ('trim', 'lower', 'upper')
        THEN waybill.name_list_problem(p_dataset, p_rule, p_value)
    WHEN p_rule = 'null_words' THEN waybill.null_words_problem(p_dataset, p_value)
    WHEN p_rule = 'rename' THEN waybill.rename_problem(p_dataset, p_value)
    WHEN p_rule = 'formats' THEN 'formats, ' || waybill.formats_problem(p_dataset.target, p_value)
    WHEN p_rule = 'filter' THEN waybill.filter_problem(p_dataset, p_value)
    WHEN p_rule = 'drop_duplicates' THEN waybill.duplicates_problem(p_dataset, p_value)
    WHEN p_rule = 'enrich' THEN waybill.enrichments_problem(p_dataset, p_value)
    WHEN p_rule = 'where' THEN 'where: SQL is declared with the dataset, in its file'
    WHEN p_rule = 'derive'
        THEN 'derive: declare a generated column of the table, which PostgreSQL computes'
    ELSE format('there is no rule %s', p_rule)
END;

-- What is wrong with the rules of a dataset or of a source; null if nothing is.
CREATE OR REPLACE FUNCTION waybill.transformation_problem(p_dataset waybill.datasets,
    p_rules jsonb)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_rules) <> 'object' THEN 'a JSON object of rules is needed'
    WHEN (p_rules <> '{}' OR p_dataset.transformation ? 'where') AND p_dataset.document IS NOT NULL
        THEN 'documents are kept as they come, without rules'
    WHEN jsonb_path_exists(p_rules,
        'strict $.lower[*] ? (@ != "*" && @ == $.upper[*])', silent => true)
        THEN 'lower and upper name the same column'
    ELSE (
        SELECT min(waybill.rule_problem(p_dataset, r.key, r.value)) FROM jsonb_each(p_rules) AS r
    )
END;

-- Refuse rules that mean nothing for the dataset, with the rule and the reason.
CREATE OR REPLACE FUNCTION waybill.assert_transformation(p_dataset text, p_rules jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_dataset waybill.datasets;
    v_problem text;
BEGIN
    SELECT * INTO v_dataset FROM waybill.datasets WHERE name = p_dataset;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no dataset %.', p_dataset USING ERRCODE = 'WB001';
    END IF;
    v_problem := waybill.transformation_problem(v_dataset, p_rules);
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION 'transformation of %: %.', p_dataset, v_problem USING ERRCODE = 'WB005';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION waybill.columns_without(p_columns jsonb, p_names jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(jsonb_agg(c.col ORDER BY c.n), '[]')
    FROM jsonb_array_elements(p_columns) WITH ORDINALITY AS c (col, n)
    WHERE NOT p_names ? (c.col ->> 'name')
);

-- A contract with more rules: lists are joined, and of two rules for one column the new one holds.
-- Files have no enriched columns; a record that such a rule fails for keeps its raw text.
CREATE OR REPLACE FUNCTION waybill.with_transformation(p_contract jsonb, p_rules jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_contract || jsonb_build_object(
    'aliases', p_contract -> 'aliases' || waybill.folded(coalesce(p_rules -> 'rename', '{}')),
    'columns', waybill.columns_without(p_contract -> 'columns',
        coalesce(p_contract -> 'transformation' -> 'enrich', '{}')
            || coalesce(p_rules -> 'enrich', '{}')),
    'keeps_raw', (p_contract ->> 'keeps_raw')::boolean OR p_rules ?| '{where,enrich}',
    'formats', p_contract -> 'formats' || coalesce(p_rules -> 'formats', '{}'),
    'transformation', (
        SELECT coalesce(jsonb_object_agg(k.rule,
            coalesce(p_contract -> 'transformation' -> k.rule || (p_rules -> k.rule),
                p_rules -> k.rule, p_contract -> 'transformation' -> k.rule)), '{}')
        FROM (
            SELECT jsonb_object_keys(coalesce(p_contract -> 'transformation', '{}') || p_rules)
        ) AS k (rule)
        WHERE k.rule NOT IN ('rename', 'formats')
    ));

-- The run of a source that pulled a job's records: the job itself, or that of its archive; or, of an
-- object that was copied under the name of a source, the last run of that name.
CREATE OR REPLACE FUNCTION waybill.run_of(p_job waybill.ingestion_jobs)
RETURNS SETOF waybill.source_runs
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.* FROM waybill.source_runs AS r
    WHERE r.job_id IN (p_job.job_id, p_job.archive_job_id)
    UNION ALL
    (
        SELECT r.*
        FROM waybill.source_runs AS r
        JOIN waybill.ingestion_jobs AS j USING (job_id)
        WHERE p_job.object_key LIKE 'landing/%/sources/%/%'
            AND split_part(p_job.object_key, '/', 3) = 'sources'
            AND r.name = split_part(p_job.object_key, '/', 4)
            AND j.kind = 's3' AND j.dataset = p_job.dataset
        ORDER BY r.job_id DESC
        LIMIT 1
    );
END;

-- The rules of the source that a job's records were pulled from, also for a replay of its rejects.
CREATE OR REPLACE FUNCTION waybill.source_rules(p_job uuid) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE line AS (
        SELECT j.job_id, j.parent_job_id FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job
        UNION
        SELECT p.job_id, p.parent_job_id
        FROM line JOIN waybill.ingestion_jobs AS p ON p.job_id = line.parent_job_id
    )
    SELECT r.transformation
    FROM line
    JOIN waybill.ingestion_jobs AS j USING (job_id)
    CROSS JOIN LATERAL waybill.run_of(j) AS r
    WHERE r.transformation IS NOT NULL
    LIMIT 1;
END;

-- The contract that a job is loaded with: its dataset's, with the rules of its source.
CREATE OR REPLACE FUNCTION waybill.contract_of_job(p_job uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no job %.', p_job USING ERRCODE = 'WB002';
    END IF;
    RETURN waybill.with_transformation(waybill.contract(v_job.dataset),
        coalesce(waybill.source_rules(p_job), '{}'));
END
$$;
