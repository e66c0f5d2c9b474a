-- name: by_quarter(year, lines, after_department, after_job, after_department_id, after_job_id)
-- One line per department and job; the facts of the year are on every line, and on one empty
-- line when there is none, so that one statement reads one snapshot. Only the view of
-- the year is read: the year is a literal in every branch of mv_hires_q. Code point order,
-- since servers disagree about every other; ids settle equal names.
WITH facts AS MATERIALIZED (
    SELECT waybill.as_of('mv_hires_q', lpad(:year::int::text, 4, '0')) AS as_of,
        (SELECT coalesce(sum(q1 + q2 + q3 + q4), 0)::bigint FROM mv_hires_q
            WHERE year = :year::int AND (department_id IS NULL OR job_id IS NULL)) AS unassigned
), line AS (
    SELECT department COLLATE "C" AS department, job COLLATE "C" AS job,
        department_id, job_id, q1, q2, q3, q4
    FROM mv_hires_q
    JOIN departments ON departments.id = department_id
    JOIN jobs ON jobs.id = job_id
    WHERE year = :year::int AND (:after_department::text IS NULL
        OR (department COLLATE "C", job COLLATE "C", department_id, job_id)
            > (:after_department::text, :after_job::text, :after_department_id, :after_job_id))
    ORDER BY department COLLATE "C", job COLLATE "C", department_id, job_id
    LIMIT :lines
)
SELECT as_of, unassigned, department, job, department_id, job_id, q1, q2, q3, q4
FROM facts LEFT JOIN line ON true
ORDER BY department, job, department_id, job_id;

-- name: above_average(year, mean_over, lines, after_hired, after_id)
-- Departments whose hires of the year exceed the mean, most hires first. The comparison is
-- between exact numbers; only the mean of the response is rounded.
WITH facts AS MATERIALIZED (
    SELECT waybill.as_of('mv_hires_q', lpad(:year::int::text, 4, '0')) AS as_of,
        (SELECT coalesce(sum(q1 + q2 + q3 + q4), 0)::bigint FROM mv_hires_q
            WHERE year = :year::int AND department_id IS NULL) AS unassigned
), counted AS (
    SELECT department_id, hired::bigint AS hired,
        CASE :mean_over::text WHEN 'all' THEN mean_all ELSE mean_hiring END AS mean
    FROM mv_dept_mean WHERE year = :year::int
), line AS (
    SELECT departments.id, department, hired
    FROM counted JOIN departments ON departments.id = department_id
    WHERE hired > mean AND (:after_hired::bigint IS NULL
        OR (-hired, departments.id) > (-:after_hired::bigint, :after_id::bigint))
    ORDER BY hired DESC, departments.id
    LIMIT :lines
)
SELECT as_of, unassigned, (SELECT max(mean) FROM counted)::float8 AS mean,
    id, department, hired
FROM facts LEFT JOIN line ON true
ORDER BY hired DESC, id;
