-- Hires by quarter: one materialised view per year, united by mv_hires_q.
-- Names of departments and jobs are joined when queried, so that renaming one needs no refresh.
-- A row without department or job counts the hires that lack it.
CREATE OR REPLACE FUNCTION waybill.mv_hires_q_between(lower timestamptz, upper timestamptz)
RETURNS TABLE (department_id integer, job_id integer,
    q1 bigint, q2 bigint, q3 bigint, q4 bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT h.department_id, h.job_id,
        count(*) FILTER (WHERE h.quarter = 1),
        count(*) FILTER (WHERE h.quarter = 2),
        count(*) FILTER (WHERE h.quarter = 3),
        count(*) FILTER (WHERE h.quarter = 4)
    FROM (
        SELECT e.department_id, e.job_id,
            -- In UTC whatever the session's zone: a refresh may come from anywhere.
            extract(quarter FROM e.hire_dt AT TIME ZONE 'UTC') AS quarter
        FROM public.hired_employees AS e
        WHERE e.hire_dt >= lower AND e.hire_dt < upper
    ) AS h
    GROUP BY h.department_id, h.job_id;
END;

SELECT waybill.register_view_family(
    'mv_hires_q', 'hired_employees', 'waybill.mv_hires_q_between', '{department_id, job_id}');
COMMENT ON VIEW mv_hires_q IS 'Hires per year, department, job and quarter (UTC).';
