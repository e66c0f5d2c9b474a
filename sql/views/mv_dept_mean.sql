-- Hires per department and year, beside the year's means: over the departments that hired in
-- it, and over all that there are. A query for one year reads that year's view only, since
-- the window is by year.
CREATE OR REPLACE VIEW mv_dept_mean AS
SELECT year, department_id, hired,
    avg(hired) OVER (PARTITION BY year) AS mean_hiring,
    sum(hired) OVER (PARTITION BY year)
        / (SELECT nullif(count(*), 0) FROM departments) AS mean_all
FROM (
    SELECT year, department_id, sum(q1 + q2 + q3 + q4) AS hired
    FROM mv_hires_q
    WHERE department_id IS NOT NULL
    GROUP BY year, department_id
) AS per_department;
COMMENT ON VIEW mv_dept_mean IS 'Hires per department and year, and the means of the year.';
