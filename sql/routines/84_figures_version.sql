-- The version of a family's figures: it changes when they do.

-- The views of a part change when they are refreshed or declared anew; what queries join to them
-- is in datasets that the family's own dataset references, and changes with their generation.
-- `as_of` is that of the figures in the same snapshot.
CREATE OR REPLACE FUNCTION waybill.figures_version(p_family text, p_part text,
    OUT version text, OUT as_of timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT md5(concat_ws('|', f.definition, v.as_of, (
            SELECT string_agg(concat_ws(':', g.dataset, g.generation_id), ',' ORDER BY g.dataset)
            FROM waybill.data_generations AS g
            WHERE g.dataset IN (
                SELECT parent.name
                FROM pg_constraint AS c
                JOIN waybill.datasets AS parent ON parent.target = c.confrelid
                WHERE c.conrelid = d.target AND c.contype = 'f')))),
        waybill.as_of(p_family, p_part)
    FROM waybill.view_families AS f
    JOIN waybill.datasets AS d ON d.name = f.dataset
    LEFT JOIN waybill.family_views AS v ON v.family = f.family AND v.part = p_part
    WHERE f.family = p_family;
END;
