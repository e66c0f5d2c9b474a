-- People hired, one partition per year (UTC) of the hire.
CREATE TABLE hired_employees (
    id integer NOT NULL,
    name text NOT NULL,
    hire_dt timestamptz NOT NULL,
    department_id integer REFERENCES departments,
    job_id integer REFERENCES jobs,
    -- A partition key must be in the primary key; that the id alone is unique in the whole
    -- table is kept by the merge, which looks a natural key up in every partition.
    PRIMARY KEY (id, hire_dt)
) PARTITION BY RANGE (hire_dt);
CREATE INDEX hired_employees_department_job ON hired_employees (department_id, job_id, hire_dt);
COMMENT ON TABLE hired_employees IS 'People hired, by year.';
COMMENT ON COLUMN hired_employees.id IS 'Number of the employee, unique in the whole table.';
COMMENT ON COLUMN hired_employees.name IS 'Name and surname.';
COMMENT ON COLUMN hired_employees.hire_dt IS 'Moment of the hire, ISO 8601 with a zone.';
COMMENT ON COLUMN hired_employees.department_id IS 'Department; may be empty.';
COMMENT ON COLUMN hired_employees.job_id IS 'Job; may be empty.';

SELECT waybill.register_dataset(
    'hired_employees',
    natural_key => '{id}',
    aliases => '{"datetime": "hire_dt", "hire_date": "hire_dt", "hired_at": "hire_dt"}',
    partition_unit => 'year'
);
